//! Whom to ask in one round: the least of the providers that can tell everything which matters.

use crate::enrichment::provider::merge::ranks_above;
use crate::enrichment::waterfall::source::{CALLS_AT_ONCE_MAX, ProviderState, WaterfallSource};
use crate::facts::{Field, FieldSet};
use crate::id::ProviderId;
use crate::rubric::file::AskPolicy;
use crate::rubric::stability::Influence;
use crate::time::Timestamp;

/// What a round comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RoundPlan {
    Ask(Vec<ProviderId>),
    /// Wait for an answer, or until somebody is overdue.
    Wait(Option<Timestamp>),
    /// Nobody is left who could tell something that matters.
    Nobody,
}

/// One round.
pub(super) struct Round<'a> {
    sources: &'a [WaterfallSource],
    /// By source, the fields that its answer would set.
    telling: &'a [FieldSet],
    /// By source, those of them that nobody else could set differently afterwards.
    settling: Vec<FieldSet>,
    stakes: Vec<Influence>,
    ask: AskPolicy,
    likely: Likely<'a>,
    now: Timestamp,
}

/// When a provider is likely enough to be needed to be asked together with others.
pub(super) struct Likely<'a> {
    /// Probability in percent that the tier depends on some fields once everything else is known.
    pub(super) decisive_percent: &'a dyn Fn(FieldSet) -> u32,
    /// From how many percent on it is asked at once.
    pub(super) at_once_percent: u32,
}

impl<'a> Round<'a> {
    /// A round over `sources`. `stakes` say what is worth knowing; where all are asked, everything is.
    pub(super) fn new(
        sources: &'a [WaterfallSource],
        telling: &'a [FieldSet],
        mut stakes: Vec<Influence>,
        (ask, likely): (AskPolicy, Likely<'a>),
        now: Timestamp,
    ) -> Self {
        // What a provider waits for is worth as much as what it would tell.
        for (source, fields) in sources.iter().zip(telling) {
            let weight = worth(&stakes, *fields, FieldSet::EMPTY);
            if source.standing == ProviderState::Waiting && weight > 0 && !source.needs.is_empty() {
                let weight = u32::try_from(weight).unwrap_or(u32::MAX);
                stakes.push(Influence { fields: source.needs, weight, is_placement: true });
            }
        }
        let mut round = Self { sources, telling, settling: telling.to_vec(), stakes, ask, likely, now };
        if ask == AskPolicy::Needed {
            round.settling = round.each().map(|(source, fields)| round.settled_by(source, fields)).collect();
        }
        round
    }

    /// Of `fields`, those for which nobody who is believed more than `source` can still be asked or answer in time. As long
    /// as such a one is left, what `source` says about a field decides nothing.
    fn settled_by(&self, source: &WaterfallSource, fields: FieldSet) -> FieldSet {
        let is_left = |other: &WaterfallSource| match other.standing {
            ProviderState::Ready => true,
            ProviderState::Asked(_) => self.is_awaited(other),
            ProviderState::Waiting | ProviderState::Done => false,
        };
        let others = || self.each().filter(|(other, _)| other.id != source.id && is_left(other));
        let is_last = |field: &Field| {
            !others().any(|(other, telling)| telling.contains(*field) && ranks_above(&other.id, &source.id, *field))
        };
        fields.iter().filter(is_last).collect()
    }

    /// Whether it was asked, and has not taken longer than it nearly always does.
    fn is_awaited(&self, source: &WaterfallSource) -> bool {
        self.overdue_at(source).is_some_and(|at| at > self.now)
    }

    /// Decides.
    pub(super) fn plan(&self) -> RoundPlan {
        let useful = || self.settling().filter(|(source, fields)| self.is_useful(source, *fields));
        let in_turn = useful().filter(|(source, _)| source.standing == ProviderState::Ready || self.is_awaited(source));
        let Some(stage) = in_turn.map(|(source, _)| source.stage).min() else {
            // Whoever is overdue may still answer before the deadline.
            let is_pending = useful().any(|(source, _)| matches!(source.standing, ProviderState::Asked(_)));
            return if is_pending { RoundPlan::Wait(None) } else { RoundPlan::Nobody };
        };
        let pending = self.sources.iter().filter(|source| matches!(source.standing, ProviderState::Asked(_))).count();
        let asked = self.picks(stage, CALLS_AT_ONCE_MAX.saturating_sub(pending));
        if !asked.is_empty() {
            return RoundPlan::Ask(asked);
        }
        let overdue = self.sources.iter().filter(|source| self.is_awaited(source));
        RoundPlan::Wait(overdue.filter_map(|source| self.overdue_at(source)).min())
    }

    fn each(&self) -> impl Iterator<Item = (&'a WaterfallSource, FieldSet)> {
        self.sources.iter().zip(self.telling).map(|(source, fields)| (source, *fields))
    }

    fn settling(&self) -> impl Iterator<Item = (&'a WaterfallSource, FieldSet)> {
        self.sources.iter().zip(&self.settling).map(|(source, fields)| (source, *fields))
    }

    fn is_useful(&self, source: &WaterfallSource, fields: FieldSet) -> bool {
        (self.ask == AskPolicy::All && source.standing != ProviderState::Done)
            || worth(&self.stakes, fields, FieldSet::EMPTY) > 0
    }

    /// Whether a provider that would settle `fields` is likely enough to be needed once the others have answered.
    fn is_likely(&self, fields: FieldSet) -> bool {
        let places = |stake: &Influence| stake.is_placement && !stake.fields.intersection(fields).is_empty();
        self.likely.at_once_percent == 0
            || self.stakes.iter().any(places)
            || (self.likely.decisive_percent)(fields) >= self.likely.at_once_percent
    }

    /// Until when it is waited for before others are asked about the same.
    fn overdue_at(&self, source: &WaterfallSource) -> Option<Timestamp> {
        let ProviderState::Asked(at) = source.standing else { return None };
        Some(at.plus_ms(source.patience_ms.into()))
    }

    /// Those of a stage that are asked, at most `room`: again and again the one that tells most for its price of what
    /// nobody else is being asked. Of equal ones the first of the rubric. Who is not likely to be needed waits for the
    /// others, unless it is free; when there are none, the best of them is asked.
    fn picks(&self, stage: usize, room: usize) -> Vec<ProviderId> {
        let ready =
            self.settling().filter(|(source, _)| source.standing == ProviderState::Ready && source.stage == stage);
        if self.ask == AskPolicy::All {
            return ready.map(|(source, _)| source.id.clone()).take(room).collect();
        }
        let being_asked = || self.settling().filter(|(source, _)| self.is_awaited(source));
        let is_asking = being_asked().any(|(source, fields)| self.is_useful(source, fields));
        let mut covered = being_asked().fold(FieldSet::EMPTY, |covered, (_, fields)| covered.union(fields));
        let useful = ready.filter(|(_, fields)| worth(&self.stakes, *fields, covered) > 0);
        let mut left: Vec<(&WaterfallSource, FieldSet)> = useful.collect();
        let mut room = room;
        if left.len() > 1 || is_asking {
            let is_likely = |(source, fields): &(&WaterfallSource, FieldSet)| {
                source.cost_usd_micros == 0 || self.is_likely(*fields)
            };
            let likely: Vec<_> = left.iter().copied().filter(is_likely).collect();
            if likely.is_empty() && !is_asking {
                room = room.min(1);
            } else {
                left = likely;
            }
        }
        let mut picks: Vec<ProviderId> = Vec::new();
        while picks.len() < room {
            let mut best: Option<(u64, &WaterfallSource, FieldSet)> = None;
            for (source, fields) in left.iter().copied().filter(|(source, _)| !picks.contains(&source.id)) {
                let gain = worth(&self.stakes, fields, covered);
                let is_better = best.is_none_or(|(best_gain, best_source, _)| {
                    more_for_the_price((gain, source), (best_gain, best_source))
                });
                if gain > 0 && is_better {
                    best = Some((gain, source, fields));
                }
            }
            let Some((_, source, fields)) = best else { break };
            picks.push(source.id.clone());
            covered = covered.union(fields);
        }
        picks
    }
}

/// Weight of the stakes that depend on one of `fields` which is not in `covered`.
fn worth(stakes: &[Influence], fields: FieldSet, covered: FieldSet) -> u64 {
    let told = stakes.iter().filter(|stake| !stake.fields.intersection(fields).without(covered).is_empty());
    told.map(|stake| u64::from(stake.weight)).fold(0, u64::saturating_add)
}

/// Whether one gain is more than another for what it costs. What is free is always more, the larger gain of two free ones.
fn more_for_the_price((gain, source): (u64, &WaterfallSource), (other_gain, other): (u64, &WaterfallSource)) -> bool {
    match (source.cost_usd_micros, other.cost_usd_micros) {
        (0, 0) => gain > other_gain,
        (0, _) => true,
        (_, 0) => false,
        (cost, other_cost) => {
            u128::from(gain).saturating_mul(other_cost.into()) > u128::from(other_gain).saturating_mul(cost.into())
        }
    }
}
