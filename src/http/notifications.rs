//! The rules of notifying: KV has what is in force, the isolate what it read for half a minute.

use crate::bindings::config;
use crate::bindings::world::World;
use crate::http::body;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::notify::available;
use lead_router_app::ports::mail::Mails;
use lead_router_app::ports::rules::RuleBooks;
use lead_router_app::ports::{Clock, Http, PortResult, Unavailable};
use lead_router_core::error::Problem;
use lead_router_core::limits::FORM_BYTES_MAX;
use lead_router_core::notify::{Channel, ChannelKind, RuleBook, read};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// How long an isolate keeps what it read, in milliseconds.
const KEPT_MS: i64 = 30_000;

thread_local! {
    static KEPT: RefCell<Option<(Timestamp, Rc<RuleBook>)>> = const { RefCell::new(None) };
}

impl RuleBooks for World {
    async fn rule_book(&self) -> PortResult<Rc<RuleBook>> {
        let now = self.now();
        let kept = KEPT.with_borrow(Clone::clone);
        if let Some((at, book)) = &kept
            && now.ms_since(*at) < KEPT_MS
        {
            return Ok(Rc::clone(book));
        }
        let book = match config::notify_rules(&self.env).await {
            Ok(Some(text)) => Rc::new(read(&text).map_err(|_| unreadable())?),
            Ok(None) => Rc::default(),
            // The last good copy is better than nobody being told.
            Err(error) => return kept.map(|(_, book)| book).ok_or(error),
        };
        KEPT.with_borrow_mut(|kept| *kept = Some((now, Rc::clone(&book))));
        Ok(book)
    }
}

fn unreadable() -> Unavailable {
    Unavailable::new("kv", "the rules of notifying in force cannot be read")
}

/// `GET /v1/notifications`: who is notified through which channel.
pub async fn get(call: &Call<'_>) -> ApiResult {
    let text = config::notify_rules(&call.world.env).await?.unwrap_or_else(|| "{}".to_owned());
    shown(&call.world, &text)
}

/// `PUT /v1/notifications`: the rules, checked, and in force within half a minute everywhere.
pub async fn put(call: &mut Call<'_>) -> ApiResult {
    let bytes = body::bytes_up_to(&mut call.request, FORM_BYTES_MAX).await?;
    let text = String::from_utf8(bytes).map_err(|_| ApiError::new(400, "bad_encoding", "send UTF-8"))?;
    let text = without_channels(&text);
    let problems = match read(&text) {
        Ok(book) => missing(&call.world, &book),
        Err(problems) => problems,
    };
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    config::put_notify_rules(&call.world, &text).await?;
    KEPT.with_borrow_mut(|kept| *kept = None);
    shown(&call.world, &text)
}

/// The rules with the channels that are set up.
fn shown(world: &World, text: &str) -> ApiResult {
    let mut rules: Value = serde_json::from_str(text).map_err(|_| unreadable())?;
    if let Some(map) = rules.as_object_mut() {
        map.insert("available".to_owned(), json!(available(world)));
    }
    json(200, &rules)
}

/// The text without the `available` that an answer of ours has.
fn without_channels(text: &str) -> String {
    let Ok(mut rules) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    match rules.as_object_mut().and_then(|map| map.remove("available")) {
        Some(_) => rules.to_string(),
        None => text.to_owned(),
    }
}

/// The settings that named channels lack.
fn missing(world: &World, book: &RuleBook) -> Vec<Problem> {
    let mut channels: Vec<&Channel> = book.channels().collect();
    channels.sort_unstable();
    channels.dedup();
    let mut problems = Vec::new();
    for channel in channels {
        let lacks = channel.settings().into_iter().filter(|name| world.setting(name).is_none());
        problems.extend(lacks.map(|name| {
            let message = format!("first run `wrangler secret put {name}`");
            Problem::new(channel.to_string(), "missing_secret", message)
        }));
        if channel.kind == ChannelKind::Email && !world.has_mail() {
            let message = "first add `[[send_email]]` with the name `EMAIL` to wrangler.toml";
            problems.push(Problem::new(channel.to_string(), "missing_binding", message));
        }
    }
    problems
}
