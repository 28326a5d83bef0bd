//! How providers fared, counted from the records of decisions.

use crate::decision::record::{EnrichmentSummary, ProviderCall};
use crate::enrichment::provider::{Offer, SubjectKind};
use crate::enrichment::waterfall::hedging::Hedge;
use crate::enrichment::waterfall::latency::percentile;
use crate::enrichment::waterfall::results::{FOUND, NOT_FOUND, is_call};
use crate::rubric::file::LimitFile;
use serde::Serialize;
use std::collections::BTreeMap;

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderUsage {
    /// Id.
    pub id: String,
    /// Name of the vendor.
    pub vendor: String,
    /// What it is asked about.
    pub kind: SubjectKind,
    /// Whether its key is set, when it takes one.
    pub is_set_up: bool,
    /// Stage of the rubric in force that asks it, from 1; `None` when none does.
    pub stage: Option<usize>,
    /// Calls for the lead itself, hedge requests among them.
    pub calls: u32,
    /// Of the calls, hedge requests because an answer took long. What such a question found may be charged twice.
    pub asked_twice: u32,
    /// Of the calls, hedge requests because a first one failed.
    pub tried_again: u32,
    /// Questions that found a record.
    pub found: u32,
    /// Questions that found nothing.
    pub not_found: u32,
    /// Questions that shared the call of another lead.
    pub shared: u32,
    /// Questions without an answer, by code.
    pub failed: BTreeMap<String, u32>,
    /// Of the questions that were answered, those that found a record, in percent; `None` when none was.
    pub hit_percent: Option<u32>,
    /// Half of the answers came within this time, in milliseconds.
    pub p50_ms: Option<u32>,
    /// Nineteen of twenty answers came within this time, in milliseconds.
    pub p95_ms: Option<u32>,
    /// Price of the records that were found in time, in millionths of a US dollar, as the description has it; of those that
    /// were asked for twice, twice the price, which is the most that they cost. What came too late for its lead is not known
    /// here.
    pub cost_usd_micros: u64,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvidersReport {
    /// Decisions that were counted.
    pub leads: u32,
    /// Calls.
    pub calls: u32,
    /// Calls that were not made because no answer could have changed the decision.
    pub calls_saved: u32,
    /// The same by why asking ended: `owned`, `override`, `disqualified`, `tier_settled`, `nothing_open` …
    pub calls_saved_by_reason: BTreeMap<String, u32>,
    /// Calls that were not made because the answer was in the cache.
    pub calls_cached: u32,
    /// Price of all records that were found, in millionths of a US dollar.
    pub cost_usd_micros: u64,
    /// The same for one lead; `None` without leads.
    pub cost_usd_micros_per_lead: Option<u64>,
    /// By provider, in the order of their ids.
    pub providers: Vec<ProviderUsage>,
}

/// The report, who is not called at the moment, and how far the limits of the rubric are used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvidersAnswer {
    /// The report.
    #[serde(flatten)]
    pub report: ProvidersReport,
    /// By provider, in how many of the 16 lookup objects it is not called at the moment, after failures or because it asked
    /// for a pause; empty when all are well.
    pub circuits_open: BTreeMap<String, u32>,
    /// By provider, for those with a limit in the rubric.
    pub limited: BTreeMap<String, LimitUse>,
}

/// How far a limit is used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LimitUse {
    /// The limit.
    pub limit: LimitFile,
    /// Calls since midnight UTC.
    pub calls_today: u32,
    /// Price of what was found since midnight UTC, in millionths of a US dollar.
    pub cost_usd_micros_today: u64,
}

/// Counts. `is_set_up` and `stage` are asked for each id.
#[must_use]
pub fn report(
    summaries: &[EnrichmentSummary],
    offers: impl Iterator<Item = Offer>,
    is_set_up: impl Fn(Offer) -> bool,
    stage: impl Fn(&str) -> Option<usize>,
) -> ProvidersReport {
    let mut calls: BTreeMap<&str, Vec<&ProviderCall>> = BTreeMap::new();
    for call in summaries.iter().flat_map(|summary| &summary.calls) {
        calls.entry(call.provider.as_str()).or_default().push(call);
    }
    let one = |offer: Offer| {
        let head = (is_set_up(offer), stage(offer.id()));
        counted(offer, head, calls.get(offer.id()).map_or(&[][..], Vec::as_slice))
    };
    let providers: Vec<ProviderUsage> = offers.map(one).collect();
    let saved = summaries.iter().map(|summary| summary.providers_skipped);
    let cached = summaries.iter().map(|summary| summary.providers_cached);
    let cost_usd_micros = providers.iter().fold(0_u64, |sum, provider| sum.saturating_add(provider.cost_usd_micros));
    ProvidersReport {
        leads: u32::try_from(summaries.len()).unwrap_or(u32::MAX),
        calls: providers.iter().fold(0, |sum, provider| sum.saturating_add(provider.calls)),
        calls_saved: saved.fold(0, u32::saturating_add),
        calls_saved_by_reason: saved_by_reason(summaries),
        calls_cached: cached.fold(0, u32::saturating_add),
        cost_usd_micros,
        cost_usd_micros_per_lead: cost_usd_micros.checked_div(u64::try_from(summaries.len()).unwrap_or(u64::MAX)),
        providers,
    }
}

fn saved_by_reason(summaries: &[EnrichmentSummary]) -> BTreeMap<String, u32> {
    let mut by_reason: BTreeMap<String, u32> = BTreeMap::new();
    for summary in summaries.iter().filter(|summary| summary.providers_skipped > 0) {
        let saved = by_reason.entry(summary.stopped.clone()).or_default();
        *saved = saved.saturating_add(summary.providers_skipped);
    }
    by_reason
}

fn counted(offer: Offer, head: (bool, Option<usize>), calls: &[&ProviderCall]) -> ProviderUsage {
    let (is_set_up, stage) = head;
    let mut line = ProviderUsage {
        id: offer.id().to_owned(),
        vendor: offer.vendor().to_owned(),
        kind: offer.kind(),
        is_set_up,
        stage: stage.map(|stage| stage.saturating_add(1)),
        calls: 0,
        asked_twice: 0,
        tried_again: 0,
        found: 0,
        not_found: 0,
        shared: 0,
        failed: BTreeMap::new(),
        hit_percent: None,
        p50_ms: None,
        p95_ms: None,
        cost_usd_micros: 0,
    };
    let mut answered_ms = Vec::new();
    let mut charged = 0_u32;
    for call in calls {
        let of_hedge = match call.hedge {
            Some(Hedge::Slow) => Some(&mut line.asked_twice),
            Some(Hedge::Failed) => Some(&mut line.tried_again),
            None => None,
        };
        if let Some(count) = of_hedge {
            *count = count.saturating_add(1);
        }
        if call.result == FOUND {
            charged = charged.saturating_add(if call.hedge == Some(Hedge::Slow) { 2 } else { 1 });
        }
        let count = match call.result.as_str() {
            FOUND => &mut line.found,
            NOT_FOUND => &mut line.not_found,
            result if result.ends_with("_shared") => &mut line.shared,
            result => line.failed.entry(result.to_owned()).or_default(),
        };
        *count = count.saturating_add(1);
        if matches!(call.result.as_str(), FOUND | NOT_FOUND) {
            answered_ms.push(call.ms);
        }
    }
    line.p50_ms = percentile(answered_ms.clone(), 50);
    line.p95_ms = percentile(answered_ms, 95);
    let answered = line.found.saturating_add(line.not_found);
    line.hit_percent = line.found.saturating_mul(100).checked_div(answered);
    let failed = line.failed.iter().filter(|(code, _)| is_call(code));
    let questions = failed.fold(answered, |sum, (_, count)| sum.saturating_add(*count));
    line.calls = questions.saturating_add(line.asked_twice).saturating_add(line.tried_again);
    line.cost_usd_micros = u64::from(charged).saturating_mul(offer.cost_usd_micros().into());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(saved: u32, calls: &[(&str, &str, u32)]) -> EnrichmentSummary {
        let call = |(provider, result, ms): &(&str, &str, u32)| ProviderCall {
            provider: (*provider).to_owned(),
            result: (*result).to_owned(),
            ms: *ms,
            hedge: None,
        };
        let calls = calls.iter().map(call).collect();
        let stopped = "owned".to_owned();
        EnrichmentSummary {
            providers_skipped: saved,
            providers_cached: 1,
            stopped,
            calls,
            ..EnrichmentSummary::default()
        }
    }

    #[test]
    fn calls_are_counted_by_how_they_ended() {
        let summaries = [
            summary(0, &[("directory", "found", 2), ("pdl_company", "found", 100), ("pdl_person", "not_found", 300)]),
            summary(0, &[("pdl_company", "found_shared", 90), ("pdl_person", "timeout", 2_500)]),
            summary(2, &[("pdl_company", "circuit_open", 0)]),
        ];
        let is_set_up = |offer: Offer| offer.id() == "pdl_person";
        let report = report(&summaries, Offer::all(), is_set_up, |id| (id == "pdl_person").then_some(1));
        assert_eq!((report.leads, report.calls, report.calls_saved), (3, 3, 2));
        assert_eq!(report.cost_usd_micros_per_lead, Some(report.cost_usd_micros / 3));
        assert_eq!((report.calls_saved_by_reason["owned"], report.calls_cached), (2, 3));
        let of = |id: &str| report.providers.iter().find(|provider| provider.id == id).unwrap();
        let company = of("pdl_company");
        assert_eq!((company.calls, company.found, company.shared, company.hit_percent), (1, 1, 1, Some(100)));
        assert_eq!((company.p50_ms, company.p95_ms), (Some(100), Some(100)));
        assert_eq!(company.failed["circuit_open"], 1);
        let price = Offer::find("pdl_company").unwrap().cost_usd_micros();
        assert_eq!((company.cost_usd_micros, report.cost_usd_micros), (price.into(), price.into()));
        let person = of("pdl_person");
        assert_eq!((person.calls, person.not_found, person.hit_percent, person.stage), (2, 1, Some(0), Some(2)));
        assert!(person.is_set_up && !company.is_set_up);
        assert_eq!((of("apollo_person").calls, of("apollo_person").hit_percent), (0, None));
    }

    #[test]
    fn second_requests_are_calls_and_may_cost_as_much_as_the_first() {
        let mut summary = summary(0, &[("pdl_company", "found", 700), ("pdl_company", "found", 800)]);
        summary.calls[0].hedge = Some(Hedge::Slow);
        summary.calls[1].hedge = Some(Hedge::Failed);
        let report = report(&[summary], Offer::all(), |_| true, |_| None);
        let company = report.providers.iter().find(|provider| provider.id == "pdl_company").unwrap();
        assert_eq!((company.calls, company.asked_twice, company.tried_again), (4, 1, 1));
        assert_eq!((company.found, company.hit_percent), (2, Some(100)));
        let price = u64::from(Offer::find("pdl_company").unwrap().cost_usd_micros());
        assert_eq!(company.cost_usd_micros, 3 * price, "a request that failed is not charged");
    }
}
