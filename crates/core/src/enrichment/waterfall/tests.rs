use super::*;
use crate::facts::{Fact, FactValue};
use crate::rubric::check::check;
use serde_json::json;

/// Employees are worth up to 30 points, the country and the industry 5 each; 20 are a hot lead. Rejected when a competitor.
fn rubric(ask: &str, prefer: &str) -> Rubric {
    let file = json!({
        "name": "test",
        "groups": {"fit": {}},
        "criteria": [
            {"id": "size", "group": "fit", "when": {"fact": "company.employees", "at_least": 500}, "points": 30},
            {"id": "country", "group": "fit", "when": {"fact": "company.country", "equals": "us"}, "points": 5},
            {"id": "industry", "group": "fit", "when": {"fact": "company.industry", "equals": "software"}, "points": 5},
            {"id": "senior", "group": "fit", "when": {"fact": "person.seniority", "equals": "vp"}, "points": 10}
        ],
        "tiers": [{"id": "A", "at_least": 20, "sla_minutes": 5}, {"id": "B", "sla_minutes": 60}],
        "overrides": [{"id": "rival", "when": {"fact": "account.status", "equals": "competitor"}, "reject": true}],
        "fallback": {"team": "sales"},
        "enrichment": {"stages": [], "ask": ask, "prefer": prefer}
    });
    check(&serde_json::from_value(file).unwrap()).unwrap()
}

fn source(id: &str, stage: usize, cost_usd_micros: u32, fills: &[Field]) -> WaterfallSource {
    WaterfallSource {
        id: ProviderId::new(id).unwrap(),
        stage,
        first_party: id == "directory",
        fills: fills.iter().copied().collect(),
        needs: FieldSet::EMPTY,
        cost_usd_micros,
        patience_ms: 1_000,
        standing: ProviderState::Ready,
    }
}

fn with(facts: &mut Facts, provider: &str, field: Field, value: FactValue) {
    let provider = ProviderId::new(provider).unwrap();
    assert!(facts.set(field, Fact { value, provider, at: Timestamp::from_ms(0) }));
}

/// A lead of a company that is known by its address.
fn facts() -> Facts {
    let mut facts = Facts::default();
    with(&mut facts, "form", Field::CompanyDomain, FactValue::Text("acme.example".to_owned()));
    facts
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn step(ask: &str, facts: &Facts, sources: &[WaterfallSource], now_ms: i64) -> WaterfallStep {
    step_with(&rubric(ask, "speed"), facts, sources, now_ms)
}

fn step_with(rubric: &Rubric, facts: &Facts, sources: &[WaterfallSource], now_ms: i64) -> WaterfallStep {
    next(WaterfallInput { rubric, facts, sources, has_owner: false, decided_at: at(0), now: at(now_ms) })
}

fn asked(ids: &[&str]) -> WaterfallStep {
    WaterfallStep::Ask(ids.iter().map(|id| ProviderId::new(id).unwrap()).collect())
}

fn stop(reason: &str, saved: u32) -> WaterfallStep {
    WaterfallStep::Stop { reason: reason.to_owned(), saved }
}

const SIZE: Field = Field::CompanyEmployees;
const COUNTRY: Field = Field::CompanyCountry;
const SENIORITY: Field = Field::PersonSeniority;

#[test]
fn of_two_that_know_the_same_the_one_that_tells_more_for_its_price_is_asked() {
    let cheap = source("cheap", 0, 10_000, &[SIZE, COUNTRY]);
    let dear = source("dear", 0, 20_000, &[SIZE, COUNTRY]);
    assert_eq!(step("needed", &facts(), &[dear.clone(), cheap.clone()], 0), asked(&["cheap"]));
    let small = source("small", 0, 10_000, &[COUNTRY]);
    assert_eq!(step("needed", &facts(), &[small.clone(), dear.clone()], 0), asked(&["dear"]), "30 points for 2 cents");
    let free = source("a_free_one", 0, 0, &[COUNTRY]);
    assert_eq!(step("needed", &facts(), &[dear.clone(), free], 0), asked(&["a_free_one", "dear"]));
    let person = source("person", 0, 90_000, &[SENIORITY]);
    assert_eq!(step("needed", &facts(), &[dear.clone(), person.clone()], 0), asked(&["dear", "person"]));
    assert_eq!(step("all", &facts(), &[dear, cheap, small, person], 0), asked(&["dear", "cheap", "small", "person"]));
}

#[test]
fn what_another_would_overrule_is_asked_for_when_that_one_knows_nothing_or_takes_long() {
    let cheap = source("abstract_company", 0, 10_000, &[SIZE]);
    let believed = source("zoominfo_company", 1, 200_000, &[SIZE]);
    let sources = [cheap.clone(), believed.clone()];
    assert_eq!(step("needed", &facts(), &sources, 0), asked(&["zoominfo_company"]), "the other would settle nothing");
    assert_eq!(step("missing", &facts(), &sources, 0), asked(&["abstract_company"]), "the first answer counts");
    let pending = [cheap.clone(), WaterfallSource { standing: ProviderState::Asked(at(0)), ..believed.clone() }];
    assert_eq!(step("needed", &facts(), &pending, 999), WaterfallStep::Wait(Some(at(1_000))));
    assert_eq!(step("needed", &facts(), &pending, 1_000), asked(&["abstract_company"]));
    let knows_nothing = [cheap.clone(), WaterfallSource { standing: ProviderState::Done, ..believed.clone() }];
    assert_eq!(step("needed", &facts(), &knows_nothing, 1), asked(&["abstract_company"]));
    let cannot = [cheap, WaterfallSource { standing: ProviderState::Waiting, ..believed }];
    assert_eq!(step("needed", &facts(), &cannot, 1), asked(&["abstract_company"]));
}

#[test]
fn who_hardly_ever_decides_is_asked_when_the_others_have_answered_unless_speed_is_preferred() {
    // Five points decide when everything else comes to between 15 and 19: one lead of eight.
    let size = source("size", 0, 10_000, &[SIZE, Field::CompanyIndustry]);
    let country = source("country", 0, 10_000, &[COUNTRY]);
    let person = source("person", 0, 90_000, &[SENIORITY]);
    let sources = [size.clone(), country.clone(), person.clone()];
    let step = |prefer, facts: &Facts, sources: &[WaterfallSource], now| {
        step_with(&rubric("needed", prefer), facts, sources, now)
    };
    assert_eq!(step("speed", &facts(), &sources, 0), asked(&["size", "country", "person"]));
    assert_eq!(step("balance", &facts(), &sources, 0), asked(&["size"]));
    assert_eq!(step("cost", &facts(), &sources, 0), asked(&["size"]));
    let pending =
        [WaterfallSource { standing: ProviderState::Asked(at(0)), ..size.clone() }, country.clone(), person.clone()];
    assert_eq!(step("balance", &facts(), &pending, 999), WaterfallStep::Wait(Some(at(1_000))));
    assert_eq!(step("balance", &facts(), &pending, 1_000), asked(&["country"]), "whoever is overdue holds nobody back");
    let free = WaterfallSource { cost_usd_micros: 0, ..country.clone() };
    assert_eq!(step("balance", &facts(), &[size.clone(), free], 0), asked(&["country", "size"]));
    let answered = [WaterfallSource { standing: ProviderState::Done, ..size }, country, person];
    assert_eq!(step("balance", &facts(), &answered, 1), stop("tier_settled", 2), "15 points at most");
    let mut known = facts();
    with(&mut known, "directory", Field::CompanyIndustry, FactValue::Text("software".to_owned()));
    assert_eq!(step("balance", &known, &answered, 1), asked(&["country", "person"]), "both are needed for 20");
}

#[test]
fn equal_ones_are_asked_in_the_order_of_the_rubric() {
    let sources = ["one", "two"].map(|id| source(id, 0, 5, &[SIZE]));
    assert_eq!(step("needed", &facts(), &sources, 0), asked(&["one"]));
}

#[test]
fn nobody_is_asked_about_what_no_rule_reads() {
    let sources = [source("names", 0, 0, &[Field::CompanyName])];
    assert_eq!(step("needed", &facts(), &sources, 0), stop("nothing_open", 1));
    assert_eq!(step("all", &facts(), &sources, 0), asked(&["names"]));
}

#[test]
fn asking_ends_when_no_answer_can_change_the_tier() {
    let mut facts = facts();
    let sources = [source("small", 0, 1, &[COUNTRY]), source("person", 0, 1, &[SENIORITY])];
    assert_eq!(step("needed", &facts, &sources, 0), stop("tier_settled", 2), "15 points are no hot lead");
    let sources = [source("size", 0, 1, &[SIZE]), source("person", 0, 1, &[SENIORITY])];
    with(&mut facts, "directory", SIZE, FactValue::Number(900));
    assert_eq!(
        step("needed", &facts, &sources, 0),
        stop("tier_settled", 2),
        "nobody is believed more than the directory"
    );
}

#[test]
fn what_is_known_is_looked_up_again_only_where_another_is_believed_more() {
    let mut facts = facts();
    with(&mut facts, "pdl_company", SIZE, FactValue::Number(900));
    let less = source("abstract_company", 0, 1, &[SIZE]);
    let more = source("zoominfo_company", 0, 1, &[SIZE]);
    assert_eq!(step("needed", &facts, std::slice::from_ref(&less), 0), stop("nothing_open", 1));
    assert_eq!(step("needed", &facts, &[less, more.clone()], 0), asked(&["zoominfo_company"]));
    assert_eq!(step("missing", &facts, std::slice::from_ref(&more), 0), stop("nothing_open", 1));
    with(&mut facts, "form", SIZE, FactValue::Number(900));
    assert_eq!(step("missing", &facts, &[more], 0), asked(&["zoominfo_company"]), "what a form says is not found");
}

#[test]
fn the_own_data_are_asked_first_and_waited_for() {
    let own = source("directory", 0, 0, &[Field::AccountStatus, Field::AccountOwned]);
    let size = source("size", 1, 1, &[SIZE]);
    assert_eq!(step("needed", &facts(), &[size.clone(), own.clone()], 0), asked(&["directory"]));
    let pending = WaterfallSource { standing: ProviderState::Asked(at(0)), ..own };
    assert_eq!(step("needed", &facts(), &[size.clone(), pending.clone()], 999), WaterfallStep::Wait(Some(at(1_000))));
    assert_eq!(step("needed", &facts(), &[size, pending.clone()], 1_000), asked(&["size"]));
    let owner = WaterfallSource { fills: FieldSet::EMPTY.with(Field::AccountOwned), ..pending };
    let small = source("small", 1, 1, &[COUNTRY]);
    assert_eq!(step("needed", &facts(), &[small, owner], 5_000), WaterfallStep::Wait(None), "it may name an owner");
}

#[test]
fn a_stage_waits_for_the_one_before_as_long_as_that_usually_takes() {
    let first = WaterfallSource { standing: ProviderState::Asked(at(0)), ..source("first", 0, 1, &[SIZE]) };
    let second = source("second", 1, 1, &[SIZE]);
    let sources = [first.clone(), second.clone()];
    assert_eq!(step("needed", &facts(), &sources, 0), WaterfallStep::Wait(Some(at(1_000))));
    assert_eq!(step("needed", &facts(), &sources, 999), WaterfallStep::Wait(Some(at(1_000))));
    assert_eq!(step("needed", &facts(), &sources, 1_000), asked(&["second"]));
    let both = [first.clone(), WaterfallSource { standing: ProviderState::Asked(at(1_000)), ..second.clone() }];
    assert_eq!(step("needed", &facts(), &both, 1_500), WaterfallStep::Wait(Some(at(2_000))));
    assert_eq!(step("needed", &facts(), &both, 2_000), WaterfallStep::Wait(None), "both may still answer");
    let answered = [WaterfallSource { standing: ProviderState::Done, ..first }, second];
    assert_eq!(step("needed", &facts(), &answered, 1), asked(&["second"]), "the first knew nothing");
}

#[test]
fn no_more_calls_at_once_than_the_platform_takes() {
    let sources: Vec<WaterfallSource> = (0..8).map(|n| source(&format!("p{n}"), 0, 1, &[SIZE])).collect();
    let WaterfallStep::Ask(ids) = step("all", &facts(), &sources, 0) else { panic!("nobody is asked") };
    assert_eq!(ids.len(), CALLS_AT_ONCE_MAX);
    let mut sources = sources;
    for source in sources.iter_mut().take(5) {
        source.standing = ProviderState::Asked(at(0));
    }
    assert_eq!(step("all", &facts(), &sources, 0), asked(&["p5"]));
    sources[5].standing = ProviderState::Asked(at(0));
    assert_eq!(step("all", &facts(), &sources, 0), WaterfallStep::Wait(Some(at(1_000))));
}

#[test]
fn a_person_is_looked_up_for_the_employer_whatever_the_tier() {
    let person = source("person", 0, 1, &[Field::CompanyDomain]);
    let company = WaterfallSource {
        standing: ProviderState::Waiting,
        needs: FieldSet::EMPTY.with(Field::CompanyDomain),
        ..source("company", 1, 1, &[COUNTRY])
    };
    let sources = [person, company];
    assert_eq!(step("needed", &Facts::default(), &sources, 0), asked(&["person"]), "the employer may have an owner");
    let mut rival = Facts::default();
    with(&mut rival, "directory", Field::AccountStatus, FactValue::Text("competitor".to_owned()));
    assert_eq!(step("needed", &rival, &sources, 0), stop("disqualified", 1));
}

#[test]
fn a_provider_that_unlocks_another_is_worth_what_that_one_tells() {
    let unlocking = source("unlocking", 0, 1, &[Field::CompanyName]);
    let company = WaterfallSource {
        standing: ProviderState::Waiting,
        needs: FieldSet::EMPTY.with(Field::CompanyName),
        ..source("company", 1, 1, &[SIZE])
    };
    assert_eq!(step("needed", &facts(), &[unlocking.clone(), company], 0), asked(&["unlocking"]));
    assert_eq!(step("needed", &facts(), &[unlocking], 0), stop("nothing_open", 1));
}

#[test]
fn without_providers_there_is_nothing_to_ask() {
    assert_eq!(step("needed", &facts(), &[], 0), stop("nothing_open", 0));
    assert_eq!(step("all", &facts(), &[], 0), stop("exhausted", 0));
}
