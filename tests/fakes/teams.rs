//! A workflow of Microsoft Teams: four requests a second, 28 KB each, adaptive cards, 202 for what it has.

use super::{Asked, Limit, Reply, Vendor};
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};

pub struct Teams {
    cards: Vec<Value>,
    limit: Limit,
    is_gone: bool,
}

impl Default for Teams {
    fn default() -> Self {
        Self { cards: Vec::new(), limit: Limit::new(1_000, 4), is_gone: false }
    }
}

impl Vendor for Teams {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        if self.is_gone {
            return Reply::json(404, &json!({"error": {"code": "WorkflowTriggerNotFound"}}));
        }
        if asked.query("sig").is_none_or(str::is_empty) {
            return Reply::json(401, &json!({"error": {"code": "AuthorizationFailed"}}));
        }
        if request.body.as_deref().unwrap_or_default().len() > 28 * 1024 {
            return Reply::json(413, &json!({"error": {"code": "RequestEntityTooLarge"}}));
        }
        if !self.limit.takes(now) {
            return Reply::json(429, &json!({"error": {"code": "TooManyRequests"}})).retry_after(2);
        }
        let body = asked.json();
        let card = &body["attachments"][0]["content"];
        if body["type"] != "message" || card["type"] != "AdaptiveCard" || !card["body"].is_array() {
            return Reply::json(400, &json!({"error": {"code": "InvalidCard"}}));
        }
        self.cards.push(card.clone());
        Reply::text(202, "")
    }

    fn state(&self) -> Value {
        json!({"cards": self.cards, "exceeded": self.limit.exceeded})
    }

    fn change(&mut self, change: &Value) {
        self.is_gone = change["gone"] == json!(true);
    }
}
