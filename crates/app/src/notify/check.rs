//! Whether the channels are set up: one line per thing that was tried.

use crate::notify::channel::{NotifyWorld, setting, vendor};
use crate::notify::slack::{SlackAccess, ask, reading};
use crate::ports::Http;
use crate::ports::crm::{Check, DeliveryResult};
use lead_router_core::notify::slack::PostedMessage;
use lead_router_core::notify::{Channel, ChannelKind, webhook};
use lead_router_core::vendor::DeliveryError;

/// Tries the channels, without telling anybody anything: settings, and for Slack the token and its scopes.
pub async fn check<W: NotifyWorld>(world: &W, channels: &[Channel]) -> Vec<Check> {
    let mut checks = Vec::new();
    for channel in channels {
        let set = settings(world, channel);
        let is_set = set.is_ok();
        checks.push(Check::new(format!("{channel}: settings"), &set));
        if channel.kind == ChannelKind::Slack && is_set {
            checks.extend(slack(world).await);
        }
    }
    checks
}

fn settings<W: NotifyWorld>(world: &W, channel: &Channel) -> DeliveryResult<()> {
    for name in channel.settings() {
        setting(world, &name)?;
    }
    match channel.kind {
        ChannelKind::Email if !world.has_mail() => Err(lead_router_core::notify::email::binding_setback("no_binding")),
        ChannelKind::Webhook => webhook_keys(world),
        _ => Ok(()),
    }
}

fn webhook_keys(world: &impl Http) -> DeliveryResult<()> {
    let secret = setting(world, "NOTIFY_WEBHOOK_SECRET")?;
    webhook::keys(&[secret.as_str()]).map(|_| ())
}

/// Slack says which scope is missing before it says that there is no such conversation.
async fn slack<W: NotifyWorld>(world: &W) -> Vec<Check> {
    let Ok(access) = SlackAccess::new(world) else { return Vec::new() };
    let (api, vendor) = (access.api(), vendor(world, "slack"));
    let nowhere = PostedMessage { channel: "C00000000".to_owned(), ts: "0".to_owned() };
    let buckets = |name: &str| [reading(name)];
    let tried = [
        ("slack: token", ask(&vendor, &api.auth_test(), &buckets("auth")).await.map(|_| ())),
        (
            "slack: scope chat:write",
            has_scope(ask(&vendor, &api.update(&nowhere, &serde_json::json!({"text": "-"})), &buckets("update")).await),
        ),
        (
            "slack: reads its own messages, so that none is told twice",
            has_scope(
                ask(&vendor, &api.history(&nowhere.channel, world.now(), world.now()), &buckets("history")).await,
            ),
        ),
    ];
    tried.into_iter().map(|(name, tried)| Check::new(name, &tried)).collect()
}

fn has_scope<T>(tried: DeliveryResult<T>) -> DeliveryResult<()> {
    match tried {
        Err(DeliveryError::Permanent { code, .. }) if code != "slack_missing_scope" => Ok(()),
        tried => tried.map(|_| ()),
    }
}
