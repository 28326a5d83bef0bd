//! Slack by a bot: posts once, finds what it may have posted, takes away what no longer holds.

use crate::crm::VendorClient;
use crate::notify::channel::{NotifyWorld, Telling, bucket, call, setting, vendor};
use crate::ports::crm::DeliveryResult;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer};
use lead_router_core::http::HttpRequest;
use lead_router_core::notify::slack::{
    Answers, BASE_URL, PostedMessage, SlackAnswer, SlackApi, find, message, read, short_hash,
};
use lead_router_core::notify::{Addressee, Notice};
use lead_router_core::vendor::{Bucket, DeliveryError};

/// Token and address of the Web API.
pub(super) struct SlackAccess {
    token: String,
    base_url: String,
}

impl SlackAccess {
    pub(super) fn new(world: &impl Http) -> DeliveryResult<Self> {
        let base_url = world.setting("SLACK_BASE_URL").unwrap_or_else(|| BASE_URL.to_owned());
        Ok(Self { token: setting(world, "SLACK_BOT_TOKEN")?, base_url: base_url.trim_end_matches('/').to_owned() })
    }

    pub(super) fn api(&self) -> SlackApi<'_> {
        SlackApi { base_url: &self.base_url, token: &self.token }
    }
}

/// Tells a notice.
///
/// Steps: 1 where to; 2 an earlier message about the lead says the same as this one, without buttons; 3 when an earlier try
/// may have told it, its message is looked for; 4 it is posted: to the rep, below the earlier message, or to the channel.
pub(super) async fn tell<W: NotifyWorld>(world: &W, notification: &Telling<'_>) -> DeliveryResult<PostedMessage> {
    let Telling { notice, again, earlier, .. } = *notification;
    let access = SlackAccess::new(world)?;
    let (api, vendor) = (access.api(), vendor(world, "slack"));
    // 1
    let target = match earlier {
        Some(earlier) => earlier.channel.clone(),
        None => target(&notice.to, notification.slack_channel)?,
    };
    // 2
    if let Some(earlier) = earlier {
        let updated = update(&vendor, &api.update(earlier, &message(notice, Answers::None))).await;
        // A message that a person deleted needs no change.
        updated.or_else(|setback| if is_later(&setback) { Err(setback) } else { Ok(()) })?;
    }
    // 3
    if again && let Some(posted) = look_for(&vendor, api, &target, notice, earlier).await? {
        return Ok(posted);
    }
    // 4
    let request = api.post_message(&target, notice, earlier.map(|earlier| earlier.ts.as_str()));
    let answer = ask(&vendor, &request, &posting(&target)).await?;
    let part = |pointer: &str| answer.text(pointer).map(str::to_owned);
    let posted = part("/channel").zip(part("/ts")).map(|(channel, ts)| PostedMessage { channel, ts });
    posted.ok_or_else(|| DeliveryError::retryable("unreadable_answer", None))
}

/// The rep, or the channel for those without a Slack user.
fn target(to: &Addressee, slack_channel: Option<&str>) -> DeliveryResult<String> {
    let missing =
        || DeliveryError::config("no_slack_address", "give the rep a `slack_id`, or the team a `slack_channel`");
    to.slack_id.as_deref().or(slack_channel).map(str::to_owned).ok_or_else(missing)
}

/// The message of a notice that may have been posted. An app that may not read the conversation finds nothing.
async fn look_for<W: Http + Clock + RateLimits>(
    vendor: &VendorClient<'_, W>,
    api: SlackApi<'_>,
    target: &str,
    notice: &Notice,
    earlier: Option<&PostedMessage>,
) -> DeliveryResult<Option<PostedMessage>> {
    let looked = async {
        let is_user = target.starts_with(['U', 'W']);
        let channel = if is_user {
            let opened = ask(vendor, &api.open(target), &[reading("open")]).await?;
            opened.text("/channel/id").map(str::to_owned).unwrap_or_default()
        } else {
            target.to_owned()
        };
        let request = match earlier {
            Some(earlier) => api.replies(earlier, notice.decided_at, vendor.world.now()),
            None => api.history(&channel, notice.decided_at, vendor.world.now()),
        };
        let answer = ask(vendor, &request, &[reading("history")]).await?;
        Ok(find(&answer, &channel, notice))
    };
    match looked.await {
        Err(setback) if !is_later(&setback) => Ok(None),
        looked => looked,
    }
}

/// Changes a message.
pub(super) async fn update<W: Http + Clock + RateLimits>(
    vendor: &VendorClient<'_, W>,
    request: &HttpRequest,
) -> DeliveryResult<()> {
    ask(vendor, request, &[reading("update")]).await.map(|_| ())
}

pub(super) async fn ask<W: Http + Clock + RateLimits>(
    vendor: &VendorClient<'_, W>,
    request: &HttpRequest,
    buckets: &[Bucket],
) -> DeliveryResult<SlackAnswer> {
    call(vendor, request, buckets, |answer: &HttpAnswer| read(answer.status, answer.retry_after_s, &answer.body)).await
}

/// One message a second for a conversation; for a workspace Slack says "several hundred a minute", and 4 a second are 240.
fn posting(target: &str) -> [Bucket; 2] {
    [bucket(format!("channel:{}", short_hash(target)), 1_000, 1), bucket("workspace".to_owned(), 1_000, 4)]
}

/// Methods of Slack's third tier: 50 calls a minute each.
pub(super) fn reading(name: &str) -> Bucket {
    bucket(name.to_owned(), 60_000, 50)
}

const fn is_later(setback: &DeliveryError) -> bool {
    matches!(setback, DeliveryError::Retryable { .. })
}
