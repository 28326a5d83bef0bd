//! The rules of the business: who is told through what, when, and what of.

use crate::id::{TeamId, TierId};
use crate::notify::channel::{Channel, ChannelKind};
use crate::notify::notice::{Notice, NoticeEvent};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How often a channel is tried before the next one is, where the rules do not say: at once, after 5 and after 30 seconds.
/// A lead of tier A has five minutes.
pub const TRIES: u32 = 3;

/// What happens outside the hours of whoever is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quiet {
    /// They are told at once.
    #[default]
    Send,
    /// They are told when their shift starts.
    Wait,
    /// They get mail at once where a chain has mail; otherwise they are told when their shift starts.
    EmailOnly,
}

/// Rules as written; a part that is missing is that of the default, and there the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifyRules {
    /// The channels, each tried when the one before it fails.
    pub channels: Option<Vec<Channel>>,
    /// Channels that are told in any case, each by itself.
    pub always: Option<Vec<Channel>>,
    /// The Slack channel for those without a Slack user: an id such as `C0123456789`.
    pub slack_channel: Option<String>,
    /// Outside somebody's hours.
    pub quiet_hours: Option<Quiet>,
    /// Tiers for which quiet hours do not count.
    pub bypass_quiet_hours: Option<BTreeSet<TierId>>,
    /// What is told.
    pub events: Option<BTreeSet<NoticeEvent>>,
    /// How often a channel is tried before the next one is.
    pub max_attempts: Option<u32>,
}

/// All rules, checked by [`read`](crate::notify::read).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleBook {
    /// For every team.
    pub default: NotifyRules,
    /// For some teams.
    pub teams: BTreeMap<TeamId, NotifyRules>,
}

/// The rules for one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Chains of channels, each told by itself; in a chain the next channel is tried when the one before it fails.
    pub chains: Vec<Vec<Channel>>,
    /// The Slack channel for those without a Slack user.
    pub slack_channel: Option<String>,
    /// Outside somebody's hours.
    pub quiet_hours: Quiet,
    /// How often a channel is tried before the next one is, at least 1.
    pub max_attempts: u32,
}

impl RuleBook {
    /// The rules for a notice. `available` are the channels whose settings are there, in order: they are the chain where no
    /// rule names one, but for the webhook, which is told in any case. No chains when the event is not told at all.
    #[must_use]
    pub fn policy(&self, notice: &Notice, available: &[Channel]) -> Policy {
        let own = notice.team.as_ref().and_then(|team| self.teams.get(team));
        let (own, default) = (own.unwrap_or(&self.default), &self.default);
        let is_told = own.events.as_ref().or(default.events.as_ref()).is_none_or(|told| told.contains(&notice.event));
        let breaks = own.bypass_quiet_hours.as_ref().or(default.bypass_quiet_hours.as_ref());
        let breaks = breaks.zip(notice.tier.as_ref()).is_some_and(|(tiers, tier)| tiers.contains(tier));
        let quiet_hours = own.quiet_hours.or(default.quiet_hours).unwrap_or_default();
        Policy {
            chains: if is_told { chains(own, default, available) } else { Vec::new() },
            slack_channel: own.slack_channel.clone().or_else(|| default.slack_channel.clone()),
            quiet_hours: if breaks { Quiet::Send } else { quiet_hours },
            max_attempts: own.max_attempts.or(default.max_attempts).unwrap_or(TRIES).max(1),
        }
    }

    /// Every channel that a rule names.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        let all = std::iter::once(&self.default).chain(self.teams.values());
        all.flat_map(|rules| rules.channels.iter().chain(&rules.always).flatten())
    }
}

fn chains(own: &NotifyRules, default: &NotifyRules, available: &[Channel]) -> Vec<Vec<Channel>> {
    let (webhooks, others): (Vec<Channel>, Vec<Channel>) =
        available.iter().cloned().partition(|channel| channel.kind == ChannelKind::Webhook);
    let chain = own.channels.as_ref().or(default.channels.as_ref()).cloned().unwrap_or(others);
    let always = own.always.as_ref().or(default.always.as_ref()).cloned().unwrap_or(webhooks);
    let always = always.into_iter().filter(|channel| !chain.contains(channel)).map(|channel| vec![channel]);
    let always: Vec<Vec<Channel>> = always.collect();
    std::iter::once(chain).chain(always).filter(|chain| !chain.is_empty()).collect()
}
