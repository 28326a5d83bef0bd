//! Picks: every gate, every strategy, every kind of question.

use crate::roster_support::{
    TUESDAY, ask, at, counts, due_at, excluded, hand_out, owner, picked, pool, prepared, question, rep_id, seats,
    winner,
};
use lead_router_core::id::{TeamId, TerritoryId, TierId};
use lead_router_core::roster::model::{Needs, PickKind, PickOutcome, PickRequest};
use lead_router_core::roster::pick::pick;
use lead_router_core::roster::prepared::PreparedPool;
use serde_json::{Value, json};

fn wake_at(outcome: &PickOutcome) -> Option<String> {
    match outcome {
        PickOutcome::Nobody { wake_at } => wake_at.map(|wake| wake.to_string()),
        PickOutcome::Picked { .. } => panic!("somebody was picked: {outcome:?}"),
    }
}

fn reason(outcome: &PickOutcome) -> &str {
    match outcome {
        PickOutcome::Picked { reason, .. } => reason,
        PickOutcome::Nobody { .. } => panic!("nobody was picked"),
    }
}

const DAY: &str = r#"[{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}]"#;

fn day() -> Value {
    serde_json::from_str(DAY).unwrap()
}

#[test]
fn a_rep_who_ignores_everything_stands_aside_for_one_who_is_online() {
    let mut pool = prepared(
        json!({}),
        json!([
            {"id": "a", "open_leads": 200, "recent": {"worked_in_time": 0, "of": 30}},
            {"id": "b", "open_leads": 40, "recent": {"worked_in_time": 27, "of": 30}, "status": "online"},
        ]),
    );
    for lead in 0..50 {
        let request = ask(lead, at(TUESDAY).plus_minutes(i64::try_from(lead).unwrap()));
        let answer = pool.pick(&request);
        assert_eq!(winner(&answer), Some("b"));
        assert_eq!(excluded(&answer), vec![("a", "unresponsive")]);
        assert_eq!(reason(&answer.outcome), "only_one_eligible");
        pool.apply(&request, &answer);
    }
    assert_eq!(pool.states()[&rep_id("b")].open_leads, 90);
}

#[test]
fn an_unresponsive_rep_is_better_than_nobody() {
    let pool = prepared(
        json!({}),
        json!([{"id": "a", "recent": {"worked_in_time": 0, "of": 30}}, {"id": "b", "active": false}]),
    );
    let answer = pool.pick(&question());
    assert_eq!((winner(&answer), excluded(&answer)), (Some("a"), vec![("b", "inactive")]));
}

#[test]
fn shares_that_were_set_by_hand_are_not_corrected() {
    for strategy in ["weighted", "round_robin"] {
        let mut pool = prepared(
            json!({"strategy": strategy}),
            json!([{"id": "a", "recent": {"worked_in_time": 0, "of": 30}, "status": "offline"}, {"id": "b"}]),
        );
        assert_eq!(hand_out(&mut pool, 10, at(TUESDAY)), counts(&[("a", 5), ("b", 5)]), "{strategy}");
    }
}

/// Each rep is shut out by one gate and by every later one, so the order of the gates shows.
#[test]
fn the_first_gate_that_is_shut_is_the_reason() {
    let mut rep = json!({
        "active": false, "time_zone": "Mars", "hours": [{"days": ["sun"], "from": "09:00", "to": "10:00"}],
        "leave": [{"from": "2026-06-01"}], "languages": ["fr"], "territories": ["apac"],
        "capacity": {"open_leads": 3, "per_day": 2, "per_tier": {"A": 1}},
    });
    let request = PickRequest {
        needs: Needs {
            language: Some("de".to_owned()),
            territory: Some(TerritoryId::new("dach").unwrap()),
            skills: vec!["enterprise".to_owned()],
        },
        exclude: vec![rep_id("a")],
        ..question()
    };
    let state = json!({"status": "online", "open_leads": 3, "open_by_tier": {"A": 1}, "day": 20_613, "given_today": 2, "recent": {"worked_in_time": 0, "of": 0}});
    let fixes: [(&str, &str, Value); 11] = [
        ("inactive", "active", json!(true)),
        ("calendar_broken", "time_zone", json!("Europe/Berlin")),
        ("on_leave", "leave", json!([])),
        ("weight_zero", "", json!(null)),
        ("already_had_it", "", json!(null)),
        ("open_leads_full", "capacity", json!({"per_day": 2, "per_tier": {"A": 1}})),
        ("day_full", "capacity", json!({"per_tier": {"A": 1}})),
        ("tier_full", "capacity", json!({})),
        ("language", "languages", json!(["de"])),
        ("territory", "territories", json!([])),
        ("skill", "skills", json!(["enterprise", "other"])),
    ];
    let mut request = request;
    let mut weight = 0;
    let check = |rep: &Value, weight: u32, request: &PickRequest, expected: &str| {
        let mut rep = rep.clone();
        rep["id"] = json!("a");
        let mut plain = pool(
            json!({"off_hours": "fallback", "members": [{"rep_id": "a", "weight": weight}, {"rep_id": "ghost"}]}),
            json!([rep]),
        );
        plain.states.insert(rep_id("a"), serde_json::from_value(state.clone()).unwrap());
        assert_eq!(excluded(&pick(&plain, request)), vec![("a", expected), ("ghost", "unknown_rep")]);
    };
    for (expected, key, value) in fixes {
        check(&rep, weight, &request, expected);
        match expected {
            "weight_zero" => weight = 1,
            "already_had_it" => request.exclude.clear(),
            _ => rep[key] = value,
        }
    }
    check(&rep, weight, &request, "off_shift");
}

#[test]
fn caps_shut_at_the_cap_and_not_below_it() {
    for (capacity, expected) in [
        (json!({"open_leads": 4}), None),
        (json!({"open_leads": 3}), Some("open_leads_full")),
        (json!({"open_leads": 0}), Some("open_leads_full")),
        (json!({"per_day": 0}), Some("day_full")),
        (json!({"per_tier": {"A": 0}}), Some("tier_full")),
        (json!({"per_tier": {"B": 0}}), None),
    ] {
        let pool = pool(json!({}), json!([{"id": "a", "open_leads": 3, "capacity": capacity}]));
        assert_eq!(pick(&pool, &question()).candidates[0].excluded.as_deref(), expected, "{capacity}");
    }
}

#[test]
fn every_cap_is_used_up_and_never_broken() {
    let mut pool = prepared(
        json!({}),
        json!([{"id": "a", "capacity": {"open_leads": 3}}, {"id": "b", "capacity": {"per_day": 2}}, {"id": "c", "capacity": {"per_tier": {"A": 1}}}]),
    );
    assert_eq!(hand_out(&mut pool, 20, at(TUESDAY)), counts(&[("a", 3), ("b", 2), ("c", 1), ("nobody", 14)]));
    pool.closed(&rep_id("a"), &TierId::new("A").unwrap());
    pool.closed(&rep_id("c"), &TierId::new("A").unwrap());
    assert_eq!(hand_out(&mut pool, 5, at(TUESDAY)), counts(&[("a", 1), ("c", 1), ("nobody", 3)]));
}

#[test]
fn a_rep_who_starts_within_the_sla_is_on_shift_in_time() {
    let pool = prepared(
        json!({}),
        json!([{"id": "a", "time_zone": "Europe/Berlin", "hours": day()}, {"id": "b", "time_zone": "America/New_York", "hours": day()}]),
    );
    let before_nine = |minutes: i64, sla_minutes: u32| {
        let request = PickRequest { now: at("2026-06-09T07:00:00Z").plus_minutes(-minutes), sla_minutes, ..question() };
        pool.pick(&request)
    };
    let answer = before_nine(5, 5);
    assert_eq!((winner(&answer), due_at(&answer).as_str()), (Some("a"), "2026-06-09T07:05:00Z"));
    assert_eq!(excluded(&answer), vec![("b", "off_shift")]);
    assert_eq!(answer.candidates[0].starts_in_minutes, Some(5));
    assert_eq!(answer.candidates[0].ability, 450, "half, for a start at the last moment, of 900");
}

#[test]
fn when_nobody_is_on_shift_those_of_the_next_hour_share_the_night() {
    let pool = prepared(
        json!({}),
        json!([
            {"id": "early", "time_zone": "Europe/Berlin", "hours": day()},
            {"id": "later", "time_zone": "Europe/London", "hours": day()},
            {"id": "far", "time_zone": "America/New_York", "hours": day()},
        ]),
    );
    let night = PickRequest { now: at("2026-06-09T01:00:00Z"), ..question() };
    let answer = pool.pick(&night);
    assert_eq!(excluded(&answer), vec![("far", "off_shift")]);
    let ability: Vec<u32> = answer.candidates.iter().map(|candidate| candidate.ability).collect();
    assert_eq!((ability[0], ability[2]), (900, 450), "an hour later is worth half, as an hour is the span");
}

#[test]
fn a_team_with_a_fallback_hands_over_and_says_when_to_come_back() {
    let pool = prepared(
        json!({"off_hours": "fallback"}),
        json!([{"id": "a", "time_zone": "Europe/Berlin", "hours": day()}, {"id": "b", "time_zone": "America/New_York", "hours": day()}]),
    );
    let night = PickRequest { now: at("2026-06-09T01:00:00Z"), ..question() };
    let answer = pool.pick(&night);
    assert_eq!(excluded(&answer), vec![("a", "off_shift"), ("b", "off_shift")]);
    assert_eq!(
        wake_at(&answer.outcome).as_deref(),
        Some("2026-06-09T06:55:00Z"),
        "five minutes before nine, as the SLA is five minutes"
    );
    let wake = PickRequest { now: at("2026-06-09T06:55:00Z"), ..night.clone() };
    assert_eq!(winner(&pool.pick(&wake)), Some("a"));
    let just_before = PickRequest { now: at("2026-06-09T06:54:59Z"), ..night.clone() };
    assert_eq!(winner(&pool.pick(&just_before)), None);
    let last_resort = pool.pick(&PickRequest { kind: PickKind::AnyShift, ..night });
    assert_eq!((winner(&last_resort), due_at(&last_resort).as_str()), (Some("a"), "2026-06-09T07:05:00Z"));
}

#[test]
fn somebody_on_shift_comes_before_every_next_shift() {
    let pool = prepared(
        json!({}),
        json!([{"id": "a", "time_zone": "Europe/Berlin", "hours": day()}, {"id": "b", "time_zone": "Asia/Tokyo", "hours": day(), "status": "offline", "open_leads": 500}]),
    );
    let night = PickRequest { now: at("2026-06-09T01:00:00Z"), ..question() };
    let answer = pool.pick(&night);
    assert_eq!((winner(&answer), excluded(&answer)), (Some("b"), vec![("a", "off_shift")]));
}

#[test]
fn a_held_lead_wakes_when_the_first_calendar_allows() {
    let table: [(Value, Option<&str>); 7] = [
        (json!({"leave": [{"from": "2026-06-01", "until": "2026-06-12"}]}), Some("2026-06-13T00:00:00Z")),
        (
            json!({"leave": [{"from": "2026-06-09T07:00:00Z", "until": "2026-06-09T11:30:00Z"}], "hours": day()}),
            Some("2026-06-09T11:30:00Z"),
        ),
        (
            json!({"leave": [{"from": "2026-06-01", "until": "2026-06-12"}], "hours": day()}),
            Some("2026-06-15T08:55:00Z"),
        ),
        (json!({"capacity": {"per_day": 0}, "time_zone": "America/New_York"}), Some("2026-06-10T04:00:00Z")),
        (json!({"leave": [{"from": "2026-06-01"}]}), None),
        (json!({"capacity": {"open_leads": 0}}), None),
        (json!({"leave": [{"from": "2026-06-01", "until": "2026-06-12"}], "languages": ["fr"]}), None),
    ];
    for (mut rep, expected) in table {
        rep["id"] = json!("a");
        let pool = pool(json!({}), json!([rep]));
        let request =
            PickRequest { needs: Needs { language: Some("de".to_owned()), ..Needs::default() }, ..question() };
        assert_eq!(wake_at(&pick(&pool, &request).outcome).as_deref(), expected, "{rep}");
    }
}

#[test]
fn needs_are_met_by_those_who_list_them_and_by_those_who_list_nothing() {
    let pool = prepared(
        json!({}),
        json!([
            {"id": "all"},
            {"id": "de", "languages": ["de", "en"], "territories": ["dach", "emea"], "skills": ["enterprise", "health"]},
            {"id": "fr", "languages": ["fr"], "territories": ["emea"], "skills": ["health"]},
        ]),
    );
    let with = |needs: Value| {
        let request = PickRequest { needs: serde_json::from_value(needs).unwrap(), ..question() };
        excluded(&pool.pick(&request)).iter().map(|(rep, code)| format!("{rep} {code}")).collect::<Vec<_>>()
    };
    assert_eq!(with(json!({})), Vec::<String>::new());
    assert_eq!(with(json!({"language": "de"})), vec!["fr language"]);
    assert_eq!(with(json!({"language": "es"})), vec!["de language", "fr language"]);
    assert_eq!(with(json!({"territory": "dach"})), vec!["fr territory"]);
    assert_eq!(with(json!({"skills": ["health"]})), vec!["all skill"]);
    assert_eq!(with(json!({"skills": ["health", "enterprise"]})), vec!["all skill", "fr skill"]);
}

#[test]
fn a_language_that_nobody_lists_is_open_to_all_in_a_team_without_languages() {
    let pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}]));
    let request = PickRequest { needs: Needs { language: Some("is".to_owned()), ..Needs::default() }, ..question() };
    assert_eq!(excluded(&pool.pick(&request)), vec![]);
}

#[test]
fn fair_and_able_gives_less_to_who_is_away_full_or_slow_and_never_nothing() {
    let mut pool = prepared(
        json!({}),
        json!([
            {"id": "able"},
            {"id": "away", "status": "away"},
            {"id": "offline", "status": "offline"},
            {"id": "slow", "recent": {"worked_in_time": 6, "of": 30}},
        ]),
    );
    let answer = pool.pick(&question());
    let ability: Vec<u32> = answer.candidates.iter().map(|candidate| candidate.ability).collect();
    assert_eq!(ability, vec![900, 540, 180, 375]);
    let mut got = std::collections::BTreeMap::<String, i32>::new();
    for lead in 0..1_995 {
        let outcome = pool.assign(&ask(lead, at(TUESDAY)));
        let rep = rep_id(picked(&outcome).unwrap());
        *got.entry(rep.to_string()).or_insert(0) += 1;
        pool.closed(&rep, &TierId::new("A").unwrap());
    }
    for (rep, expected) in [("able", 900), ("away", 540), ("offline", 180), ("slow", 375)] {
        assert!((got[rep] - expected).abs() <= 1, "{got:?}");
    }
}

#[test]
fn least_loaded_goes_by_room_and_shares_equal_room_evenly() {
    let strategy = json!({"strategy": "least_loaded"});
    let mut capped = prepared(
        strategy.clone(),
        json!([{"id": "a", "open_leads": 10, "capacity": {"open_leads": 50}}, {"id": "b", "open_leads": 2, "capacity": {"open_leads": 10}}]),
    );
    assert_eq!(hand_out(&mut capped, 32, at(TUESDAY)), counts(&[("a", 32)]), "40 against 8 of room");
    assert_eq!(hand_out(&mut capped, 10, at(TUESDAY)), counts(&[("a", 5), ("b", 5)]));

    let mut mixed = prepared(
        strategy,
        json!([{"id": "a", "open_leads": 10, "capacity": {"open_leads": 50}}, {"id": "b", "open_leads": 2}]),
    );
    let answer = mixed.pick(&question());
    assert_eq!(
        (winner(&answer), reason(&answer.outcome)),
        (Some("b"), "least_loaded"),
        "without caps for all, fewest open leads"
    );
    assert_eq!(hand_out(&mut mixed, 28, at(TUESDAY)), counts(&[("a", 10), ("b", 18)]));
}

#[test]
fn best_fit_goes_by_match_then_room() {
    let pool = prepared(
        json!({"strategy": "best_fit"}),
        json!([
            {"id": "generalist", "open_leads": 0},
            {"id": "language", "languages": ["de"], "open_leads": 5},
            {"id": "both", "languages": ["de"], "territories": ["dach"], "open_leads": 90},
            {"id": "busier", "languages": ["de"], "territories": ["dach"], "open_leads": 91},
        ]),
    );
    let fit = |needs: Value| {
        let answer = pool.pick(&PickRequest { needs: serde_json::from_value(needs).unwrap(), ..question() });
        assert_eq!(reason(&answer.outcome), "best_fit");
        winner(&answer).unwrap().to_owned()
    };
    assert_eq!(fit(json!({"language": "de", "territory": "dach"})), "both");
    assert_eq!(fit(json!({"language": "de", "territory": "us"})), "language");
    assert_eq!(fit(json!({})), "generalist");
}

#[test]
fn strategies_without_shares_leave_no_debt_behind() {
    for strategy in ["least_loaded", "best_fit"] {
        let mut pool = prepared(json!({"strategy": strategy}), json!([{"id": "a", "open_leads": 1_000}, {"id": "b"}]));
        hand_out(&mut pool, 500, at(TUESDAY));
        assert!(
            seats(&pool).values().all(|seat| seat.balance_units == 0),
            "{strategy}: the one who is best pays what they are due"
        );
    }
}

#[test]
fn a_weight_above_the_largest_counts_as_the_largest_and_a_second_mention_not_at_all() {
    let plain = pool(
        json!({"strategy": "weighted", "members": [{"rep_id": "a", "weight": 4_000_000_000_u32}, {"rep_id": "b", "weight": 1_000}, {"rep_id": "b", "weight": 5}]}),
        json!([{"id": "a"}, {"id": "b"}]),
    );
    let (mut pool, problems) = PreparedPool::new(plain);
    let found: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(found, vec!["teams.team.members[0].weight", "teams.team.members[2].rep_id"]);
    assert_eq!(hand_out(&mut pool, 10, at(TUESDAY)), counts(&[("a", 5), ("b", 5)]));
}

#[test]
fn an_owner_gets_the_lead_whatever_the_shift_weight_or_language() {
    let pool = prepared(
        json!({"members": [{"rep_id": "a", "weight": 0}]}),
        json!([{"id": "a", "time_zone": "Asia/Tokyo", "hours": day(), "languages": ["ja"], "capacity": {"open_leads": 1}, "open_leads": 7}]),
    );
    let answer = pool.pick(&owner("a", false));
    assert_eq!((winner(&answer), reason(&answer.outcome)), (Some("a"), "account_owner"));
    assert_eq!(due_at(&answer), "2026-06-09T08:05:00Z", "17:05 in Tokyo");
    let night = PickRequest { now: at("2026-06-09T10:00:00Z"), ..owner("a", false) };
    assert_eq!(due_at(&pool.pick(&night)), "2026-06-10T00:05:00Z", "19:00 in Tokyo, so nine the next morning");
    assert_eq!(excluded(&pool.pick(&owner("a", true))), vec![("a", "open_leads_full")]);
}

#[test]
fn an_owner_need_not_be_of_the_team_or_the_team_exist() {
    let pool = prepared(json!({"members": []}), json!([{"id": "a"}]));
    assert_eq!(winner(&pool.pick(&owner("a", true))), Some("a"));
    let elsewhere = PickRequest { team: TeamId::new("other").unwrap(), ..owner("a", true) };
    assert_eq!(winner(&pool.pick(&elsewhere)), Some("a"));
    assert_eq!(excluded(&pool.pick(&owner("ghost", false))), vec![("ghost", "unknown_rep")]);
}

#[test]
fn an_owner_who_cannot_take_it_says_when_they_can() {
    let pool = prepared(
        json!({"members": []}),
        json!([
            {"id": "away", "leave": [{"from": "2026-06-08", "until": "2026-06-12"}]},
            {"id": "full", "capacity": {"per_day": 0}},
            {"id": "tier", "capacity": {"per_tier": {"A": 0}}},
            {"id": "gone", "active": false},
        ]),
    );
    let asked = |rep: &str| {
        let answer = pool.pick(&owner(rep, true));
        (answer.candidates[0].excluded.clone().unwrap(), wake_at(&answer.outcome))
    };
    assert_eq!(asked("away"), ("on_leave".to_owned(), Some("2026-06-13T00:00:00Z".to_owned())));
    assert_eq!(asked("full"), ("day_full".to_owned(), Some("2026-06-10T00:00:00Z".to_owned())));
    assert_eq!(asked("tier"), ("tier_full".to_owned(), None));
    assert_eq!(asked("gone"), ("inactive".to_owned(), None));
}

#[test]
fn a_rep_who_never_works_again_gets_a_deadline_by_the_wall_clock() {
    let pool =
        prepared(json!({}), json!([{"id": "a", "holidays": [], "hours": day(), "leave": [{"from": "2026-07-01"}]}]));
    // Tuesday 2026-06-30, 18:00: leave starts at midnight, before the next shift.
    let request = PickRequest { now: at("2026-06-30T18:00:00Z"), ..owner("a", false) };
    assert_eq!(due_at(&pool.pick(&request)), "2026-06-30T18:05:00Z");
}

#[test]
fn the_manager_is_asked_by_name() {
    let pool = prepared(
        json!({"manager_rep_id": "boss", "members": [{"rep_id": "a"}]}),
        json!([{"id": "a"}, {"id": "boss", "capacity": {"open_leads": 0}, "hours": day()}]),
    );
    let manager = PickRequest { kind: PickKind::Manager, ..question() };
    let answer = pool.pick(&manager);
    assert_eq!((winner(&answer), reason(&answer.outcome)), (Some("boss"), "team_manager"));
    let none = prepared(json!({}), json!([{"id": "a"}]));
    let answer = none.pick(&manager);
    assert_eq!((winner(&answer), answer.candidates.len()), (None, 0));
}

#[test]
fn a_question_to_a_team_that_does_not_exist_is_answered_with_nobody() {
    let pool = prepared(json!({}), json!([{"id": "a"}]));
    let answer = pool.pick(&PickRequest { team: TeamId::new("other").unwrap(), ..question() });
    assert_eq!((wake_at(&answer.outcome), answer.candidates.len(), answer.omitted), (None, 0, 0));
}
