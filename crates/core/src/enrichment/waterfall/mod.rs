//! Which providers are asked next, and when asking ends.
//!
//! Sans-I/O: [`next`] is told what is known and where every provider stands, and says whom to ask at the same time, how
//! long to wait for an answer, or why asking is over. Asking is over as soon as no answer that could still come can change
//! override, tier, territory, team, or whose account it is; what the rep must bring (language, territory) follows from these.

pub mod breaker;
pub mod hedging;
pub mod latency;
mod order;
pub mod report;
pub mod results;
mod source;

pub use source::{CALLS_AT_ONCE_MAX, ProviderState, WaterfallSource};

use crate::enrichment::provider::Offer;
use crate::enrichment::provider::merge::replaces;
use crate::facts::{Facts, Field, FieldSet};
use crate::id::ProviderId;
use crate::rubric::Rubric;
use crate::rubric::decisive::decisive_percent;
use crate::rubric::file::{AskPolicy, Prefer};
use crate::rubric::stability::{Influence, PLACEMENT_WEIGHT, Stability, stability, stakes};
use crate::time::Timestamp;

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaterfallStep {
    /// Ask these, all at the same time.
    Ask(Vec<ProviderId>),
    /// Wait for an answer, or until this time when one is given: then someone else is asked as well.
    Wait(Option<Timestamp>),
    /// Asking is over, whoever has not answered.
    Stop {
        /// Why: `exhausted` when nobody is left who could tell more, or what settled the decision.
        reason: String,
        /// Providers that were ready and are not asked.
        saved: u32,
    },
}

/// What is known at one time, and who may tell more.
#[derive(Debug, Clone, Copy)]
pub struct WaterfallInput<'a> {
    /// The rubric.
    pub rubric: &'a Rubric,
    /// What is known.
    pub facts: &'a Facts,
    /// The providers of the rubric's stages, in the order of the rubric.
    pub sources: &'a [WaterfallSource],
    /// Whether the account has an owner who gets the lead, or whose team does, whatever the routes say.
    pub has_owner: bool,
    /// When the lead is decided as far as signals and half-lives go: one time for the whole run.
    pub decided_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// Says what happens next.
///
/// Steps: 1 the business's own data are asked whenever they can be, since they also know who owns the account; 2 when no
/// answer can change the decision, asking is over; 3 of the others, those are asked that can tell something which matters,
/// stage after stage, and of several that know the same first the one that is believed most, since what the others say would
/// not stand; of equals, and where the first answer counts, the one that tells most for its price. Who is hardly ever needed
/// when the others have answered waits for them, unless the rubric prefers speed. A provider that takes longer than it nearly
/// always does holds nobody back.
#[must_use]
pub fn next(input: WaterfallInput<'_>) -> WaterfallStep {
    let WaterfallInput { rubric, facts, sources, has_owner, decided_at, now } = input;
    // 1
    let own_data = |standing: fn(&ProviderState) -> bool| {
        sources.iter().filter(move |source| source.first_party && standing(&source.standing))
    };
    let own: Vec<ProviderId> =
        own_data(|standing| *standing == ProviderState::Ready).map(|source| source.id.clone()).collect();
    if !own.is_empty() {
        return WaterfallStep::Ask(own);
    }
    // 2
    let ask = rubric.enrichment().ask;
    let telling: Vec<FieldSet> = sources.iter().map(|source| telling(source, facts, ask)).collect();
    let open = telling.iter().fold(FieldSet::EMPTY, |open, fields| open.union(*fields));
    let is_account_open = open.contains(Field::CompanyDomain);
    let is_own_pending = own_data(|standing| matches!(standing, ProviderState::Asked(_))).next().is_some();
    let over = match stability(rubric, facts, open, has_owner, decided_at) {
        // The own data may name an owner, and that is for every lead but a rejected one.
        Stability::Yes { reason: reason @ "disqualified" } if facts.value(Field::CompanyDomain).is_none() => {
            Some(reason)
        }
        Stability::Yes { reason } if !is_account_open => Some(reason),
        _ => None,
    };
    let is_all = ask == AskPolicy::All;
    let ready = sources.iter().filter(|source| source.standing == ProviderState::Ready).count();
    let stop = |reason: &str| WaterfallStep::Stop {
        reason: reason.to_owned(),
        saved: u32::try_from(ready).unwrap_or(u32::MAX),
    };
    if let Some(reason) = over.filter(|_| !is_all) {
        return if is_own_pending { WaterfallStep::Wait(None) } else { stop(reason) };
    }
    // 3
    let mut stakes = if is_all { Vec::new() } else { stakes(rubric, facts, open, decided_at) };
    if is_account_open {
        let fields = FieldSet::EMPTY.with(Field::CompanyDomain);
        stakes.push(Influence { fields, weight: PLACEMENT_WEIGHT, is_placement: true });
    }
    let likely = order::Likely {
        decisive_percent: &|fields| decisive_percent(rubric, facts, fields, open, decided_at),
        at_once_percent: at_once_percent(rubric.enrichment().prefer),
    };
    let plan = order::Round::new(sources, &telling, stakes, (ask, likely), now).plan();
    match plan {
        order::RoundPlan::Ask(ids) => WaterfallStep::Ask(ids),
        order::RoundPlan::Wait(until) => WaterfallStep::Wait(until),
        order::RoundPlan::Nobody if is_own_pending => WaterfallStep::Wait(None),
        order::RoundPlan::Nobody => stop("exhausted"),
    }
}

/// How likely it must be that a provider is needed for it to be asked together with others, in percent. What an answer that
/// is needed costs in time is known: it comes so much later; what it costs in money when it is not needed, too.
const fn at_once_percent(prefer: Prefer) -> u32 {
    match prefer {
        Prefer::Speed => 0,
        Prefer::Balance => 25,
        Prefer::Cost => 100,
    }
}

/// The fields that a provider's answer would set: those that are missing, and those about which it is believed more than
/// what is known; where only what is missing is asked for, not those that another provider has told.
fn telling(source: &WaterfallSource, facts: &Facts, ask: AskPolicy) -> FieldSet {
    if source.standing == ProviderState::Done {
        return FieldSet::EMPTY;
    }
    let counts = |field: &Field| {
        facts.fact(*field).is_none_or(|known| {
            let is_told = ask == AskPolicy::Missing && Offer::find(known.provider.as_str()).is_some();
            !is_told && replaces(&source.id, *field, known)
        })
    };
    source.fills.iter().filter(counts).collect()
}

#[cfg(test)]
mod tests;
