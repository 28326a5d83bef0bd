//! One pick against the size of the team: the decision alone, with its bookkeeping, and with its explanation.
//!
//! Budget for the decision with bookkeeping: 0.5, 1, 20 and 300 µs for 10, 50, 1,000 and 10,000 reps, whatever
//! the history. Run with `cargo bench -p lead-router-core --bench pick`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "the input is made up here, so a mistake in it should stop the bench"
)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lead_router_core::id::{LeadId, RepId, TeamId, TierId};
use lead_router_core::roster::calendar::Calendar;
use lead_router_core::roster::model::{Needs, PickKind, PickRequest, Pool};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::time::Timestamp;
use serde_json::json;
use std::hint::black_box;

const SIZES: [usize; 4] = [10, 50, 1_000, 10_000];
const STRATEGIES: [&str; 4] = ["fair_and_able", "weighted", "least_loaded", "best_fit"];
const ZONES: [&str; 4] = ["Europe/Berlin", "Europe/London", "Europe/Lisbon", "Africa/Johannesburg"];

/// A team whose reps differ in everything: zone, weight, load, cap, record, languages; some are away or full.
fn pool(reps: usize, strategy: &str) -> Pool {
    let week = ["mon", "tue", "wed", "thu", "fri"];
    let entries: Vec<serde_json::Value> = (0..reps)
        .map(|i| {
            json!({
                "id": format!("rep-{i:05}"),
                "time_zone": ZONES[i % ZONES.len()],
                "hours": [{"days": week, "from": "08:00", "to": "12:00"}, {"days": week, "from": "12:30", "to": "18:00"}],
                "leave": if i % 11 == 3 { json!([{"from": "2026-06-01", "until": "2026-06-30"}]) } else { json!([]) },
                "languages": if i % 3 == 0 { json!([]) } else { json!(["en", (["de", "fr", "es"][i % 3])]) },
                "capacity": if i % 2 == 0 { json!({"open_leads": 60 + i % 50, "per_day": 1_000_000}) } else { json!({}) },
                "open_leads": (i * 37) % 70,
                "recent": {"worked_in_time": 12 + (i * 7) % 19, "of": 30},
                "status": (["online", "online", "online", "away"][i % 4]),
            })
        })
        .collect();
    let members: Vec<_> = (0..reps).map(|i| json!({"rep_id": format!("rep-{i:05}"), "weight": 1 + i % 4})).collect();
    let by_id: serde_json::Map<_, _> =
        entries.into_iter().map(|rep| (rep["id"].as_str().unwrap().to_owned(), rep)).collect();
    let team = json!({"id": "team", "strategy": strategy, "members": members});
    serde_json::from_value(json!({"teams": {"team": team}, "reps": by_id, "states": {}})).unwrap()
}

fn request(at: &str, language: Option<&str>) -> PickRequest {
    PickRequest {
        lead_id: LeadId::new("lead-1").unwrap(),
        team: TeamId::new("team").unwrap(),
        tier: TierId::new("A").unwrap(),
        sla_minutes: 15,
        needs: Needs { language: language.map(str::to_owned), ..Needs::default() },
        kind: PickKind::Rotation,
        exclude: Vec::new(),
        now: at.parse().unwrap(),
        seed: 7,
    }
}

const TUESDAY_MORNING: &str = "2026-06-09T08:30:00Z";

fn sizes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pick");
    for reps in SIZES {
        let ask = request(TUESDAY_MORNING, None);
        let (mut pool, problems) = PreparedPool::new(pool(reps, "fair_and_able"));
        assert_eq!(problems, vec![]);
        group.bench_function(BenchmarkId::new("decide", reps), |b| b.iter(|| pool.decide(black_box(&ask))));
        group.bench_function(BenchmarkId::new("explain", reps), |b| b.iter(|| pool.pick(black_box(&ask))));
        let before = pool.states().clone();
        group.bench_function(BenchmarkId::new("assign", reps), |b| b.iter(|| pool.assign(black_box(&ask))));
        pool.restore(before);
        let german = request(TUESDAY_MORNING, Some("de"));
        group.bench_function(BenchmarkId::new("decide_language", reps), |b| b.iter(|| pool.decide(black_box(&german))));
        let night = request("2026-06-09T01:30:00Z", None);
        group
            .bench_function(BenchmarkId::new("decide_next_shift", reps), |b| b.iter(|| pool.decide(black_box(&night))));
    }
    group.finish();
}

fn strategies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pick_strategy");
    for strategy in STRATEGIES {
        let (pool, _) = PreparedPool::new(pool(1_000, strategy));
        let ask = request(TUESDAY_MORNING, Some("de"));
        group.bench_function(strategy, |b| b.iter(|| pool.decide(black_box(&ask))));
    }
    group.finish();
}

fn calendars(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("calendar");
    let pool = pool(10, "fair_and_able");
    let rep = &pool.reps[&RepId::new("rep-00000").unwrap()];
    let calendar = Calendar::compile(rep).unwrap();
    let at: Timestamp = TUESDAY_MORNING.parse().unwrap();
    let saturday: Timestamp = "2026-06-06T13:00:00Z".parse().unwrap();
    group.bench_function("compile", |b| b.iter(|| Calendar::compile(black_box(rep))));
    group.bench_function("is_working", |b| b.iter(|| calendar.is_working(black_box(at))));
    group.bench_function("window", |b| b.iter(|| calendar.window(black_box(at))));
    group.bench_function("add_an_hour_over_a_weekend", |b| {
        b.iter(|| calendar.add_working_minutes(black_box(saturday), 60))
    });
    group.finish();
}

criterion_group!(benches, sizes, strategies, calendars);
criterion_main!(benches);
