//! Webhooks of vendors: who sent a request, and what it says.
//!
//! [`parse`] takes a request as it arrived and returns what it says. The signature is checked on the raw bytes before
//! anything of the body is read. One file per sender knows its signature, its payload and its ids; formats and limits
//! come from the vendors' documentation, see `docs/SENDERS.md`. The senders' files know only the files beside them that
//! they share; which sender is which file is said here alone.
//!
//! Invariants: no request without a valid signature or secret yields an event; no bytes panic; one bad event of a list
//! does not hide the others; the same delivery has the same keys every time it comes.

mod calendly;
mod draft;
mod event;
mod fetch;
mod generic_hmac;
mod google_ads;
pub mod hubspot;
mod incoming;
mod jotform;
mod linkedin;
mod meta;
mod payload;
mod refusal;
pub mod salesforce;
pub mod segment;
mod settings;
mod standard_webhooks;
mod tally;
mod typeform;
pub mod verify;
mod webflow;

pub use event::{ParsedWebhook, WebhookEvent, WebhookEventKind};
pub use fetch::{Fetch, FetchVendor, Fetched};
pub use hubspot::{TOKEN as HUBSPOT_TOKEN, hubspot_contact};
pub use incoming::{Incoming, WebhookMethod};
pub use refusal::{Blame, Refusal};
pub use settings::SenderSettings;
pub use verify::WINDOW_MS;

use crate::form::GuardedField;
use crate::http::HttpRequest;
use crate::intake::FieldMap;
use crate::time::Timestamp;
use fetch::{FetchReader, Setting};
use std::collections::BTreeSet;

/// What a sender's file gives.
type Hears = fn(&Incoming<'_>, &SenderSettings) -> Result<ParsedWebhook, Refusal>;

macro_rules! senders {
    ($($variant:ident $id:literal $module:ident $doc:literal;)*) => {
        /// A sender of webhooks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Sender { $(#[doc = $doc] $variant,)* }

        impl Sender {
            /// Every sender.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the address.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The sender with this name, or `None`.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)* _ => None }
            }

            /// Names of the settings that it reads, its secrets first.
            #[must_use]
            pub const fn settings(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $module::SETTINGS,)* }
            }

            const fn hears(self) -> Hears {
                match self { $(Self::$variant => $module::parse,)* }
            }

            const fn reads(self) -> Hears {
                match self { $(Self::$variant => $module::read,)* }
            }
        }
    };
}

impl Sender {
    /// What of the guarded fields counts in a lead of this sender. The systems of the business say all of them; what a form
    /// builder, an advertisement or a page of the business sends was written by a stranger, hidden fields included. Signals
    /// are made by the sender's file, of events and not of fields.
    #[must_use]
    pub fn accepts(self) -> BTreeSet<GuardedField> {
        match self {
            Self::Hubspot | Self::Salesforce | Self::StandardWebhooks | Self::Hmac => GuardedField::ALL.into(),
            Self::Typeform
            | Self::Segment
            | Self::Tally
            | Self::Webflow
            | Self::Jotform
            | Self::Calendly
            | Self::Meta
            | Self::Linkedin
            | Self::GoogleAds => BTreeSet::from([GuardedField::Intent]),
        }
    }

    /// Name of the setting that adds guarded fields to [`accepts`](Self::accepts), such as `TYPEFORM_ACCEPT_FIELDS`.
    #[must_use]
    pub fn accept_setting(self) -> String {
        format!("{}_ACCEPT_FIELDS", self.id().to_uppercase().replace('-', "_"))
    }
}

senders! {
    Typeform "typeform" typeform "Typeform.";
    Segment "segment" segment "Segment's webhook destinations.";
    Hubspot "hubspot" hubspot "HubSpot's webhooks.";
    Salesforce "salesforce" salesforce "Salesforce's outbound messages and flow callouts.";
    Tally "tally" tally "Tally.";
    Webflow "webflow" webflow "Webflow.";
    Jotform "jotform" jotform "Jotform.";
    Calendly "calendly" calendly "Calendly.";
    Meta "meta" meta "Meta Lead Ads.";
    Linkedin "linkedin" linkedin "LinkedIn Lead Sync.";
    GoogleAds "google-ads" google_ads "Google Ads lead forms.";
    StandardWebhooks "standard-webhooks" standard_webhooks "Whoever follows Standard Webhooks.";
    Hmac "hmac" generic_hmac "Whoever signs the body with an HMAC.";
}

/// Listens to a request of a sender.
///
/// # Errors
/// A [`Refusal`] when the request is not the sender's, is too old, cannot be read, or the sender is not set up.
pub fn parse(sender: Sender, incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    sender.hears()(incoming, settings)
}

/// Reads a sample that an operator pasted, which nobody signed: a payload, or of vendors whose webhooks only name a lead
/// the record that they answer with.
///
/// # Errors
/// A [`Refusal`] when it cannot be read.
pub fn read_sample(
    sender: Sender,
    incoming: &Incoming<'_>,
    settings: &SenderSettings,
) -> Result<ParsedWebhook, Refusal> {
    sender.reads()(incoming, settings)
}

impl FetchVendor {
    /// The sender whose webhooks name records of this vendor.
    #[must_use]
    pub const fn sender(self) -> Sender {
        match self {
            Self::Hubspot => Sender::Hubspot,
            Self::Meta => Sender::Meta,
            Self::Linkedin => Sender::Linkedin,
        }
    }
}

impl Fetch {
    /// What its vendor's file gives.
    const fn reader(&self) -> &'static FetchReader {
        match self.vendor {
            FetchVendor::Hubspot => &hubspot::READER,
            FetchVendor::Meta => &meta::READER,
            FetchVendor::Linkedin => &linkedin::READER,
        }
    }

    /// The request that reads the lead. `setting` gives settings by name: token and base URL.
    ///
    /// # Errors
    /// `not_set_up` without a token.
    pub fn request(&self, setting: Setting<'_>) -> Result<HttpRequest, Refusal> {
        (self.reader().request)(self, setting)
    }

    /// What the answer means; `map` says what the vendor's field names mean.
    #[must_use]
    pub fn read(&self, status: u16, body: &[u8], map: &FieldMap, now: Timestamp) -> Fetched {
        let lead = self.reader().lead;
        self.told(|body| lead(body, map), status, body, now)
    }
}
