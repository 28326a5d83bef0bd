//! `LinkedIn` Lead Sync: names of form responses, which are read from the API.
//!
//! `X-LI-Signature: <hex of HMAC-SHA256(client secret, "hmacsha256=" + raw body)>`, without a moment. Every two hours
//! `LinkedIn` asks with GET for the HMAC of a challenge code, and blocks a receiver that fails three times. A response is
//! known by `leadGenFormResponse`. The answers have ids only; the form, which is read with them, has their meaning.

use crate::http;
use crate::http::HttpRequest;
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField};
use crate::time::Timestamp;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent, WebhookEventKind};
use crate::webhook::fetch::{Fetch, FetchReader, FetchVendor, Fetched, Setting, base, token};
use crate::webhook::incoming::{Incoming, WebhookMethod};
use crate::webhook::payload::json;
use crate::webhook::refusal::{Blame, Refusal};
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::SHA256_HEX;

pub(super) const SETTINGS: &[&str] = &[SECRET, "LINKEDIN_SECRET_PREVIOUS"];

const SECRET: &str = "LINKEDIN_SECRET";

/// Version of the API, as year and month.
const VERSION: &str = "202606";

/// Longest challenge code, in bytes: a UUID has 36.
const CHALLENGE_BYTES_MAX: usize = 128;

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    let keys = settings.keys(SECRET)?;
    if incoming.method == WebhookMethod::Get {
        return challenge(incoming, &keys);
    }
    SHA256_HEX.check(incoming.signature("x-li-signature")?, &keys, &[b"hmacsha256=", incoming.body])?;
    Ok(ParsedWebhook::Events(vec![event(&json(incoming.body)?, incoming.now)]))
}

fn challenge(incoming: &Incoming<'_>, keys: &[Vec<u8>]) -> Result<ParsedWebhook, Refusal> {
    let code = incoming.query("challengeCode").unwrap_or_default();
    let is_plain = (1..=CHALLENGE_BYTES_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // The current secret answers: LinkedIn knows no other.
    let Some(key) = keys.first().filter(|_| is_plain) else {
        return Err(Refusal::new(Blame::Request, "bad_challenge", "expected `?challengeCode=` and a code"));
    };
    let response = SHA256_HEX.sign(key, &[code.as_bytes()]);
    let body = format!("{{\"challengeCode\":\"{code}\",\"challengeResponse\":\"{response}\"}}");
    Ok(ParsedWebhook::Challenge { media: "application/json", body })
}

fn event(body: &JsonNode, now: Timestamp) -> WebhookEvent {
    match (body.get("type").text(), body.get("leadAction").text()) {
        ("LEAD_ACTION", "CREATED") => {}
        ("LEAD_ACTION", "DELETED") => return WebhookEvent::nothing("lead_deleted"),
        _ => return WebhookEvent::nothing("unknown_event_type"),
    }
    let urn = body.get("leadGenFormResponse").text();
    let id = urn.rsplit(':').next().unwrap_or_default();
    let occurred_at = body.get("occurredAt").number().map_or(now, Timestamp::from_ms);
    match Fetch::new(FetchVendor::Linkedin, id, occurred_at) {
        Some(fetch) => WebhookEvent { key: Some(format!("linkedin:{id}")), says: WebhookEventKind::Fetch(fetch) },
        None => WebhookEvent::broken("no_lead_id"),
    }
}

/// Reads a record as the vendor answers with it: what a request of this sender names.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![lead(&json(incoming.body)?, settings.map()).into_event()]))
}

pub(super) const READER: FetchReader = FetchReader { request, lead };

fn request(fetch: &Fetch, setting: Setting<'_>) -> Result<HttpRequest, Refusal> {
    let token = token(setting, "LINKEDIN_TOKEN")?;
    let base = base(setting, "LINKEDIN_BASE_URL", "https://api.linkedin.com/rest");
    let fields = "id,submittedAt,testLead,leadType,formResponse,form:(id,name,hiddenFields,content)";
    let url = format!("{base}/leadFormResponses/{}?fields={fields}", fetch.id);
    let headers = [
        ("accept", "application/json"),
        ("authorization", &format!("Bearer {token}")),
        ("linkedin-version", &setting("LINKEDIN_VERSION").unwrap_or_else(|| VERSION.to_owned())),
        ("x-restli-protocol-version", "2.0.0"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Ok(HttpRequest { method: http::Method::Get, url, headers, body: None })
}

fn lead(body: &JsonNode, map: &FieldMap) -> Fetched {
    if body.get("testLead") == &JsonNode::Flag(true) {
        return Fetched::Nothing("test_lead");
    }
    let answers = body.at(&["formResponse", "answers"]).items();
    if answers.is_empty() {
        return Fetched::Broken("fetch_unreadable");
    }
    let questions = body.at(&["form", "content", "questions"]).items();
    let mut draft = Draft::new(map);
    for answer in answers {
        let question = questions.iter().find(|question| question.get("questionId") == answer.get("questionId"));
        add(&mut draft, question.unwrap_or(&JsonNode::Null), answer);
    }
    for field in body.at(&["form", "hiddenFields"]).items() {
        draft.add(field.get("name").text(), field.get("value").plain());
    }
    draft.set(LeadField::Form, body.at(&["form", "name"]).plain());
    draft.submitted_at(body.get("submittedAt"));
    Fetched::Lead(Box::new(draft.finish("linkedin")))
}

fn add(draft: &mut Draft<'_>, question: &JsonNode, answer: &JsonNode) {
    let details = answer.get("answerDetails");
    let text = details.at(&["textQuestionAnswer", "answer"]).plain();
    let chosen = details.at(&["multipleChoiceAnswer", "options"]).items();
    let options = question.at(&["questionDetails", "multipleChoiceQuestionDetails", "options"]).items();
    let labels = chosen.iter().filter_map(|id| {
        let option = options.iter().find(|option| option.get("id") == id);
        option.and_then(|option| option.get("text").plain()).or_else(|| id.plain())
    });
    let labels = labels.collect::<Vec<_>>().join(", ");
    let text = text.or(Some(labels).filter(|text| !text.is_empty()));
    let known = match question.get("predefinedField").text() {
        "EMAIL" | "WORK_EMAIL" => Some(LeadField::Email),
        "FIRST_NAME" => Some(LeadField::FirstName),
        "LAST_NAME" => Some(LeadField::LastName),
        "PHONE_NUMBER" | "WORK_PHONE_NUMBER" => Some(LeadField::Phone),
        "JOB_TITLE" => Some(LeadField::Title),
        "COMPANY_NAME" => Some(LeadField::Company),
        "COMPANY_SIZE" => Some(LeadField::Employees),
        "COUNTRY" => Some(LeadField::Country),
        "STATE" => Some(LeadField::Region),
        "ZIP_CODE" => Some(LeadField::PostalCode),
        "LINKEDIN_PROFILE_LINK" => Some(LeadField::LinkedinUrl),
        _ => None,
    };
    match known.filter(|known| !draft.has(*known)) {
        Some(known) => draft.set(known, text),
        None => {
            let name = question.get("name").text();
            let id = || format!("question_{}", answer.get("questionId").plain().unwrap_or_default());
            draft.add(&if name.is_empty() { id() } else { name.to_owned() }, text);
        }
    }
}
