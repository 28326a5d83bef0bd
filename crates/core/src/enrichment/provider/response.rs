//! What a provider's answer means.

use crate::enrichment::provider::description::Description;
use crate::enrichment::provider::field::FieldPlan;
use crate::enrichment::provider::meaning::Meaning;
use crate::enrichment::provider::pointer::is_nothing;
use crate::error::Remedy;
use crate::facts::{FactValue, Field};
use crate::limits::PROVIDER_BODY_BYTES_MAX;
use serde_json::Value;

/// What a provider's answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Facts, in the order of the fields, at least one.
    Found(Vec<(Field, FactValue)>),
    /// The provider knows nothing.
    NotFound,
    /// The provider is still looking.
    Pending {
        /// What to fetch the result by; `None` when there is no job, or when the job is known already.
        job: Option<String>,
    },
    /// There is no answer, for this reason.
    Failed {
        /// Stable code.
        code: &'static str,
        /// Who has to act.
        remedy: Remedy,
    },
}

/// Reads any first answer: facts, a job, or a reason; never a fault.
///
/// What the body says goes before the status. An answer larger than the limit is refused unread. A record in which no
/// field can be used counts as not found.
#[must_use]
pub fn read(description: &Description, status: u16, body: &[u8]) -> Reading {
    if body.len() > PROVIDER_BODY_BYTES_MAX {
        return failed("provider_answer_too_large", LATER);
    }
    let json = serde_json::from_slice::<Value>(body).ok();
    let meaning = description.said(json.as_ref()).or_else(|| description.meaning(status));
    let ask = description.poll().and_then(|plan| plan.ask.as_ref());
    let is_accepted = matches!(meaning, Some(Meaning::Found | Meaning::Pending));
    let Some(ask) = ask.filter(|_| is_accepted) else { return settle(description, meaning, json.as_ref()) };
    if let Some(job) = json.as_ref().and_then(|json| ask.job(json)) {
        return Reading::Pending { job: Some(job) };
    }
    match settle(description, meaning, json.as_ref()) {
        // A provider that neither names a job nor sends a record has not said that it knows nothing.
        Reading::NotFound => failed("provider_bad_answer", LATER),
        reading => reading,
    }
}

/// Reads any answer to a question for a result, like [`read`]. While the provider is still looking, the job is the
/// one that was asked for, and is not repeated.
#[must_use]
pub fn read_poll(description: &Description, status: u16, body: &[u8]) -> Reading {
    let Some(ask) = description.poll().and_then(|plan| plan.ask.as_ref()) else {
        return read(description, status, body);
    };
    if body.len() > PROVIDER_BODY_BYTES_MAX {
        return failed("provider_answer_too_large", LATER);
    }
    let json = serde_json::from_slice::<Value>(body).ok();
    let meaning = description.said(json.as_ref()).or_else(|| match ask.meaning(status) {
        Some(Meaning::Found) => json.as_ref().and_then(|json| ask.state(json)),
        other => other,
    });
    settle(description, meaning, json.as_ref())
}

fn settle(description: &Description, meaning: Option<Meaning>, json: Option<&Value>) -> Reading {
    match meaning {
        Some(Meaning::Found) => json.map_or(failed("provider_bad_answer", LATER), |json| record(description, json)),
        Some(Meaning::NotFound) => Reading::NotFound,
        Some(Meaning::Pending) => Reading::Pending { job: None },
        Some(Meaning::Quota) => failed("provider_quota", Remedy::FixConfig),
        Some(Meaning::BadKey) => failed("provider_bad_key", Remedy::FixConfig),
        Some(Meaning::TryLater) => failed("provider_try_later", LATER),
        Some(Meaning::BadRequest) => failed("provider_bad_request", Remedy::FixConfig),
        Some(Meaning::Blocked) => failed("provider_blocked", Remedy::FixRequest),
        None => failed("provider_bad_answer", LATER),
    }
}

/// Nobody has to act, and nobody said when to ask again.
pub(super) const LATER: Remedy = Remedy::Retry { after_ms: None };

pub(super) const fn failed(code: &'static str, remedy: Remedy) -> Reading {
    Reading::Failed { code, remedy }
}

fn record(description: &Description, json: &Value) -> Reading {
    if let Some(pointer) = &description.found_when
        && pointer.find(json).into_iter().all(is_nothing)
    {
        return Reading::NotFound;
    }
    let read = |(field, plan): &(Field, FieldPlan)| plan.read(json).map(|value| (*field, value));
    let facts: Vec<(Field, FactValue)> = description.fields.iter().filter_map(read).collect();
    let has_facts = facts.iter().any(|(field, _)| !description.is_subject(*field));
    if has_facts { Reading::Found(facts) } else { Reading::NotFound }
}
