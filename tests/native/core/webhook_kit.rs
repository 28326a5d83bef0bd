//! Requests of senders, signed as their vendors sign them: from the data files in `tests/golden/senders`.

use lead_router_core::time::Timestamp;
use lead_router_core::webhook::verify::{Algorithm, Encoding, encoded, mac};
use lead_router_core::webhook::{Incoming, ParsedWebhook, Refusal, Sender, SenderSettings, WebhookMethod, parse};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// 2026-01-02T03:04:05Z.
pub const NOW_MS: i64 = 1_767_323_045_000;

/// A request, what it says, and for a lead that is read at its vendor the answer there.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub description: String,
    /// `GET` or `POST`, the default.
    pub method: Option<String>,
    /// Address; one of this program without a query by default.
    pub url: Option<String>,
    /// When it arrives.
    pub now_ms: Option<i64>,
    /// Settings beside the secret of the test.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Headers. When one of them is the signature, the request is sent as it is; otherwise it is signed.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON.
    pub body: Value,
    /// What it says.
    pub expect: Value,
    /// The answer of the vendor to the first event that has to be read there.
    pub fetched: Option<Value>,
}

/// A request that can be changed before it is sent.
#[derive(Clone)]
pub struct Request {
    pub sender: Sender,
    pub method: WebhookMethod,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    pub now_ms: i64,
    pub settings: BTreeMap<String, String>,
}

/// Name of the setting of a sender's secret.
pub fn secret_name(sender: Sender) -> &'static str {
    sender.settings()[0]
}

/// The secret of the tests.
pub fn secret(sender: Sender) -> &'static str {
    match sender {
        // 32 bytes in base64, as the sender's own library makes them.
        Sender::StandardWebhooks => "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
        Sender::GoogleAds => "google_ads_secret",
        _ => "secret-of-the-test",
    }
}

/// The header with the signature; `None` for senders that do not sign.
pub fn signature_header(sender: Sender) -> Option<&'static str> {
    match sender {
        Sender::Typeform => Some("typeform-signature"),
        Sender::Segment | Sender::Hmac => Some("x-signature"),
        Sender::Hubspot => Some("x-hubspot-signature-v3"),
        Sender::Tally => Some("tally-signature"),
        Sender::Webflow => Some("x-webflow-signature"),
        Sender::Calendly => Some("calendly-webhook-signature"),
        Sender::Meta => Some("x-hub-signature-256"),
        Sender::Linkedin => Some("x-li-signature"),
        Sender::StandardWebhooks => Some("webhook-signature"),
        Sender::Salesforce | Sender::Jotform | Sender::GoogleAds => None,
    }
}

/// The header with the moment of the signature.
pub fn moment_header(sender: Sender) -> Option<&'static str> {
    match sender {
        Sender::Hubspot => Some("x-hubspot-request-timestamp"),
        Sender::Webflow => Some("x-webflow-timestamp"),
        Sender::StandardWebhooks => Some("webhook-timestamp"),
        // Calendly has it inside of the signature's header.
        _ => None,
    }
}

fn standard_key(secret: &str) -> Vec<u8> {
    lead_router_core::webhook::verify::decoded(secret.strip_prefix("whsec_").unwrap_or(secret))
        .unwrap_or_else(|| secret.as_bytes().to_vec())
}

impl Request {
    /// The request of a case, signed unless the case has a signature.
    pub fn of(sender: Sender, case: &Case) -> Self {
        let mut settings: BTreeMap<String, String> = case.settings.clone();
        settings.entry(secret_name(sender).to_owned()).or_insert_with(|| secret(sender).to_owned());
        let mut request = Self {
            sender,
            method: if case.method.as_deref() == Some("GET") { WebhookMethod::Get } else { WebhookMethod::Post },
            url: case.url.clone().unwrap_or_else(|| format!("https://leads.example.com/hooks/{}", sender.id())),
            headers: case.headers.clone(),
            body: match &case.body {
                Value::String(text) => text.clone().into_bytes(),
                value => serde_json::to_vec(value).unwrap(),
            },
            now_ms: case.now_ms.unwrap_or(NOW_MS),
            settings,
        };
        request.headers.entry("content-type".to_owned()).or_insert_with(|| "application/json".to_owned());
        let header = request.settings.get("HMAC_HEADER").map(|name| name.to_ascii_lowercase());
        let header = header.as_deref().or(signature_header(sender));
        let svix = request.headers.contains_key("svix-signature");
        if !svix && header.is_none_or(|name| !request.headers.contains_key(name)) {
            let secret = request.settings[secret_name(sender)].clone();
            request.sign(&secret, request.now_ms);
        }
        request
    }

    /// Signs the request as the vendor does, or puts the secret where the vendor has it.
    pub fn sign(&mut self, secret: &str, at_ms: i64) {
        let (hex, base64) = (Encoding::Hex, Encoding::Base64);
        let sha256 = |encoding, parts: &[&[u8]]| encoded(encoding, &mac(Algorithm::Sha256, secret.as_bytes(), parts));
        let (ms, seconds) = (at_ms.to_string(), (at_ms / 1_000).to_string());
        let body = self.body.as_slice();
        let signature = match self.sender {
            Sender::Typeform => format!("sha256={}", sha256(base64, &[body])),
            Sender::Tally => sha256(base64, &[body]),
            Sender::Meta => format!("sha256={}", sha256(hex, &[body])),
            Sender::Linkedin => sha256(hex, &[b"hmacsha256=", body]),
            Sender::Webflow => sha256(hex, &[ms.as_bytes(), b":", body]),
            Sender::Hubspot => sha256(base64, &[b"POST", self.url.as_bytes(), body, ms.as_bytes()]),
            Sender::Calendly => format!("t={seconds},v1={}", sha256(hex, &[seconds.as_bytes(), b".", body])),
            Sender::StandardWebhooks => {
                let parts: &[&[u8]] = &[b"msg_x", b".", seconds.as_bytes(), b".", body];
                format!("v1,{}", encoded(base64, &mac(Algorithm::Sha256, &standard_key(secret), parts)))
            }
            Sender::Segment => {
                let first = first_event(body);
                encoded(hex, &mac(Algorithm::Sha1, secret.as_bytes(), &[first]))
            }
            Sender::Hmac => {
                let sha1 = self.settings.get("HMAC_ALGORITHM").is_some_and(|name| name == "sha1");
                let algorithm = if sha1 { Algorithm::Sha1 } else { Algorithm::Sha256 };
                let in_base64 = self.settings.get("HMAC_ENCODING").is_some_and(|name| name == "base64");
                encoded(if in_base64 { base64 } else { hex }, &mac(algorithm, secret.as_bytes(), &[body]))
            }
            Sender::Salesforce => {
                self.headers.insert("x-api-key".to_owned(), secret.to_owned());
                return;
            }
            Sender::Jotform => {
                self.url = format!("https://leads.example.com/hooks/jotform?secret={secret}");
                return;
            }
            Sender::GoogleAds => return,
        };
        if self.sender == Sender::StandardWebhooks {
            self.headers.insert("webhook-id".to_owned(), "msg_x".to_owned());
        }
        if let Some(name) = moment_header(self.sender) {
            let moment = if self.sender == Sender::StandardWebhooks { seconds } else { ms };
            self.headers.insert(name.to_owned(), moment);
        }
        let name = self.settings.get("HMAC_HEADER").map(|name| name.to_ascii_lowercase());
        let name = name.as_deref().or(signature_header(self.sender)).unwrap().to_owned();
        self.headers.insert(name, signature);
    }

    /// What the program hears.
    pub fn parse(&self) -> Result<ParsedWebhook, Refusal> {
        let headers: Vec<(String, String)> = self.headers.clone().into_iter().collect();
        let incoming = Incoming {
            method: self.method,
            url: &self.url,
            headers: &headers,
            body: &self.body,
            now: Timestamp::from_ms(self.now_ms),
        };
        let settings = SenderSettings::read(self.sender.settings(), |name| self.settings.get(name).cloned());
        parse(self.sender, &incoming, &settings)
    }
}

/// The first event of a list, or the whole body when it is none.
fn first_event(body: &[u8]) -> &[u8] {
    if body.trim_ascii_start().first() != Some(&b'[') {
        return body;
    }
    let start = body.len() - body.trim_ascii_start()[1..].trim_ascii_start().len();
    let mut values = serde_json::Deserializer::from_slice(&body[start..]).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => &body[start..start + values.byte_offset()],
        _ => body,
    }
}

/// Every case of every sender, with its name.
pub fn cases() -> Vec<(Sender, String, Case)> {
    static CASES: LazyLock<Vec<(Sender, String, Case)>> = LazyLock::new(read);
    CASES.clone()
}

/// The first case of a sender, without headers and settings of its own.
pub fn plain(sender: Sender) -> Request {
    static PLAIN: LazyLock<Vec<Request>> =
        LazyLock::new(|| Sender::ALL.iter().map(|sender| make_plain(*sender)).collect());
    PLAIN.iter().find(|request| request.sender == sender).unwrap().clone()
}

fn make_plain(sender: Sender) -> Request {
    let (_, _, mut case) = cases().into_iter().find(|(other, ..)| *other == sender).unwrap();
    case.headers.clear();
    case.settings.clear();
    (case.url, case.now_ms, case.method) = (None, None, None);
    Request::of(sender, &case)
}

fn read() -> Vec<(Sender, String, Case)> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/golden/senders");
    let mut cases = Vec::new();
    for sender in Sender::ALL {
        let mut files: Vec<PathBuf> =
            fs::read_dir(root.join(sender.id())).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = format!("{}/{}", sender.id(), file.file_stem().unwrap().to_string_lossy());
            let case = serde_json::from_str(&fs::read_to_string(&file).unwrap());
            cases.push((*sender, name.clone(), case.unwrap_or_else(|error| panic!("{name}: {error}"))));
        }
    }
    cases
}
