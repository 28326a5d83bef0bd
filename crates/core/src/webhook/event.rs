//! What a request of a sender says.

use crate::intake::RawLead;
use crate::webhook::fetch::Fetch;

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParsedWebhook {
    /// Events, in the order of the body. An empty list is a greeting that wants nothing but a 2xx.
    Events(Vec<WebhookEvent>),
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
pub struct WebhookEvent {
    /// What makes a second delivery the same event: sender and the vendor's own id. `None` when the vendor gives none;
    /// equal contents are the same event then.
    pub key: Option<String>,
    /// What it says.
    pub says: WebhookEventKind,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookEventKind {
    /// A lead, not judged yet.
    Lead(Box<RawLead>),
    /// There is a lead to be read at the vendor.
    Fetch(Fetch),
    /// Nothing for this program; the code says why.
    Nothing(&'static str),
    /// Something that cannot be understood; the code says why.
    Broken(&'static str),
}

impl WebhookEvent {
    /// A lead with its key.
    pub(super) fn lead(key: Option<String>, raw: RawLead) -> Self {
        Self { key, says: WebhookEventKind::Lead(Box::new(raw)) }
    }

    /// An event that is not for this program.
    pub(super) fn nothing(code: &'static str) -> Self {
        Self { key: None, says: WebhookEventKind::Nothing(code) }
    }

    /// An event that cannot be understood.
    pub(super) fn broken(code: &'static str) -> Self {
        Self { key: None, says: WebhookEventKind::Broken(code) }
    }
}
