//! What all channels share: the notice to send, the settings, and one call within the vendor's limits.

use crate::crm::{CallBudget, VendorClient};
use crate::ports::crm::DeliveryResult;
use crate::ports::mail::Mails;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer};
use lead_router_core::http::HttpRequest;
use lead_router_core::notify::slack::PostedMessage;
use lead_router_core::notify::{Channel, Notice, RATE_LIMITED};
use lead_router_core::vendor::{Bucket, DeliveryError};

/// What telling needs of the world.
pub trait NotifyWorld: Http + Clock + RateLimits + Mails {}
impl<W: Http + Clock + RateLimits + Mails> NotifyWorld for W {}

/// One notice for one channel.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// The notice.
    pub notice: &'a Notice,
    /// The Slack channel for those without a Slack user.
    pub slack_channel: Option<&'a str>,
    /// Whether an earlier try may have told it.
    pub again: bool,
    /// The message of an earlier notice about the same lead to the same rep: it no longer holds, and loses its buttons.
    pub earlier: Option<&'a PostedMessage>,
}

pub(super) fn vendor<'a, W>(world: &'a W, name: &'static str) -> VendorClient<'a, W> {
    VendorClient { world, name, budget: CallBudget::CONSUMER }
}

/// How much longer than a vendor's window a bucket's is, in milliseconds: the vendor counts a call when it arrives, the limiter
/// when it leaves, and on the way one may gain on the other.
const SKEW_MS: u32 = 300;

pub(super) fn bucket(name: String, window_ms: u32, max: u32) -> Bucket {
    Bucket { name, window_ms: window_ms.saturating_add(SKEW_MS), max }
}

/// A setting without which the channel cannot be used.
pub(super) fn setting(world: &impl Http, name: &str) -> DeliveryResult<String> {
    let missing = || DeliveryError::config("not_set_up", format!("set `{name}`, or take the channel out of the rules"));
    world.setting(name).ok_or_else(missing)
}

/// One call, and what its answer means; a vendor that is asked too often blocks its buckets for as long as it says.
pub(super) async fn call<W: Http + Clock + RateLimits, T>(
    vendor: &VendorClient<'_, W>,
    request: &HttpRequest,
    buckets: &[Bucket],
    read: impl FnOnce(&HttpAnswer) -> DeliveryResult<T>,
) -> DeliveryResult<T> {
    let read = read(&vendor.send(request, buckets).await?);
    if let Err(DeliveryError::Retryable { code, after_ms: Some(ms) }) = &read
        && code == RATE_LIMITED
    {
        for bucket in buckets {
            vendor.block_for(&bucket.name, *ms).await;
        }
    }
    read
}
