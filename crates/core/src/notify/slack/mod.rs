//! Slack: messages with buttons by a bot, messages without by an incoming webhook, and clicks on buttons.
//!
//! Everything that a person typed stands in `plain_text`, where no markup means anything, with `&`, `<` and `>` escaped as
//! Slack asks for in every text. Formats and errors: Slack's Web API and Block Kit reference.

mod answer;
mod blocks;
pub mod click;

pub use answer::{SlackAnswer, read, read_webhook};
pub use blocks::{Answers, closed, escape, message};

use crate::hash::sha256_hex;
use crate::http::{HttpRequest, Method, encode};
use crate::notify::notice::Notice;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where Slack's Web API is, unless `SLACK_BASE_URL` says otherwise.
pub const BASE_URL: &str = "https://slack.com/api";

/// Type of the metadata by which a message is found again.
pub const METADATA: &str = "lead_router_notice";

/// How much earlier and later than it can be a message is looked for, in seconds: clocks differ.
const CLOCK_S: i64 = 60;

/// Most messages that are looked through for one that may have been posted. A channel takes one a second, and the next try
/// comes after seconds to minutes.
const LOOKED_AT: u32 = 100;

/// A message in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedMessage {
    /// The conversation.
    pub channel: String,
    /// The message in it.
    pub ts: String,
}

/// How the Web API is reached.
#[derive(Clone, Copy)]
pub struct SlackApi<'a> {
    /// Where it is, without a slash at the end.
    pub base_url: &'a str,
    /// The bot's token.
    pub token: &'a str,
}

impl SlackApi<'_> {
    fn post(&self, method: &str, body: &Value) -> HttpRequest {
        HttpRequest {
            method: Method::Post,
            url: format!("{}/{method}", self.base_url),
            headers: vec![
                ("authorization".to_owned(), format!("Bearer {}", self.token)),
                ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ],
            body: Some(body.to_string()),
        }
    }

    fn get(&self, method: &str, query: &[(&str, String)]) -> HttpRequest {
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        HttpRequest {
            method: Method::Get,
            url: format!("{}/{method}?{}", self.base_url, pairs.join("&")),
            headers: vec![("authorization".to_owned(), format!("Bearer {}", self.token))],
            body: None,
        }
    }

    /// Posts a notice to a conversation, or to a user; below an earlier message when there is one.
    #[must_use]
    pub fn post_message(&self, channel: &str, notice: &Notice, below: Option<&str>) -> HttpRequest {
        let mut body = message(notice, Answers::Clicks);
        if let Some(map) = body.as_object_mut() {
            map.insert("channel".to_owned(), channel.into());
            map.insert(
                "metadata".to_owned(),
                json!({"event_type": METADATA, "event_payload": {"id": notice.effect_id()}}),
            );
            if let Some(ts) = below {
                map.insert("thread_ts".to_owned(), ts.into());
            }
        }
        self.post("chat.postMessage", &body)
    }

    /// Replaces a message. Doing it again changes nothing.
    #[must_use]
    pub fn update(&self, posted: &PostedMessage, message: &Value) -> HttpRequest {
        let mut body = message.clone();
        if let Some(map) = body.as_object_mut() {
            map.insert("channel".to_owned(), posted.channel.as_str().into());
            map.insert("ts".to_owned(), posted.ts.as_str().into());
        }
        self.post("chat.update", &body)
    }

    /// Asks for the conversation with a user: reading it needs its own id.
    #[must_use]
    pub fn open(&self, user: &str) -> HttpRequest {
        self.post("conversations.open", &json!({"users": user}))
    }

    /// Asks for the last messages of a conversation between two times, with what was attached to each. Slack counts from
    /// the end when both are named, otherwise from the beginning.
    #[must_use]
    pub fn history(&self, channel: &str, since: Timestamp, until: Timestamp) -> HttpRequest {
        self.get("conversations.history", &between(since, until, &[("channel", channel)]))
    }

    /// The replies below a message, likewise.
    #[must_use]
    pub fn replies(&self, posted: &PostedMessage, since: Timestamp, until: Timestamp) -> HttpRequest {
        let below = [("channel", posted.channel.as_str()), ("ts", posted.ts.as_str())];
        self.get("conversations.replies", &between(since, until, &below))
    }

    /// Asks whose token this is.
    #[must_use]
    pub fn auth_test(&self) -> HttpRequest {
        self.post("auth.test", &json!({}))
    }
}

fn between<'a>(since: Timestamp, until: Timestamp, where_at: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let seconds = |at: Timestamp| at.as_ms().div_euclid(1_000);
    let mut query: Vec<(&str, String)> = where_at.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    query.extend([
        ("oldest", seconds(since).saturating_sub(CLOCK_S).max(0).to_string()),
        ("latest", seconds(until).saturating_add(CLOCK_S).to_string()),
        ("include_all_metadata", "true".to_owned()),
        ("limit", LOOKED_AT.to_string()),
    ]);
    query
}

/// Tells a notice to an incoming webhook.
#[must_use]
pub fn webhook(url: &str, notice: &Notice) -> HttpRequest {
    json_post(url, &message(notice, Answers::Links))
}

/// Answers a click at the address that came with it.
#[must_use]
pub fn respond(response_url: &str, body: &Value) -> HttpRequest {
    json_post(response_url, body)
}

fn json_post(url: &str, body: &Value) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())],
        body: Some(body.to_string()),
    }
}

/// Whether one of the messages of a history tells this notice; where it is.
#[must_use]
pub fn find(answer: &SlackAnswer, channel: &str, notice: &Notice) -> Option<PostedMessage> {
    let id = notice.effect_id();
    let is_it = |message: &&Value| {
        message.pointer("/metadata/event_type").and_then(Value::as_str) == Some(METADATA)
            && message.pointer("/metadata/event_payload/id").and_then(Value::as_str) == Some(&id)
    };
    let found = answer.body.get("messages")?.as_array()?.iter().find(is_it)?;
    Some(PostedMessage { channel: channel.to_owned(), ts: found.get("ts")?.as_str()?.to_owned() })
}

/// Short name of an address or a conversation, for buckets: tells them apart and says nothing.
#[must_use]
pub fn short_hash(text: &str) -> String {
    sha256_hex(text.as_bytes()).chars().take(12).collect()
}
