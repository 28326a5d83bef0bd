//! Random rubrics, providers and leads: whoever is not asked could not have changed where the lead goes.

use crate::rubric_kit::{now, rubric};
use crate::rubric_random::{Dice, WORLD, rubric as random_rubric};
use lead_router_core::decision::plan::{Plan, plan};
use lead_router_core::enrichment::provider::merge::{Facted, trust};
use lead_router_core::enrichment::provider::merge_readings;
use lead_router_core::enrichment::waterfall::{ProviderState, WaterfallInput, WaterfallSource, WaterfallStep, next};
use lead_router_core::facts::{Fact, FactValue, Facts, Field, FieldSet};
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::Rubric;

const WORLDS: u64 = 3_000;

/// Real ids, since these are what trust goes by.
const PROVIDERS: &[&str] = &[
    "abstract_company",
    "apollo_company",
    "builtwith",
    "hunter_company",
    "pdl_company",
    "pdl_person",
    "zoominfo_company",
];

/// A provider and what it will say.
struct Provider {
    source: WaterfallSource,
    reading: Facted,
}

fn provider(dice: &mut Dice, id: &str, stage: usize) -> Provider {
    let id = ProviderId::new(id).unwrap();
    let fields: Vec<_> = WORLD.iter().filter(|(field, _)| field.path().starts_with("company.")).collect();
    let fills: Vec<_> = fields.into_iter().filter(|_| dice.one_in(2)).collect();
    let mut reading = Vec::new();
    for (field, values) in &fills {
        if dice.one_in(3) {
            continue;
        }
        let value: FactValue = serde_json::from_str(dice.pick::<&str>(values)).unwrap();
        reading.push((*field, Fact { value, provider: id.clone(), at: now() }));
    }
    let source = WaterfallSource {
        id,
        stage,
        first_party: false,
        fills: fills.iter().map(|(field, _)| *field).collect(),
        needs: FieldSet::EMPTY,
        cost_usd_micros: (dice.below(4) * 10_000) as u32,
        patience_ms: 100,
        standing: ProviderState::Ready,
    };
    Provider { source, reading }
}

fn lead(dice: &mut Dice) -> Facts {
    let mut facts = Facts::default();
    let form = ProviderId::new("form").unwrap();
    let mut set = |field: Field, value: FactValue| {
        assert!(facts.set(field, Fact { value, provider: form.clone(), at: now() }));
    };
    set(Field::CompanyDomain, FactValue::Text("acme.example".to_owned()));
    for (field, values) in WORLD {
        if dice.one_in(3) {
            set(*field, serde_json::from_str(dice.pick::<&str>(values)).unwrap());
        }
    }
    facts
}

/// Where a lead goes, and what the rep must bring. An owner gets it whatever the team, unless an override says otherwise.
fn placement(plan: &Plan, has_owner: bool) -> String {
    let team = (!has_owner || plan.ignore_account_owner).then_some(&plan.team);
    let tier = plan.rejected.is_none().then_some((&plan.score.tier, team, &plan.rep, &plan.needs, plan.sla_minutes));
    format!("{:?} {tier:?}", plan.rejected)
}

/// Runs the waterfall; answers come in a random order, some after the others were given up on.
fn run(
    dice: &mut Dice,
    rubric: &Rubric,
    base: &Facts,
    providers: &[Provider],
    has_owner: bool,
) -> (Facts, usize, String) {
    let mut sources: Vec<WaterfallSource> = providers.iter().map(|provider| provider.source.clone()).collect();
    let mut readings: Vec<Facted> = Vec::new();
    let mut clock = now();
    let mut calls = 0;
    for _ in 0..100 {
        let facts = merge_readings(base, &readings);
        match next(WaterfallInput {
            rubric,
            facts: &facts,
            sources: &sources,
            has_owner,
            decided_at: now(),
            now: clock,
        }) {
            WaterfallStep::Stop { reason, .. } => return (facts, calls, reason),
            WaterfallStep::Ask(ids) => {
                assert!(!ids.is_empty());
                for id in ids {
                    let source = sources.iter_mut().find(|source| source.id == id).unwrap();
                    assert_eq!(source.standing, ProviderState::Ready, "asked once");
                    source.standing = ProviderState::Asked(clock);
                    calls += 1;
                }
            }
            WaterfallStep::Wait(until) => {
                if let Some(until) = until.filter(|_| dice.one_in(2)) {
                    assert!(until > clock, "time goes on");
                    clock = until;
                    continue;
                }
                let pending: Vec<usize> =
                    (0..sources.len()).filter(|n| matches!(sources[*n].standing, ProviderState::Asked(_))).collect();
                let place = *dice.pick(&pending);
                sources[place].standing = ProviderState::Done;
                readings.push(providers[place].reading.clone());
                clock = clock.plus_ms(1);
            }
        }
    }
    panic!("the waterfall does not end");
}

#[test]
fn whoever_is_not_asked_could_not_have_changed_where_the_lead_goes() {
    let (mut asked, mut all, mut stopped_early) = (0, 0, 0);
    for seed in 0..WORLDS {
        let dice = &mut Dice::new(seed);
        let mut file = random_rubric(dice);
        file["enrichment"]["prefer"] = dice.pick(&["speed", "balance", "cost"]).to_owned().into();
        let rubric = rubric(&file);
        let base = lead(dice);
        let count = 1 + dice.below(PROVIDERS.len());
        let providers: Vec<Provider> = PROVIDERS
            .iter()
            .take(count)
            .map(|id| {
                let stage = dice.below(3);
                provider(dice, id, stage)
            })
            .collect();
        let everything: Vec<Facted> = providers.iter().map(|provider| provider.reading.clone()).collect();
        let has_owner = dice.one_in(3);
        let full = placement(&plan(&rubric, &merge_readings(&base, &everything), now()), has_owner);
        let (facts, calls, reason) = run(dice, &rubric, &base, &providers, has_owner);
        assert_eq!(
            placement(&plan(&rubric, &facts, now()), has_owner),
            full,
            "seed {seed}: {reason} after {calls} calls"
        );
        (asked, all) = (asked + calls, all + count);
        stopped_early += usize::from(calls < count);
    }
    assert!(asked * 10 < all * 8 && asked * 10 > all, "the property is about something: {asked} of {all} calls");
    assert!(stopped_early * 2 > WORLDS as usize, "{stopped_early}");
}

#[test]
fn readings_give_the_same_facts_in_every_order() {
    for seed in 0..200 {
        let dice = &mut Dice::new(seed);
        let base = lead(dice);
        let mut readings: Vec<Facted> = PROVIDERS.iter().map(|id| provider(dice, id, 0).reading).collect();
        let expected = merge_readings(&base, &readings);
        for turn in 0..readings.len() {
            let place = dice.below(readings.len());
            readings.swap(turn, place);
        }
        assert_eq!(merge_readings(&base, &readings), expected, "seed {seed}");
        for (field, fact) in expected.iter().filter(|(field, _)| field.path().starts_with("company.")) {
            let best = readings.iter().flatten().filter(|(other, _)| *other == field);
            let best = best.map(|(_, fact)| trust(&fact.provider, field)).max();
            assert!(best.is_none_or(|best| best <= trust(&fact.provider, field)), "seed {seed}: {field:?}");
        }
    }
}
