//! Tells one notice through one channel, and carries out what a rep clicks.
//!
//! What comes of a try is the answer; when it is tried again, and which channel is next, is said by `domain::notify::chain`.
//!
//! Every channel is told at least once. Whether a repeat after a lost answer is seen twice depends on the vendor:
//! - Resend knows its idempotency key, and receivers of the webhook its id: seen once.
//! - A Slack bot looks for its own message by its metadata before it posts again: seen once, where the app may read the
//!   conversation. Otherwise, and when Slack stores a message only after it was looked for, it may be seen twice.
//! - Incoming webhooks of Slack, workflows of Teams and the binding for mail know no repeats and cannot be asked: it may be
//!   seen twice. A lead that nobody hears of is worse than one that is told twice.

mod channel;
mod check;
mod click;
pub mod deliver;
mod slack;

pub use channel::{NotifyWorld, Telling};
pub use check::check;
pub use click::clicked;

use crate::ports::crm::DeliveryResult;
use crate::ports::mail::Mails;
use crate::ports::rules::RuleBooks;
use crate::ports::{Http, HttpAnswer, PortResult};
use channel::{bucket, call, setting, vendor};
use lead_router_core::notify::channel::NOTIFY_FROM;
use lead_router_core::notify::email::{Mail, binding_setback};
use lead_router_core::notify::slack::{PostedMessage, read_webhook, short_hash};
use lead_router_core::notify::{Channel, ChannelKind, Notice, Policy, resend, slack as slack_wire, teams, webhook};

/// The rules for a notice: those in force, over the channels whose settings are there.
///
/// # Errors
/// [`Unavailable`](crate::ports::Unavailable) when the rules cannot be read.
pub async fn policy<W: Http + Mails + RuleBooks>(world: &W, notice: &Notice) -> PortResult<Policy> {
    let available = available(world);
    Ok(world.rule_book().await?.policy(notice, &available))
}

/// The channels whose settings are there.
pub fn available<W: Http + Mails>(world: &W) -> Vec<Channel> {
    Channel::available(|name| world.setting(name).is_some(), world.has_mail())
}

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Delivered {
    /// The message, on channels where it can be changed later: to be kept for [`Telling::earlier`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted: Option<PostedMessage>,
}

/// Tells a notice. Ends within [`CallBudget::CONSUMER`](crate::crm::CallBudget::CONSUMER).
///
/// # Errors
/// [`DeliveryError::Retryable`] when it may work later; [`DeliveryError::Permanent`] with what an operator has to change. Those of the limiter, of
/// the network (`timeout`, `unreachable`: it may have been told) and of each channel.
pub async fn tell<W: NotifyWorld>(world: &W, notification: &Telling<'_>) -> DeliveryResult<Delivered> {
    let Telling { channel, notice, .. } = *notification;
    match channel.kind {
        // The ledger writes it with the assignment.
        ChannelKind::Inbox => Ok(Delivered::default()),
        ChannelKind::Slack => slack::tell(world, notification).await.map(|posted| Delivered { posted: Some(posted) }),
        ChannelKind::SlackWebhook => {
            let (name, url) = address(world, channel)?;
            let buckets = [bucket(format!("webhook:{}", short_hash(&url)), 1_000, 1)];
            let request = slack_wire::webhook(&url, notice);
            let read = |answer: &HttpAnswer| read_webhook(answer.status, answer.retry_after_s, &answer.body, &name);
            call(&vendor(world, "slack_webhook"), &request, &buckets, read).await.map(|()| Delivered::default())
        }
        ChannelKind::Teams => {
            let (name, url) = address(world, channel)?;
            // Four a second: what the older connectors took. Workflows document no other limit.
            let buckets = [bucket(format!("workflow:{}", short_hash(&url)), 1_000, 4)];
            let read = |answer: &HttpAnswer| teams::read(answer.status, answer.retry_after_s, &name);
            let request = teams::request(&url, notice);
            call(&vendor(world, "teams"), &request, &buckets, read).await.map(|()| Delivered::default())
        }
        ChannelKind::Resend => by_resend(world, notice).await.map(|()| Delivered::default()),
        ChannelKind::Email => {
            let mail = Mail::new(&setting(world, NOTIFY_FROM)?, notice)?;
            let sent = world.send_mail(&mail).await.map_err(|code| binding_setback(&code));
            sent.map(|()| Delivered::default())
        }
        ChannelKind::Webhook => by_webhook(world, notice).await.map(|()| Delivered::default()),
    }
}

async fn by_resend<W: NotifyWorld>(world: &W, notice: &Notice) -> DeliveryResult<()> {
    let key = setting(world, "RESEND_API_KEY")?;
    let mail = Mail::new(&setting(world, NOTIFY_FROM)?, notice)?;
    let base_url = world.setting("RESEND_BASE_URL").unwrap_or_else(|| resend::BASE_URL.to_owned());
    let per_second = world.setting("RESEND_PER_SECOND").and_then(|text| text.parse().ok());
    let buckets = [bucket("all".to_owned(), 1_000, per_second.filter(|max| *max > 0).unwrap_or(resend::PER_SECOND))];
    let request = resend::request(base_url.trim_end_matches('/'), &key, &mail, notice);
    let read = |answer: &HttpAnswer| resend::read(answer.status, answer.retry_after_s, &answer.body);
    call(&vendor(world, "resend"), &request, &buckets, read).await
}

async fn by_webhook<W: NotifyWorld>(world: &W, notice: &Notice) -> DeliveryResult<()> {
    let url = setting(world, "NOTIFY_WEBHOOK_URL")?;
    let secret = setting(world, "NOTIFY_WEBHOOK_SECRET")?;
    let previous = world.setting("NOTIFY_WEBHOOK_SECRET_PREVIOUS");
    let secrets: Vec<&str> = std::iter::once(secret.as_str()).chain(previous.as_deref()).collect();
    let keys = webhook::keys(&secrets)?;
    // Ten a second: nobody documents the limit of the business's own server, which says 429 when it has one.
    let buckets = [bucket("all".to_owned(), 1_000, 10)];
    let request = webhook::request(&url, &keys, notice, world.now());
    let read = |answer: &HttpAnswer| webhook::read(answer.status, answer.retry_after_s);
    call(&vendor(world, "notify_webhook"), &request, &buckets, read).await
}

/// Name and value of the setting with the address of a channel.
fn address(world: &impl Http, channel: &Channel) -> DeliveryResult<(String, String)> {
    let name = channel.address_setting().unwrap_or_default();
    let url = setting(world, &name)?;
    Ok((name, url))
}
