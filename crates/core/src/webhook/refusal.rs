//! Why a request of a sender is not listened to.

use std::borrow::Cow;

/// Who has to act, and with that how the request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The request is not from the sender, or not from now.
    Credential,
    /// The one who asks is not known to be the sender (of a challenge).
    Stranger,
    /// The request came from the sender and cannot be read.
    Request,
    /// The request came from the sender and is larger than it may be.
    Size,
    /// The address takes another method.
    Method,
    /// The operator has to set something.
    Operator,
}

/// Why a request is not listened to. Nothing of it is stored. Holds no lead data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// What to change.
    pub message: Cow<'static, str>,
    /// Who has to act.
    pub blame: Blame,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(blame: Blame, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), blame }
    }

    /// The header with the signature, the key or the moment is missing.
    #[must_use]
    pub fn missing_signature(header: &str) -> Self {
        let message = format!("the request has no `{header}`; switch signing on at the sender");
        Self::new(Blame::Credential, "missing_signature", message)
    }

    /// The signature is not written as the sender writes them.
    #[must_use]
    pub fn malformed_signature() -> Self {
        let message = "the signature is not written as this sender writes it; check algorithm, encoding and header";
        Self::new(Blame::Credential, "malformed_signature", message)
    }

    /// The signature is another one.
    #[must_use]
    pub fn bad_signature() -> Self {
        let message = "the signature does not fit the body; check that the secret here is the one at the sender";
        Self::new(Blame::Credential, "bad_signature", message)
    }

    /// The secret in the request is another one.
    #[must_use]
    pub fn bad_secret() -> Self {
        let message = "the secret is missing or another one; check that it is the same here and at the sender";
        Self::new(Blame::Credential, "bad_secret", message)
    }

    /// The request was signed too long ago, or in the future.
    #[must_use]
    pub fn stale_timestamp() -> Self {
        let message = "the request was signed too long ago, or ahead of time; send it again and check the clock";
        Self::new(Blame::Credential, "stale_timestamp", message)
    }

    /// A setting is missing.
    #[must_use]
    pub fn not_set_up(setting: &str) -> Self {
        let message = format!("this sender is not set up; run `wrangler secret put {setting}`");
        Self::new(Blame::Operator, "not_set_up", message)
    }

    /// A setting has a value that means nothing.
    #[must_use]
    pub fn bad_setting(setting: &str, expected: &str) -> Self {
        Self::new(Blame::Operator, "bad_setting", format!("`{setting}` is wrong: expected {expected}"))
    }

    /// The body is not JSON, or not the JSON of the sender.
    #[must_use]
    pub fn unreadable(what: &'static str) -> Self {
        Self::new(Blame::Request, "unreadable_body", what)
    }

    /// There are more events in one request than the sender ever sends.
    #[must_use]
    pub fn too_many_events(most: usize) -> Self {
        Self::new(Blame::Size, "too_many_events", format!("send at most {most} events in one request"))
    }

    /// The address takes another method.
    #[must_use]
    pub fn wrong_method() -> Self {
        Self::new(Blame::Method, "method_not_allowed", "this address takes another method")
    }
}
