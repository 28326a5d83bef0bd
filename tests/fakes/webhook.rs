//! A server of the business's own that receives events as Standard Webhooks has it: it checks the signature, and does
//! nothing for an id that it has seen.

use super::{Asked, Reply, Vendor};
use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;

pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

#[derive(Default)]
pub struct Webhook {
    events: Vec<Value>,
    seen: BTreeSet<String>,
    repeats: usize,
    next_status: Option<u16>,
}

impl Vendor for Webhook {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        let header = |name: &str| asked.header(name).unwrap_or_default().to_owned();
        let (id, seconds, signatures) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let key = Base64::decode_vec(SECRET.trim_start_matches("whsec_")).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let body = request.body.clone().unwrap_or_default();
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        let expected = format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()));
        let age_s = now.as_ms() / 1_000 - seconds.parse::<i64>().unwrap_or(0);
        if !signatures.split(' ').any(|signature| signature == expected) || age_s.abs() > 300 {
            return Reply::text(401, "no valid signature");
        }
        if let Some(status) = self.next_status.take() {
            return Reply::text(status, "");
        }
        if self.seen.insert(id) {
            self.events.push(asked.json());
        } else {
            self.repeats += 1;
        }
        Reply::text(204, "")
    }

    fn state(&self) -> Value {
        json!({"events": self.events, "repeats": self.repeats})
    }

    fn change(&mut self, change: &Value) {
        self.next_status = change["status"].as_u64().map(|status| u16::try_from(status).unwrap());
    }
}
