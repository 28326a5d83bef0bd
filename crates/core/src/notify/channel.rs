//! The ways to tell somebody, and which settings each needs. Secrets stand in settings, never in the file of rules.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Name of the setting with the address of the sender of mail.
pub const NOTIFY_FROM: &str = "NOTIFY_FROM";

/// A way to tell somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChannelKind {
    /// Slack, by a bot: to the rep, with buttons.
    Slack,
    /// Slack, by an incoming webhook: to one channel, without buttons.
    SlackWebhook,
    /// Microsoft Teams, by a workflow: to one channel or chat.
    Teams,
    /// Mail, by Resend.
    Resend,
    /// Mail, by Cloudflare's binding.
    Email,
    /// A webhook of the business's own, signed as Standard Webhooks.
    Webhook,
    /// The inbox of the console, which every assignment is in anyway.
    Inbox,
}

impl ChannelKind {
    /// Every kind, in the order in which they are tried where nothing else is said.
    pub const ALL: [Self; 7] =
        [Self::Slack, Self::SlackWebhook, Self::Teams, Self::Resend, Self::Email, Self::Webhook, Self::Inbox];

    /// The kind as it stands in the file of rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::SlackWebhook => "slack_webhook",
            Self::Teams => "teams",
            Self::Resend => "resend",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Inbox => "inbox",
        }
    }

    /// Whether it is mail: what does not wake anybody.
    #[must_use]
    pub const fn is_mail(self) -> bool {
        matches!(self, Self::Resend | Self::Email)
    }

    /// Whether a person reads it when it comes, so that quiet hours count.
    #[must_use]
    pub const fn reaches_a_person(self) -> bool {
        !matches!(self, Self::Webhook | Self::Inbox)
    }

    /// The setting with the address that there may be several of.
    const fn address(self) -> Option<&'static str> {
        match self {
            Self::SlackWebhook => Some("SLACK_WEBHOOK_URL"),
            Self::Teams => Some("TEAMS_WEBHOOK_URL"),
            Self::Slack | Self::Resend | Self::Email | Self::Webhook | Self::Inbox => None,
        }
    }
}

/// A channel: a kind, and for kinds with an address per place which one.
///
/// ```
/// use lead_router_core::notify::Channel;
/// let emea = Channel::from_name("teams:emea").unwrap();
/// assert_eq!(emea.settings(), ["TEAMS_WEBHOOK_URL_EMEA"]);
/// assert!(Channel::from_name("slack:emea").is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    /// The kind.
    pub kind: ChannelKind,
    /// Which address, in lower case; `None` is the one without a name.
    pub which: Option<String>,
}

/// Longest name of an address, in bytes.
const WHICH_BYTES_MAX: usize = 32;

impl Channel {
    /// A kind with its one address.
    #[must_use]
    pub const fn new(kind: ChannelKind) -> Self {
        Self { kind, which: None }
    }

    /// The channel with this name: a kind, or `slack_webhook:name` and `teams:name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (kind, which) = name.split_once(':').map_or((name, None), |(kind, which)| (kind, Some(which)));
        let kind = ChannelKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        let Some(which) = which else { return Some(Self::new(kind)) };
        let is_name = (1..=WHICH_BYTES_MAX).contains(&which.len())
            && which.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        (is_name && kind.address().is_some()).then(|| Self { kind, which: Some(which.to_owned()) })
    }

    /// Name of the setting with the address, for kinds that have one each.
    #[must_use]
    pub fn address_setting(&self) -> Option<String> {
        let name = self.kind.address()?;
        Some(match &self.which {
            Some(which) => format!("{name}_{}", which.to_ascii_uppercase()),
            None => name.to_owned(),
        })
    }

    /// The settings without which it cannot be used.
    #[must_use]
    pub fn settings(&self) -> Vec<String> {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self.kind {
            ChannelKind::Slack => named(&["SLACK_BOT_TOKEN"]),
            ChannelKind::Resend => named(&["RESEND_API_KEY", NOTIFY_FROM]),
            ChannelKind::Email => named(&[NOTIFY_FROM]),
            ChannelKind::Webhook => named(&["NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET"]),
            ChannelKind::Inbox => Vec::new(),
            ChannelKind::SlackWebhook | ChannelKind::Teams => self.address_setting().into_iter().collect(),
        }
    }

    /// The channels that can be used without any rules: those whose settings are there. `has_mail` is whether the binding
    /// for mail is. The inbox is not among them, since it is there in any case.
    #[must_use]
    pub fn available(has_setting: impl Fn(&str) -> bool, has_mail: bool) -> Vec<Self> {
        let channels = ChannelKind::ALL.into_iter().filter(|kind| *kind != ChannelKind::Inbox).map(Self::new);
        let is_set_up = |channel: &Self| channel.settings().iter().all(|name| has_setting(name));
        channels.filter(|channel| is_set_up(channel) && (channel.kind != ChannelKind::Email || has_mail)).collect()
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        self.which.as_ref().map_or(Ok(()), |which| write!(f, ":{which}"))
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| de::Error::custom("unknown channel"))
    }
}
