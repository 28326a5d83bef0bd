//! A lead as checked: a person who showed interest, as received and in one spelling.
//!
//! Only [`check`] makes a [`Lead`] from what a sender said, so every text in one is within its limit and free of
//! control characters. What a person typed is kept beside the normal form that keys and facts use.

mod check;
mod facts;
mod fingerprint;
pub mod key;
mod key_scope;
mod weight;

pub use check::check;
pub use facts::MANY_FROM_CLIENT;
pub use key_scope::KeyScope;
pub use weight::TOO_LARGE;

use crate::facts::Signal;
use crate::id::{RepId, TeamId};
use crate::intake::Note;
use crate::normalize::{Email, EmailKind};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A text as typed, with its normal form when it has one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// As typed, blanks tidied.
    pub typed: String,
    /// Normal form: a domain, a country code, an international number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<String>,
}

/// The company's size as stated.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedSize {
    /// As typed, such as `51-200`.
    pub typed: String,
    /// As a number; the lower end of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

/// Where the visit came from, as the UTM parameters say.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Utm {
    /// Source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Medium.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// Campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Search term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// Variant of the advertisement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// What the router in charge decided; compared in shadow mode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Incumbent {
    /// The rep it chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rep_id: Option<RepId>,
    /// The team it chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
}

/// A checked lead. Its debug form holds nothing about the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// When the lead arrived.
    pub received_at: Timestamp,
    /// When the person sent the form, as the sender says. Not used for decisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// The sender's id of the submission; an idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission_id: Option<String>,
    /// E-mail address.
    pub email: Email,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Website; the normal form is its registrable domain, none for sites that many companies share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Stated>,
    /// Telephone number; the normal form is E.164, none for a national number of a country that was not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Stated>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Country; the normal form is the ISO 3166-1 alpha-2 code, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Stated>,
    /// State or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code; the normal form is upper case without blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Stated>,
    /// Language; the normal form is the ISO 639-1 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Stated>,
    /// LinkedIn profile; the normal form is `linkedin.com/in/<slug>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linkedin: Option<Stated>,
    /// Size of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employees: Option<StatedSize>,
    /// Free text. Data, never an instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where the lead came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Id of the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Partner that referred the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// UTM parameters.
    #[serde(default)]
    pub utm: Utm,
    /// Intent signals, sorted by name, then by moment, without repeats; none lies after `received_at`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// The sender's own fields, by lower-case name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// What the router in charge decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incumbent: Option<Incumbent>,
    /// What was left out of the submission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead")
            .field("received_at", &self.received_at)
            .field("email", &self.email)
            .field("form", &self.form)
            .field("signals", &self.signals.len())
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

impl Lead {
    /// The full name: the one given, or first and last name together.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        if self.name.is_some() {
            return self.name.clone();
        }
        match (&self.first_name, &self.last_name) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (one, other) => one.clone().or_else(|| other.clone()),
        }
    }

    /// The registrable domain of the company, when the lead itself names one: of a business address, otherwise of
    /// the website. Services for free mail and shared sites name no company.
    #[must_use]
    pub fn company_domain(&self) -> Option<&str> {
        if self.email.kind == EmailKind::Business {
            return Some(&self.email.domain);
        }
        self.website.as_ref().and_then(|website| website.normal.as_deref())
    }

    /// The key of the account that the lead belongs to: its [`company_domain`](Self::company_domain), or the mailbox
    /// itself when there is none, so that two people with free-mail addresses never share an account.
    ///
    /// The key decides which object keeps the lead. An address contains `@`, a domain never does.
    #[must_use]
    pub fn account_key(&self) -> String {
        self.company_domain().unwrap_or(&self.email.mailbox).to_owned()
    }

    /// What makes two leads the same person: the mailbox behind the address. For keyed hashes, not for storage.
    #[must_use]
    pub fn person_key(&self) -> &str {
        &self.email.mailbox
    }
}
