//! Webhooks of vendors: who sent a request, and what it says.
//!
//! [`hear`] takes a request as it arrived and returns what it says. The signature is checked on the raw bytes before
//! anything of the body is read. One file per sender knows its signature, its payload and its ids; formats and limits
//! come from the vendors' documentation, see `docs/SENDERS.md`.
//!
//! Invariants: no request without a valid signature or secret yields an event; no bytes panic; one bad event of a list
//! does not hide the others; the same delivery has the same keys every time it comes.

mod calendly;
mod draft;
mod fetch;
mod generic_hmac;
mod google_ads;
pub mod hubspot;
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

pub use fetch::{Fetch, Fetched};
pub use hubspot::hubspot_contact;
pub use refusal::{Blame, Refusal};
pub use settings::Settings;

use super::RawLead;
use crate::domain::time::{MINUTE_MS, Timestamp};

/// How far the moment of a signature may be from now, in milliseconds: 5 minutes, as `HubSpot`, Webflow and the
/// Standard Webhooks libraries have it.
pub const WINDOW_MS: i64 = 5 * MINUTE_MS;

/// The same for Calendly, in milliseconds: 3 minutes.
pub const CALENDLY_WINDOW_MS: i64 = 3 * MINUTE_MS;

/// Method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET: challenges.
    Get,
    /// POST: events.
    Post,
}

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// Method.
    pub method: Method,
    /// Whole URL as the sender called it, with its query.
    pub url: &'a str,
    /// Headers; names in lower case.
    pub headers: &'a [(String, String)],
    /// Body, untouched. A multipart body is taken apart by the host, which hands it over as `name=value` pairs.
    pub body: &'a [u8],
    /// When it arrived.
    pub now: Timestamp,
}

impl<'a> Incoming<'a> {
    /// A header; blanks around it do not count, and an empty one is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.headers.iter().find(|(other, _)| other == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A header without which nothing can be verified.
    ///
    /// # Errors
    /// `missing_signature`.
    pub fn signature(&self, name: &str) -> Result<&'a str, Refusal> {
        self.header(name).ok_or_else(|| Refusal::missing_signature(name))
    }

    /// A parameter of the query, decoded; the first one when it is repeated.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.url.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Events, in the order of the body. An empty list is a greeting that wants nothing but a 2xx.
    Events(Vec<Event>),
    /// A challenge: this is the answer, word for word.
    Challenge {
        /// Media type.
        media: &'static str,
        /// Body.
        body: String,
    },
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What makes a second delivery the same event: sender and the vendor's own id. `None` when the vendor gives none;
    /// equal contents are the same event then.
    pub key: Option<String>,
    /// What it says.
    pub says: Says,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// A lead, not judged yet.
    Lead(Box<RawLead>),
    /// There is a lead to be read at the vendor.
    Fetch(Fetch),
    /// Nothing for this program; the code says why.
    Nothing(&'static str),
    /// Something that cannot be understood; the code says why.
    Broken(&'static str),
}

impl Event {
    /// A lead with its key.
    fn lead(key: Option<String>, raw: RawLead) -> Self {
        Self { key, says: Says::Lead(Box::new(raw)) }
    }

    /// An event that is not for this program.
    fn nothing(code: &'static str) -> Self {
        Self { key: None, says: Says::Nothing(code) }
    }

    /// An event that cannot be understood.
    fn broken(code: &'static str) -> Self {
        Self { key: None, says: Says::Broken(code) }
    }
}

/// What a sender's file gives.
type Hears = fn(&Incoming<'_>, &Settings) -> Result<Heard, Refusal>;

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
                match self { $(Self::$variant => $module::hear,)* }
            }
        }
    };
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
pub fn hear(sender: Sender, incoming: &Incoming<'_>, settings: &Settings) -> Result<Heard, Refusal> {
    sender.hears()(incoming, settings)
}

/// Lets POST pass.
fn only_post(incoming: &Incoming<'_>) -> Result<(), Refusal> {
    if incoming.method == Method::Post { Ok(()) } else { Err(Refusal::wrong_method()) }
}
