//! Resend: `POST /emails` with idempotency keys, five calls a second, quotas. And the binding for mail of Cloudflare, which
//! is played as a vendor whose answers are its codes.

use super::{Asked, Limit, Reply, Vendor};
use lead_router_core::http::HttpRequest;
use lead_router_core::time::{DAY_MS, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const KEY: &str = "re_played";

pub struct Resend {
    mails: Vec<Value>,
    keys: BTreeMap<String, (Timestamp, String, Value)>,
    limit: Limit,
    next_error: Option<(u16, String)>,
}

impl Default for Resend {
    fn default() -> Self {
        Self { mails: Vec::new(), keys: BTreeMap::new(), limit: Limit::new(1_000, 5), next_error: None }
    }
}

fn error(status: u16, name: &str) -> Reply {
    Reply::json(status, &json!({"statusCode": status, "name": name, "message": "what is wrong"}))
}

impl Vendor for Resend {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        if asked.header("user-agent").is_none() {
            return error(403, "forbidden");
        }
        if asked.header("authorization") != Some(&format!("Bearer {KEY}")) {
            return error(401, "invalid_api_key");
        }
        if asked.parts().last().map(String::as_str) != Some("emails") {
            return error(404, "not_found");
        }
        if !self.limit.takes(now) {
            return error(429, "rate_limit_exceeded").retry_after(1);
        }
        if let Some((status, name)) = self.next_error.take() {
            return error(status, &name);
        }
        let mail = asked.json();
        for name in ["from", "to", "subject"] {
            if mail[name].is_null() {
                return error(422, "missing_required_field");
            }
        }
        let Some(key) = asked.header("idempotency-key").filter(|key| (1..=256).contains(&key.len())) else {
            return error(400, "invalid_idempotency_key");
        };
        let body = request.body.clone().unwrap_or_default();
        if let Some((at, before, answer)) = self.keys.get(key).filter(|(at, ..)| now.ms_since(*at) < DAY_MS) {
            let _ = at;
            return if *before == body { Reply::json(200, answer) } else { error(409, "invalid_idempotent_request") };
        }
        let answer = json!({"id": format!("mail-{}", self.mails.len() + 1)});
        self.keys.insert(key.to_owned(), (now, body, answer.clone()));
        self.mails.push(mail);
        Reply::json(200, &answer)
    }

    fn state(&self) -> Value {
        json!({"mails": self.mails, "exceeded": self.limit.exceeded})
    }

    fn change(&mut self, change: &Value) {
        if let Some(name) = change["name"].as_str() {
            self.next_error = Some((u16::try_from(change["status"].as_u64().unwrap()).unwrap(), name.to_owned()));
        }
    }
}

/// The binding `send_email`.
#[derive(Default)]
pub struct Binding {
    mails: Vec<Value>,
    next_code: Option<String>,
}

impl Vendor for Binding {
    fn answer(&mut self, request: &HttpRequest, _now: Timestamp) -> Reply {
        let mail = Asked::new(request).json();
        if let Some(code) = self.next_code.take() {
            return Reply::json(400, &json!({"code": code}));
        }
        self.mails.push(mail);
        Reply::json(200, &json!({"messageId": "1"}))
    }

    fn state(&self) -> Value {
        json!({"mails": self.mails})
    }

    fn change(&mut self, change: &Value) {
        self.next_code = change["code"].as_str().map(str::to_owned);
    }
}
