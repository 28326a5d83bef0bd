//! Which providers are asked next, and when asking ends.
//!
//! Sans-I/O: [`next`] is told what is known and who has answered, and says whom to ask at the same time, or
//! why asking is over. Asking is over as soon as no answer that could still come can change tier, override,
//! territory or team.

pub mod breaker;
pub mod latency;
pub mod report;

use crate::domain::facts::{Facts, FieldSet};
use crate::domain::id::ProviderId;
use crate::domain::rubric::Rubric;
use crate::domain::rubric::settle::{Settled, settled};
use crate::domain::time::Timestamp;

/// A provider as the waterfall sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The provider.
    pub id: ProviderId,
    /// Stage, from 0; the providers of a stage are asked at the same time.
    pub stage: usize,
    /// Whether it is the business's own data: free, and asked whenever it can be.
    pub first_party: bool,
    /// Fields that it can fill.
    pub fills: FieldSet,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a provider stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// What it needs is known, and it has not been asked.
    Ready,
    /// Something that it needs is missing; another provider may find it.
    Waiting,
    /// It answered, or failed, for this lead.
    Done,
}

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask these, all at the same time.
    Ask(Vec<ProviderId>),
    /// Asking is over.
    Stop {
        /// Why: `exhausted` when nobody is left, or what settled the decision.
        reason: String,
        /// Providers that were ready and are not asked.
        saved: u32,
    },
}

/// Says whom to ask next. A source of first-party data is asked whenever it can be, since it also knows who
/// owns the account; the others only while an answer could still change the decision.
#[must_use]
pub fn next(rubric: &Rubric, facts: &Facts, sources: &[Source], now: Timestamp) -> Step {
    let left = || sources.iter().filter(|source| source.standing != Standing::Done);
    let ready = || left().filter(|source| source.standing == Standing::Ready);
    let ids = |wanted: &dyn Fn(&Source) -> bool| {
        ready().filter(|source| wanted(source)).map(|source| source.id.clone()).collect::<Vec<_>>()
    };
    let Some(stage) = ready().map(|source| source.stage).min() else {
        return Step::Stop { reason: "exhausted".to_owned(), saved: 0 };
    };
    let open = left().fold(FieldSet::EMPTY, |open, source| open.union(source.fills));
    let Settled::Yes { reason } = settled(rubric, facts, open, now) else {
        return Step::Ask(ids(&|source| source.stage == stage));
    };
    let always = ids(&|source| source.first_party);
    if always.is_empty() {
        let saved = u32::try_from(ready().count()).unwrap_or(u32::MAX);
        return Step::Stop { reason: reason.to_string(), saved };
    }
    Step::Ask(always)
}
