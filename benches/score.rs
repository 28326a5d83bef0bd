//! What scoring costs, against the budgets: 20 criteria with everything known 1.0 µs, with six unknown 3 µs; loading
//! 200 rules 2 ms. Then the cost against the number of rules and territories.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a bench may stop")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lead_router_core::facts::{Fact, FactValue, Facts, Field, FieldSet, Signal};
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::condition::Scope;
use lead_router_core::rubric::score::score;
use lead_router_core::rubric::stability::stability;
use lead_router_core::rubric::{Rubric, load};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::hint::black_box;

/// 2026-11-23T09:00:00Z.
fn now() -> Timestamp {
    Timestamp::from_ms(1_795_424_400_000)
}

fn shipped_file() -> Value {
    serde_json::from_str(include_str!("../rubric.json")).expect("JSON")
}

fn checked(file: &Value) -> Rubric {
    load(&file.to_string()).expect("a right rubric")
}

/// The shipped rubric with its first twenty criteria that the lead below makes interesting.
fn twenty() -> Rubric {
    let mut file = shipped_file();
    file["criteria"].as_array_mut().expect("a list").truncate(20);
    checked(&file)
}

/// A lead of which every field is known, but for `missing`.
fn lead(missing: &[Field]) -> Facts {
    let known = [
        (Field::LeadEmailKind, json!("business")),
        (Field::LeadEmailDomain, json!("sunforge-robotics.example")),
        (Field::LeadSource, json!("google_ads")),
        (Field::LeadForm, json!("demo")),
        (Field::LeadTitle, json!("Director of Revenue Operations")),
        (Field::LeadCompany, json!("Sunforge Robotics")),
        (Field::LeadMessage, json!("We need a replacement for our current tool by the end of the quarter.")),
        (Field::LeadCountry, json!("us")),
        (Field::LeadRegion, json!("ca")),
        (Field::LeadPostalCode, json!("94107")),
        (Field::LeadLanguage, json!("en")),
        (Field::LeadEmployees, json!(380)),
        (Field::LeadUtmSource, json!("google")),
        (Field::LeadUtmMedium, json!("cpc")),
        (Field::LeadUtmCampaign, json!("brand-us")),
        (Field::PersonTitle, json!("Director of Revenue Operations")),
        (Field::PersonSeniority, json!("director")),
        (Field::PersonFunction, json!("operations")),
        (Field::PersonEmployerDomain, json!("sunforge-robotics.example")),
        (Field::CompanyDomain, json!("sunforge-robotics.example")),
        (Field::CompanyName, json!("Sunforge Robotics")),
        (Field::CompanyEmployees, json!(380)),
        (Field::CompanyRevenueUsd, json!(88_000_000)),
        (Field::CompanyIndustry, json!("industrial")),
        (Field::CompanyCountry, json!("us")),
        (Field::CompanyRegion, json!("ca")),
        (Field::CompanyFoundedYear, json!(2009)),
        (Field::CompanyFundingUsd, json!(41_000_000)),
        (Field::CompanyTechnologies, json!(["hubspot", "segment", "snowflake"])),
        (Field::AccountNamed, json!(false)),
        (Field::AccountStatus, json!("prospect")),
        (Field::AccountOwned, json!(false)),
        (Field::AccountOpenDeal, json!(false)),
    ];
    let mut facts = Facts::default();
    for (field, value) in known.into_iter().filter(|(field, _)| !missing.contains(field)) {
        let value: FactValue = serde_json::from_value(value).expect("a value");
        facts.set(field, Fact { value, provider: ProviderId::new("directory").expect("an id"), at: now() });
    }
    for (signal, hours) in [("demo_request", 2), ("docs_visit", 30), ("pricing_page", 20)] {
        facts.signals.push(Signal { signal: signal.to_owned(), at: now().plus_minutes(-hours * 60) });
    }
    facts
}

const SIX: [Field; 6] = [
    Field::CompanyEmployees,
    Field::CompanyRevenueUsd,
    Field::CompanyIndustry,
    Field::CompanyFundingUsd,
    Field::PersonSeniority,
    Field::PersonFunction,
];

/// A file with so many criteria of several kinds.
fn file_with_rules(rules: usize) -> Value {
    let mut file = shipped_file();
    let shipped = file["criteria"].as_array().expect("a list").clone();
    let rule = |index: usize| {
        let mut rule = shipped[index % shipped.len()].clone();
        rule["id"] = json!(format!("rule_{index}"));
        rule
    };
    file["criteria"] = (0..rules).map(rule).collect();
    file
}

fn file_with_territories(territories: usize) -> Value {
    let mut file = shipped_file();
    let territory = |index: usize| {
        let prefixes = [format!("{:05}", index % 100_000), format!("A{index}")];
        let when = json!({"all": [{"fact": "lead.country", "equals": "us"}, {"fact": "lead.postal_code", "starts_with": prefixes}]});
        json!({"id": format!("t{index}"), "when": when})
    };
    file["territories"] = (0..territories).map(territory).collect();
    file["routes"] = json!([]);
    file
}

fn budgets(c: &mut Criterion) {
    let rubric = twenty();
    assert_eq!(rubric.criteria().len(), 20);
    let known = lead(&[]);
    assert!(score(&rubric, &known, now()).low == score(&rubric, &known, now()).high);
    c.bench_function("score/20 criteria, all known", |b| b.iter(|| score(&rubric, black_box(&known), now())));
    let unknown = lead(&SIX);
    let lines = score(&rubric, &unknown, now());
    assert!(lines.confidence_bp < 10_000, "{lines:?}");
    c.bench_function("score/20 criteria, 6 unknown", |b| b.iter(|| score(&rubric, black_box(&unknown), now())));
    let open: FieldSet = SIX.into_iter().collect();
    c.bench_function("settled/6 open", |b| b.iter(|| stability(&rubric, black_box(&unknown), open, false, now())));
    let text = file_with_rules(200).to_string();
    c.bench_function("load/200 rules", |b| b.iter(|| load(black_box(&text))));
}

fn growth(c: &mut Criterion) {
    let mut group = c.benchmark_group("rules");
    for rules in [10, 100, 1_000] {
        let rubric = checked(&file_with_rules(rules));
        for (name, facts) in [("known", lead(&[])), ("6 fields unknown", lead(&SIX))] {
            group.bench_with_input(BenchmarkId::new(name, rules), &rules, |b, _| {
                b.iter(|| score(&rubric, black_box(&facts), now()));
            });
        }
    }
    group.finish();
    let mut group = c.benchmark_group("territories");
    for territories in [10, 100, 1_000, 10_000] {
        let rubric = checked(&file_with_territories(territories));
        let facts = lead(&[]);
        let scope = Scope::at(now());
        group.bench_with_input(BenchmarkId::from_parameter(territories), &territories, |b, _| {
            b.iter(|| rubric.territory(black_box(&facts), &scope));
        });
    }
    group.finish();
}

criterion_group!(benches, budgets, growth);
criterion_main!(benches);
