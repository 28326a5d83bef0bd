//! The whole decision: plan, questions, pick, explanation, and everything that a record holds.
//!
//! Budget: 20 µs and 40 allocations with 20 criteria over 30 fields and 50 reps. Growth with rules, reps and territories
//! is measured too. Run with `cargo bench -p lead-router-core --bench route`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a bench may stop"
)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lead_router_core::decision::attempts::{AccountContext, RoutingContext};
use lead_router_core::decision::decide::{RecordDetail, count, decide};
use lead_router_core::decision::plan::plan;
use lead_router_core::decision::pools::Pools;
use lead_router_core::decision::record::{Decision, DecisionInputs, QueryResult};
use lead_router_core::facts::{Fact, FactKind, FactValue, Facts, Field};
use lead_router_core::id::{LeadId, ProviderId};
use lead_router_core::roster::model::{Rep, Team};
use lead_router_core::rubric::{Rubric, load};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts allocations.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; it only counts and passes on")]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const NOW: &str = "2026-06-09T08:30:00Z";
const WEEK: [&str; 5] = ["mon", "tue", "wed", "thu", "fri"];

/// A rubric whose criteria read thirty fields in turn; every second one has three bands. `territories` lie side by side,
/// and the lead lies in the last one.
fn rubric(criteria: usize, territories: usize) -> Rubric {
    let fields: Vec<Field> = Field::ALL.iter().copied().take(30).collect();
    let test = |field: Field, variant: usize| match field.kind() {
        FactKind::Flag => json!({"fact": field.path(), "equals": variant == 0}),
        FactKind::Number => json!({"fact": field.path(), "at_least": 1_000 >> variant}),
        FactKind::Text => json!({"fact": field.path(), "in": [format!("value{variant}"), "other", "another"]}),
        FactKind::Set => json!({"fact": field.path(), "has_any": [format!("value{variant}")]}),
    };
    let criterion = |index: usize| {
        let field = fields[index % fields.len()];
        let bands: Vec<Value> = (0..3).map(|band| json!({"when": test(field, 2 - band), "points": 3 + band})).collect();
        let group = ["fit", "intent"][index % 2];
        match index % 2 {
            0 => json!({"id": format!("c{index}"), "group": group, "when": test(field, 0), "points": 2}),
            _ => json!({"id": format!("c{index}"), "group": group, "bands": bands}),
        }
    };
    let territory = |index: usize| {
        let when = json!({"fact": "lead.postal_code", "starts_with": [format!("{index:05}")]});
        json!({"id": format!("t{index}"), "when": when})
    };
    let text = json!({
        "name": "bench",
        "groups": {"fit": {"max": 60}, "intent": {"max": 40}},
        "criteria": (0..criteria).map(criterion).collect::<Vec<_>>(),
        "tiers": [{"id": "A", "at_least": 40, "sla_minutes": 15}, {"id": "B", "at_least": 20, "sla_minutes": 60},
                  {"id": "C", "sla_minutes": 480}],
        "overrides": [{"id": "rival", "when": {"fact": "account.status", "equals": "competitor"}, "reject": true}],
        "territories": (0..territories).map(territory).collect::<Vec<_>>(),
        "routes": [{"id": "main", "team": "team"}],
        "fallback": {"team": "team"},
    });
    load(&text.to_string()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Thirty fields are known.
fn facts(postal_code: usize) -> Facts {
    let mut facts = Facts::default();
    let at: Timestamp = NOW.parse().unwrap();
    for field in Field::ALL.iter().take(30) {
        let value = match field.kind() {
            FactKind::Flag => FactValue::Flag(true),
            FactKind::Number => FactValue::Number(700),
            FactKind::Text => FactValue::Text("value1".to_owned()),
            FactKind::Set => FactValue::Set(vec!["value1".to_owned()]),
        };
        facts.set(*field, Fact { value, provider: ProviderId::new("form").unwrap(), at });
    }
    let language = FactValue::Text("en".to_owned());
    facts.set(Field::LeadLanguage, Fact { value: language, provider: ProviderId::new("form").unwrap(), at });
    let code = FactValue::Text(format!("{postal_code:05}"));
    facts.set(Field::LeadPostalCode, Fact { value: code, provider: ProviderId::new("form").unwrap(), at });
    facts
}

/// A team whose reps differ in zone, weight, load, cap and record; some are away.
fn pools(reps: usize) -> Pools {
    let zones = ["Europe/Berlin", "Europe/London", "Europe/Lisbon", "Africa/Johannesburg"];
    let rep = |i: usize| {
        json!({
            "id": format!("rep-{i:05}"), "name": format!("Rep {i}"), "time_zone": zones[i % 4],
            "hours": [{"days": WEEK, "from": "08:00", "to": "12:00"}, {"days": WEEK, "from": "12:30", "to": "18:00"}],
            "leave": if i % 11 == 3 { json!([{"from": "2026-06-01", "until": "2026-06-30"}]) } else { json!([]) },
            "languages": if i.is_multiple_of(3) { json!([]) } else { json!(["en", "de"]) },
            "capacity": {"open_leads": 60 + i % 50, "per_day": 1_000_000},
            "open_leads": (i * 37) % 50, "recent": {"worked_in_time": 12 + (i * 7) % 19, "of": 30},
        })
    };
    let reps: Vec<Rep> = (0..reps).map(|i| serde_json::from_value(rep(i)).unwrap()).collect();
    let members: Vec<Value> =
        reps.iter().enumerate().map(|(i, rep)| json!({"rep_id": rep.id, "weight": 1 + i % 4})).collect();
    let team: Team = serde_json::from_value(json!({"id": "team", "members": members})).unwrap();
    let (mut pools, problems) = Pools::new(&[team], &reps);
    assert_eq!(problems, vec![]);
    // A roster in use: everybody has a seat and open leads of every tier.
    let (rubric, facts) = (rubric(3, 1), facts(0));
    for _ in 0..reps.len().min(100) {
        let plan = plan(&rubric, &facts, NOW.parse().unwrap());
        let (_, asked) =
            decide(DecisionInputs::first(&plan, &AccountContext::default(), &context()), &pools, RecordDetail::Outcome);
        count(&mut pools, &plan, &context(), &asked);
    }
    pools
}

fn context() -> RoutingContext {
    let lead_id = LeadId::new("0123456789abcdef-0123456789-0123456789ab").unwrap();
    RoutingContext { lead_id, exclude: Vec::new(), now: NOW.parse().unwrap(), seed: 7 }
}

fn decision(rubric: &Rubric, facts: &Facts, pools: &Pools, detail: RecordDetail) -> (Decision, Vec<QueryResult>) {
    let context = context();
    let plan = plan(rubric, facts, context.now);
    decide(DecisionInputs::first(&plan, &AccountContext::default(), &context), pools, detail)
}

/// Allocations of one call, the mean of many.
fn allocations(mut call: impl FnMut()) -> u64 {
    const CALLS: u64 = 1_000;
    call();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..CALLS).for_each(|_| call());
    (ALLOCATIONS.load(Ordering::Relaxed) - before) / CALLS
}

fn whole(criterion: &mut Criterion) {
    let (rubric, facts, pools) = (rubric(20, 20), facts(19), pools(50));
    let (made, asked) = decision(&rubric, &facts, &pools, RecordDetail::Record);
    assert!(made.assignment.is_some() && asked[0].states.len() == 50);
    let now: Timestamp = NOW.parse().unwrap();
    println!("allocations per decision, 20 criteria, 50 reps:");
    println!("  plan               {}", allocations(|| drop(black_box(plan(&rubric, &facts, now)))));
    for (name, detail) in [("outcome", RecordDetail::Outcome), ("with the record", RecordDetail::Record)] {
        let count = allocations(|| drop(black_box(decision(&rubric, &facts, &pools, detail))));
        println!("  {name:<18} {count}");
    }
    let mut group = criterion.benchmark_group("route");
    group.bench_function("plan", |b| b.iter(|| plan(black_box(&rubric), black_box(&facts), now)));
    for (name, detail) in [("outcome", RecordDetail::Outcome), ("record", RecordDetail::Record)] {
        group.bench_function(name, |b| b.iter(|| decision(black_box(&rubric), black_box(&facts), &pools, detail)));
    }
    group.finish();
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("route_growth");
    let few = pools(10);
    for rules in [10, 100, 1_000] {
        let (rubric, facts) = (rubric(rules, 10), facts(9));
        group.bench_function(BenchmarkId::new("rules", rules), |b| {
            b.iter(|| decision(black_box(&rubric), black_box(&facts), &few, RecordDetail::Outcome));
        });
    }
    for territories in [10, 100, 1_000, 10_000] {
        let (rubric, facts) = (rubric(20, territories), facts(territories - 1));
        group.bench_function(BenchmarkId::new("territories", territories), |b| {
            b.iter(|| decision(black_box(&rubric), black_box(&facts), &few, RecordDetail::Outcome));
        });
    }
    let (rubric, facts) = (rubric(20, 10), facts(9));
    for reps in [10, 100, 1_000, 10_000] {
        let pools = pools(reps);
        for (name, detail) in [("reps_outcome", RecordDetail::Outcome), ("reps_record", RecordDetail::Record)] {
            group.bench_function(BenchmarkId::new(name, reps), |b| {
                b.iter(|| decision(black_box(&rubric), black_box(&facts), &pools, detail));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, whole, growth);
criterion_main!(benches);
