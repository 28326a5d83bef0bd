//! Providers that look for a while: submit first, ask for the result later.

use crate::enrichment::provider::meaning::Meaning;
use crate::enrichment::provider::plan::RequestPlan;
use crate::enrichment::provider::pointer::{Pointer, is_same, scalar};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest id of a job that is taken over into a request.
const JOB_BYTES_MAX: usize = 300;

/// How the result is fetched, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct PollPlan {
    /// From the first answer to the first question for the result, in milliseconds.
    pub first_after_ms: u32,
    /// From one question to the next, in milliseconds.
    pub every_ms: u32,
    /// Whether only the second answer in a row counts that says that nothing was found.
    pub confirm_not_found: bool,
    /// `None` when the first request is repeated.
    pub(super) ask: Option<PollRequest>,
}

impl PollPlan {
    /// Whether the first request is sent again, instead of one for a job.
    #[must_use]
    pub const fn repeats(&self) -> bool {
        self.ask.is_none()
    }
}

/// The request for a job and what its answers mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PollRequest {
    pub(super) job: Vec<Pointer>,
    pub(super) request: RequestPlan,
    pub(super) state: Option<(Pointer, Vec<(String, Meaning)>)>,
    pub(super) statuses: BTreeMap<String, Meaning>,
}

impl PollRequest {
    /// The id of the job in the first answer. An overlong id, or one with a control character, is none.
    pub(super) fn job(&self, json: &Value) -> Option<String> {
        let found = self.job.iter().find_map(|pointer| {
            let value = *pointer.find(json).first()?;
            if value.is_boolean() { None } else { scalar(value) }
        });
        found.filter(|job| !job.is_empty() && job.len() <= JOB_BYTES_MAX && !job.chars().any(char::is_control))
    }

    /// What a status means for a job: as listed, otherwise the usual, except that nothing there means that the job
    /// is gone.
    pub(super) fn meaning(&self, status: u16) -> Option<Meaning> {
        Meaning::listed(&self.statuses, status).or_else(|| match status {
            404 | 410 => Some(Meaning::TryLater),
            _ => Meaning::usual(status),
        })
    }

    /// What the state in an answer means; `None` for one that is missing or not listed. Without states, the answer is
    /// the result.
    pub(super) fn state(&self, json: &Value) -> Option<Meaning> {
        let Some((pointer, states)) = &self.state else { return Some(Meaning::Found) };
        let found = pointer.find(json);
        let is_state = |(state, _): &&(String, Meaning)| found.iter().any(|value| is_same(value, state));
        states.iter().find(is_state).map(|(_, meaning)| *meaning)
    }
}
