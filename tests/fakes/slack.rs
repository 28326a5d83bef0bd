//! Slack: the Web API for a bot, an incoming webhook, and clicks on buttons.
//!
//! `/api/<method>` is the Web API, `/services/…` an incoming webhook, `/actions/…` the addresses that answer a click.
//! Scopes, users and channels can be changed; a click is asked for with `{"click": …}` and stands in the state, signed.

use super::{Asked, Limit, Reply, Vendor};
use hmac::{Hmac, KeyInit, Mac};
use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};

pub const TOKEN: &str = "xoxb-played";
pub const SIGNING_SECRET: &str = "slack_signing_secret";

const SCOPES: [&str; 4] = ["chat:write", "im:write", "im:history", "channels:history"];

pub struct Slack {
    scopes: BTreeSet<String>,
    users: BTreeSet<String>,
    channels: BTreeSet<String>,
    archived: BTreeSet<String>,
    /// Messages by conversation; a reply has `thread_ts`.
    messages: Vec<(String, Value)>,
    /// Errors that the next calls of a method meet: applied first, when the second is true.
    errors: Vec<(String, String, bool)>,
    webhook_gone: bool,
    posts: BTreeMap<String, Limit>,
    workspace: Limit,
    tier_3: BTreeMap<String, Limit>,
    /// What was said to whoever clicked, and to the channel.
    said: Vec<Value>,
    uses: BTreeMap<String, u32>,
    clicked: Option<Value>,
    response_base: String,
    count: i64,
}

impl Slack {
    /// `base` is where it is served, for the addresses that come with clicks.
    pub fn new(base: &str) -> Self {
        Self {
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            users: (1..=50).map(|number| format!("U{number:03}")).collect(),
            channels: ["C0TEAM".to_owned(), "C0OLD".to_owned()].into(),
            archived: ["C0OLD".to_owned()].into(),
            messages: Vec::new(),
            errors: Vec::new(),
            webhook_gone: false,
            posts: BTreeMap::new(),
            workspace: Limit::new(60_000, 300),
            tier_3: BTreeMap::new(),
            said: Vec::new(),
            uses: BTreeMap::new(),
            clicked: None,
            response_base: base.to_owned(),
            count: 0,
        }
    }

    fn no(error: &str) -> Reply {
        Reply::json(200, &json!({"ok": false, "error": error}))
    }

    fn lacks(&self, scope: &str) -> Option<Reply> {
        let provided: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        let body = json!({"ok": false, "error": "missing_scope", "needed": scope, "provided": provided.join(",")});
        (!self.scopes.contains(scope)).then(|| Reply::json(200, &body))
    }

    /// The conversation of a channel or a user.
    fn conversation(&self, target: &str) -> Option<String> {
        match target.strip_prefix('U') {
            Some(rest) => self.users.contains(target).then(|| format!("D{rest}")),
            None if target.starts_with('D') => Some(target.to_owned()),
            None => self.channels.contains(target).then(|| target.to_owned()),
        }
    }

    fn next_ts(&mut self, now: Timestamp) -> String {
        self.count += 1;
        format!("{}.{:06}", now.as_ms() / 1_000, self.count)
    }

    fn api(&mut self, method: &str, asked: &Asked<'_>, now: Timestamp) -> Reply {
        if asked.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return Self::no("invalid_auth");
        }
        if let Some(place) = self.errors.iter().position(|(of, ..)| of == method) {
            let (_, error, is_applied) = self.errors.remove(place);
            if is_applied {
                let _ = self.done(method, asked, now);
            }
            return Self::no(&error);
        }
        self.done(method, asked, now)
    }

    fn done(&mut self, method: &str, asked: &Asked<'_>, now: Timestamp) -> Reply {
        if method != "chat.postMessage" {
            let limit = self.tier_3.entry(method.to_owned()).or_insert_with(|| Limit::new(60_000, 50));
            if !limit.takes(now) {
                return Reply::json(429, &json!({"ok": false, "error": "ratelimited"})).retry_after(30);
            }
        }
        match method {
            "auth.test" => Reply::json(200, &json!({"ok": true, "user_id": "UBOT", "team": "Acme"})),
            "chat.postMessage" => self.post(&asked.json(), now),
            "chat.update" => self.update(&asked.json()),
            "conversations.open" => {
                let user = asked.json()["users"].as_str().unwrap_or_default().to_owned();
                if let Some(refused) = self.lacks("im:write") {
                    return refused;
                }
                match self.conversation(&user) {
                    Some(id) => Reply::json(200, &json!({"ok": true, "channel": {"id": id}})),
                    None => Self::no("user_not_found"),
                }
            }
            "conversations.history" | "conversations.replies" => self.history(method, asked),
            _ => Self::no("unknown_method"),
        }
    }

    fn post(&mut self, body: &Value, now: Timestamp) -> Reply {
        if let Some(refused) = self.lacks("chat:write") {
            return refused;
        }
        let target = body["channel"].as_str().unwrap_or_default();
        let Some(channel) = self.conversation(target) else { return Self::no("channel_not_found") };
        if self.archived.contains(&channel) {
            return Self::no("is_archived");
        }
        if let Some(error) = wrong(body) {
            return Self::no(error);
        }
        let own = self.posts.entry(channel.clone()).or_insert_with(|| Limit::new(1_000, 1));
        if !own.takes(now) || !self.workspace.takes(now) {
            return Reply::json(429, &json!({"ok": false, "error": "ratelimited"})).retry_after(1);
        }
        let ts = self.next_ts(now);
        let mut message = body.clone();
        message["ts"] = json!(ts);
        self.messages.push((channel.clone(), message.clone()));
        Reply::json(200, &json!({"ok": true, "channel": channel, "ts": ts, "message": message}))
    }

    fn update(&mut self, body: &Value) -> Reply {
        if let Some(refused) = self.lacks("chat:write") {
            return refused;
        }
        let (channel, ts) = (body["channel"].as_str().unwrap_or_default(), &body["ts"]);
        if self.conversation(channel).is_none() {
            return Self::no("channel_not_found");
        }
        if let Some(error) = wrong(body) {
            return Self::no(error);
        }
        let found = self.messages.iter_mut().find(|(of, message)| of == channel && message["ts"] == *ts);
        let Some((_, message)) = found else { return Self::no("message_not_found") };
        message["text"] = body["text"].clone();
        message["blocks"] = body["blocks"].clone();
        Reply::json(200, &json!({"ok": true, "channel": channel, "ts": ts, "text": body["text"]}))
    }

    fn history(&self, method: &str, asked: &Asked<'_>) -> Reply {
        let channel = asked.query("channel").unwrap_or_default();
        let scope = if channel.starts_with('D') { "im:history" } else { "channels:history" };
        if let Some(refused) = self.lacks(scope) {
            return refused;
        }
        if self.conversation(channel).is_none() || channel.starts_with('U') {
            return Self::no("channel_not_found");
        }
        let oldest: f64 = asked.query("oldest").and_then(|text| text.parse().ok()).unwrap_or(0.0);
        let latest: f64 = asked.query("latest").and_then(|text| text.parse().ok()).unwrap_or(f64::MAX);
        let thread = asked.query("ts");
        let has_all = asked.query("include_all_metadata") == Some("true");
        let is_in = |message: &&Value| {
            let ts: f64 = message["ts"].as_str().and_then(|ts| ts.parse().ok()).unwrap_or(0.0);
            let is_here = match method {
                "conversations.replies" => message["thread_ts"].as_str() == thread,
                _ => message["thread_ts"].is_null(),
            };
            ts >= oldest && ts <= latest && is_here
        };
        let own = self.messages.iter().filter(|(of, _)| of == channel).map(|(_, message)| message);
        let mut found: Vec<Value> = own.filter(is_in).cloned().collect();
        let limit: usize = asked.query("limit").and_then(|text| text.parse().ok()).unwrap_or(100);
        // Closest to the end only when that is named.
        if asked.query("latest").is_some() {
            found.reverse();
        }
        found.truncate(limit);
        if !has_all {
            for message in &mut found {
                message.as_object_mut().unwrap().remove("metadata");
            }
        }
        Reply::json(200, &json!({"ok": true, "messages": found, "has_more": false}))
    }

    fn webhook(&mut self, path: &str, body: &Value, now: Timestamp) -> Reply {
        if self.webhook_gone {
            return Reply::text(404, "no_service");
        }
        if let Some(error) = wrong(body) {
            return Reply::text(400, if error == "no_text" { "no_text" } else { "invalid_blocks" });
        }
        if !self.posts.entry(path.to_owned()).or_insert_with(|| Limit::new(1_000, 1)).takes(now) {
            return Reply::text(429, "rate_limited").retry_after(1);
        }
        self.messages.push(("webhook".to_owned(), body.clone()));
        Reply::text(200, "ok")
    }

    fn respond(&mut self, path: &str, body: &Value) -> Reply {
        let uses = self.uses.entry(path.to_owned()).or_default();
        *uses += 1;
        if *uses > 5 {
            return Reply::text(404, "used_url");
        }
        if body["replace_original"] == json!(true) {
            let place: usize = path.rsplit('/').next().unwrap().parse().unwrap();
            let (_, message) = &mut self.messages[place];
            message["text"] = body["text"].clone();
            message["blocks"] = body["blocks"].clone();
        }
        self.said.push(body.clone());
        Reply::text(200, "ok")
    }

    /// The request that Slack sends for a click: `{"message": 0, "action": "accept", "user": "U001", "at_s": …}`.
    fn click(&mut self, click: &Value) {
        let place = usize::try_from(click["message"].as_u64().unwrap()).unwrap();
        let (channel, message) = &self.messages[place];
        let actions = message["blocks"].as_array().unwrap().iter().find(|block| block["type"] == "actions");
        let block_id = actions.map_or(json!("gone"), |actions| actions["block_id"].clone());
        let mut action = json!({
            "action_id": click["action"], "block_id": block_id, "type": "button", "action_ts": "1.0",
        });
        if let Some(user) = click["to"].as_str() {
            action["type"] = json!("users_select");
            action["selected_user"] = json!(user);
        }
        let payload = json!({
            "type": "block_actions",
            "team": {"id": "T1", "domain": "acme"},
            "user": {"id": click["user"], "username": "x", "team_id": "T1"},
            "api_app_id": "A1", "token": "ignored", "trigger_id": "t",
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel, "is_ephemeral": false},
            "channel": {"id": channel, "name": "directmessage"},
            "message": message,
            "response_url": format!("{}/actions/T1/{place}", self.response_base),
            "actions": [action],
            "state": {"values": {}},
        });
        let mut form = form_urlencoded::Serializer::new(String::new());
        let body = form.append_pair("payload", &payload.to_string()).finish();
        let seconds = click["at_s"].as_i64().unwrap();
        let secret = click["secret"].as_str().unwrap_or(SIGNING_SECRET);
        self.clicked = Some(json!({
            "body": body,
            "headers": {
                "content-type": "application/x-www-form-urlencoded",
                "x-slack-request-timestamp": seconds.to_string(),
                "x-slack-signature": signature(secret, seconds, &body),
            },
        }));
    }
}

fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{seconds}:{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={hex}")
}

/// What Slack does not take: limits of Block Kit.
fn wrong(body: &Value) -> Option<&'static str> {
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() {
        return Some("no_text");
    }
    if text.chars().count() > 40_000 {
        return Some("msg_too_long");
    }
    let empty = Vec::new();
    let blocks = body["blocks"].as_array().unwrap_or(&empty);
    let is_fine = blocks.len() <= 50 && blocks.iter().all(is_block);
    (!is_fine).then_some("invalid_blocks")
}

fn is_text(text: &Value, chars_max: usize) -> bool {
    let length = text["text"].as_str().map_or(0, |text| text.chars().count());
    matches!(text["type"].as_str(), Some("plain_text" | "mrkdwn")) && (1..=chars_max).contains(&length)
}

fn is_block(block: &Value) -> bool {
    let list = |name: &str| block[name].as_array().cloned().unwrap_or_default();
    let id = block["block_id"].as_str().unwrap_or_default();
    id.len() <= 255
        && match block["type"].as_str() {
            Some("header") => block["text"]["type"] == "plain_text" && is_text(&block["text"], 150),
            Some("section") => {
                let fields = list("fields");
                let has_text = block["text"].is_object();
                (has_text || !fields.is_empty())
                    && (!has_text || is_text(&block["text"], 3_000))
                    && fields.len() <= 10
                    && fields.iter().all(|field| is_text(field, 2_000))
            }
            Some("context") => list("elements").len() <= 10 && list("elements").iter().all(|text| is_text(text, 2_000)),
            Some("actions") => {
                let elements = list("elements");
                (1..=25).contains(&elements.len()) && elements.iter().all(is_element)
            }
            _ => false,
        }
}

fn is_element(element: &Value) -> bool {
    let url = element["url"].as_str().unwrap_or("https://x.example");
    let id = element["action_id"].as_str().unwrap_or_default();
    let style = element["style"].as_str();
    let is_known = match element["type"].as_str() {
        Some("button") => is_text(&element["text"], 75),
        Some("users_select") => is_text(&element["placeholder"], 150),
        _ => false,
    };
    is_known
        && id.len() <= 255
        && url.len() <= 3_000
        && url.starts_with("http")
        && matches!(style, None | Some("primary" | "danger"))
}

impl Vendor for Slack {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        let parts = asked.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts[..] {
            ["api", method] => self.api(method, &asked, now),
            ["services", ..] if asked.method == Method::Post => self.webhook(asked.path, &asked.json(), now),
            ["actions", ..] => self.respond(asked.path, &asked.json()),
            _ => Reply::text(404, "no such address"),
        }
    }

    fn state(&self) -> Value {
        let messages: Vec<Value> = self
            .messages
            .iter()
            .map(|(channel, message)| {
                let mut message = message.clone();
                message["channel"] = json!(channel);
                message
            })
            .collect();
        let exceeded: usize = self.posts.values().chain(self.tier_3.values()).map(|limit| limit.exceeded).sum();
        json!({
            "messages": messages, "said": self.said, "clicked": self.clicked,
            "exceeded": exceeded + self.workspace.exceeded,
        })
    }

    fn change(&mut self, change: &Value) {
        if let Some(scope) = change["take_scope"].as_str() {
            self.scopes.remove(scope);
        }
        if let Some(error) = change["error"].as_str() {
            let method = change["method"].as_str().unwrap_or("chat.postMessage").to_owned();
            self.errors.push((method, error.to_owned(), change["applied"].as_bool().unwrap_or(false)));
        }
        if change["webhook_gone"] == json!(true) {
            self.webhook_gone = true;
        }
        if change["click"].is_object() {
            self.click(&change["click"]);
        }
        if let Some(used) = change["use_up"].as_u64() {
            self.uses.insert(format!("/actions/T1/{used}"), 5);
        }
    }
}
