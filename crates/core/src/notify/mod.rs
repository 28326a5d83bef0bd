//! Telling reps: what is said, through which channel, when, and how each channel writes it.
//!
//! [`make`] builds notices from a record, [`rules`] and [`chain`] say which channel comes next, [`story`] what a message says;
//! a file per channel turns a notice into a request and reads the answer. Nothing here sends anything.
//!
//! Invariants: the same notice gives the same bytes; nothing that a person typed is markup, a mention, a link or a header of
//! any channel; no message exceeds what its channel takes; no secret and nothing about the person is in an error.

pub mod chain;
pub mod channel;
pub mod email;
pub mod link;
pub mod make;
pub mod message_content;
pub mod notice;
pub mod page;
mod read;
pub mod rep_action;
pub mod resend;
pub mod rules;
pub mod slack;
pub mod teams;
pub mod text;
pub mod time_format;
pub mod webhook;

pub use chain::{ChannelAttempt, NextStep, next_channel};
pub use channel::{Channel, ChannelKind};
pub use make::{NoticeInputs, notices, owner_drift};
pub use notice::{Addressee, Notice, NoticeEvent, NoticeLinks, NoticePerson};
pub use read::read;
pub use rep_action::{RepAction, RepActionKind, RepActionOutcome};
pub use rules::{NotifyRules, Policy, Quiet, RuleBook};

use crate::decision::index::RosterIndex;
use crate::id::RepId;
use crate::vendor::DeliveryError;

/// Code of a vendor that is asked too often: whoever calls closes the bucket.
pub const RATE_LIMITED: &str = "rate_limited";

/// Longest piece of a vendor's error code that is repeated, in bytes.
const CODE_BYTES_MAX: usize = 60;

/// A vendor's own error code as part of a stable code; one that is not made of letters, digits and `_` is left out.
fn code_of(prefix: &str, vendors: &str) -> String {
    let is_code = (1..=CODE_BYTES_MAX).contains(&vendors.len())
        && vendors.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_code { format!("{prefix}_{}", vendors.to_ascii_lowercase()) } else { format!("{prefix}_refused") }
}

/// What most vendors mean by a status that is no success: 429 is too often, other 4xx will not change, the rest may.
fn setback(prefix: &str, status: u16, retry_after_s: Option<u32>, setting: &str) -> DeliveryError {
    match status {
        429 => DeliveryError::retryable(RATE_LIMITED, Some(retry_after_ms(retry_after_s))),
        408 | 500..=599 => DeliveryError::retryable("unavailable", retry_after_s.map(|s| s.saturating_mul(1_000))),
        401 | 403 => {
            DeliveryError::config(&format!("{prefix}_refused"), format!("it refuses the request: check `{setting}`"))
        }
        404 | 410 => {
            DeliveryError::config(&format!("{prefix}_gone"), format!("nothing answers at the URL of `{setting}` (404)"))
        }
        300..=399 => DeliveryError::config(&format!("{prefix}_moved"), format!("the URL of `{setting}` redirects")),
        _ => DeliveryError::lead(&format!("{prefix}_refused"), format!("it rejects this message (status {status})")),
    }
}

/// `Retry-After` in milliseconds; one second when the vendor does not say.
fn retry_after_ms(retry_after_s: Option<u32>) -> u32 {
    retry_after_s.unwrap_or(1).max(1).saturating_mul(1_000)
}

/// What became of an act, in a sentence for people.
#[must_use]
pub fn told_outcome(kind: &RepActionKind, by: Option<&RepId>, acted: &RepActionOutcome, index: &RosterIndex) -> String {
    let by = by.map_or_else(|| "somebody".to_owned(), |by| index.rep_name(by));
    let who = |rep_id: &Option<RepId>| rep_id.as_ref().map(|rep| index.rep_name(rep));
    match (acted, kind) {
        (RepActionOutcome::Done { .. }, RepActionKind::Accept) => format!("Accepted by {by}."),
        (RepActionOutcome::Done { rep_id }, RepActionKind::Decline) => match who(rep_id) {
            Some(next) => format!("Declined by {by}. {next} has this lead now."),
            None => format!("Declined by {by}. The lead is waiting for another rep."),
        },
        (RepActionOutcome::Done { rep_id }, RepActionKind::Reassign { .. }) => match who(rep_id) {
            Some(next) => format!("Reassigned by {by}. {next} has this lead now."),
            None => format!("Reassigned by {by}. The lead is waiting for another rep."),
        },
        (RepActionOutcome::Stale { rep_id }, _) => match who(rep_id) {
            Some(rep) => format!("No change: {rep} already has this lead."),
            None => "No change: the lead was re-routed in the meantime.".to_owned(),
        },
        (RepActionOutcome::Unknown, _) => "No change: this lead no longer exists.".to_owned(),
    }
}
