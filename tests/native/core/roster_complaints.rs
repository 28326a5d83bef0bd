//! What users of other systems complain about, as tests: fairness and availability.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use crate::roster_support::{
    TUESDAY, ask, at, counts, due_at, excluded, hand_out, picked, prepared, question, rep_id, seats, winner,
};
use lead_router_core::id::TierId;
use lead_router_core::roster::events;
use lead_router_core::roster::model::{Needs, PickOutcome, PickRequest, Team};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::roster::rotation::{LEAD_UNITS, MAKE_UP_CREDIT_MAX_UNITS};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const HOURS: &str = r#"[{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}]"#;

fn hours() -> Value {
    serde_json::from_str(HOURS).unwrap()
}

/// Three equal reps; `c` is on leave for the first two weeks of June.
fn with_c_on_leave(after_absence: &str) -> PreparedPool {
    prepared(
        json!({"after_absence": after_absence}),
        json!([{"id": "a"}, {"id": "b"}, {"id": "c", "leave": [{"from": "2026-06-01", "until": "2026-06-14"}]}]),
    )
}

fn during() -> Timestamp {
    at("2026-06-09T08:00:00Z")
}

fn after() -> Timestamp {
    at("2026-06-15T08:00:00Z")
}

/// Hands out leads that are all closed at once, so that load plays no part.
fn hand_out_closed(pool: &mut PreparedPool, leads: u64, from: Timestamp) -> BTreeMap<String, u64> {
    let mut got = BTreeMap::new();
    for lead in 0..leads {
        let outcome = pool.assign(&ask(lead, from));
        let rep = rep_id(picked(&outcome).unwrap());
        *got.entry(rep.to_string()).or_insert(0) += 1;
        pool.closed(&rep, &TierId::new("A").unwrap());
    }
    got
}

/// Changes the team as an operator does, and prepares it again.
fn edit(pool: PreparedPool, change: impl FnOnce(&mut Team)) -> PreparedPool {
    let mut plain = pool.into_pool();
    plain.teams.values_mut().for_each(|team| assert_eq!(team.id.as_str(), "team"));
    change(plain.teams.values_mut().next().unwrap());
    PreparedPool::new(plain).0
}

#[test]
fn someone_back_from_vacation_gets_no_more_than_the_others() {
    let mut pool = with_c_on_leave("keep_place");
    assert_eq!(hand_out_closed(&mut pool, 100, during()), counts(&[("a", 50), ("b", 50)]));
    assert_eq!(hand_out_closed(&mut pool, 30, after()), counts(&[("a", 10), ("b", 10), ("c", 10)]));
}

#[test]
fn catching_up_is_a_setting_and_never_a_flood() {
    let mut pool = with_c_on_leave("catch_up");
    assert_eq!(hand_out_closed(&mut pool, 20, during()), counts(&[("a", 10), ("b", 10)]));
    let owed = seats(&pool)[&rep_id("c")].make_up_credit_units;
    assert!((owed - 20 * LEAD_UNITS / 3).abs() < 100, "a third of twenty leads is owed: {owed}");
    // A doubled share is two of four, until what is owed is paid back: 1/2 - 1/3 of a lead with every lead.
    let got = hand_out_closed(&mut pool, 40, after());
    assert_eq!(got, counts(&[("a", 10), ("b", 10), ("c", 20)]));
    assert!(seats(&pool)[&rep_id("c")].make_up_credit_units < LEAD_UNITS / 6);
    let third = hand_out_closed(&mut pool, 30, after())["c"];
    assert!((10..=11).contains(&third), "and then the share is a third again, not half of it: {third}");
}

#[test]
fn what_an_absence_leaves_owed_is_limited_and_stops_at_the_reps_hours() {
    let mut pool = with_c_on_leave("catch_up");
    hand_out_closed(&mut pool, 200, during());
    assert_eq!(seats(&pool)[&rep_id("c")].make_up_credit_units, MAKE_UP_CREDIT_MAX_UNITS);

    let mut night = prepared(
        json!({"after_absence": "catch_up"}),
        json!([{"id": "a"}, {"id": "c", "hours": hours(), "leave": [{"from": "2026-06-01", "until": "2026-06-14"}]}]),
    );
    hand_out_closed(&mut night, 50, at("2026-06-09T03:00:00Z"));
    assert!(!seats(&night).contains_key(&rep_id("c")), "leads of the night would never have been theirs");
}

#[test]
fn changing_the_member_list_resets_nobody() {
    let mut pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]));
    hand_out(&mut pool, 10, at(TUESDAY));
    let before = seats(&pool);
    let mut pool = edit(pool, |team| {
        team.members.reverse();
        team.members.pop();
    });
    assert_eq!(seats(&pool), before, "who left the team keeps the place, too");
    hand_out(&mut pool, 10, at(TUESDAY));
    let mut pool = edit(pool, |team| {
        let mut back = team.members[0].clone();
        back.rep_id = rep_id("a");
        team.members.push(back);
    });
    assert_eq!(seats(&pool)[&rep_id("a")], before[&rep_id("a")]);
    let got = hand_out(&mut pool, 12, at(TUESDAY));
    assert!(got["a"] <= 6, "{got:?}");
}

#[test]
fn seventy_to_thirty_is_possible() {
    let mut pool = prepared(
        json!({"strategy": "weighted", "members": [{"rep_id": "a", "weight": 70}, {"rep_id": "b", "weight": 30}]}),
        json!([{"id": "a"}, {"id": "b"}]),
    );
    assert_eq!(hand_out(&mut pool, 10, at(TUESDAY)), counts(&[("a", 7), ("b", 3)]));
    assert_eq!(hand_out(&mut pool, 990, at(TUESDAY)), counts(&[("a", 693), ("b", 297)]));
}

#[test]
fn a_newcomer_does_not_get_every_lead_until_they_have_caught_up() {
    let mut pool = prepared(
        json!({"members": [{"rep_id": "a"}, {"rep_id": "b"}]}),
        json!([{"id": "a"}, {"id": "b"}, {"id": "new"}]),
    );
    hand_out_closed(&mut pool, 500, at(TUESDAY));
    let mut pool = edit(pool, |team| {
        let mut member = team.members[0].clone();
        member.rep_id = rep_id("new");
        team.members.push(member);
    });
    assert_eq!(hand_out_closed(&mut pool, 30, at(TUESDAY)), counts(&[("a", 10), ("b", 10), ("new", 10)]));
}

#[test]
fn a_smaller_weight_never_gets_more() {
    let mut pool = prepared(
        json!({"strategy": "weighted", "members": [{"rep_id": "a", "weight": 1}, {"rep_id": "b", "weight": 2}, {"rep_id": "c", "weight": 4}]}),
        json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]),
    );
    for round in 1..=60_u64 {
        hand_out(&mut pool, 7, at(TUESDAY).plus_minutes(i64::try_from(round * 10).unwrap()));
        let got: Vec<u64> = seats(&pool).values().map(|seat| seat.got).collect();
        assert_eq!(got, vec![round, 2 * round, 4 * round]);
    }
}

#[test]
fn a_new_weight_counts_from_the_next_lead_and_not_backwards() {
    let mut pool = prepared(json!({"strategy": "weighted"}), json!([{"id": "a"}, {"id": "b"}]));
    hand_out(&mut pool, 400, at(TUESDAY));
    let mut pool = edit(pool, |team| team.members[0].weight = 3);
    assert_eq!(hand_out(&mut pool, 40, at(TUESDAY)), counts(&[("a", 30), ("b", 10)]));
}

#[test]
fn not_everything_goes_to_one() {
    let reps: Vec<Value> = (0..7).map(|i| json!({"id": format!("rep-{i}")})).collect();
    let mut pool = prepared(json!({}), Value::Array(reps));
    let got = hand_out(&mut pool, 70, at(TUESDAY));
    assert!(got.len() == 7 && got.values().all(|count| *count == 10), "{got:?}");
}

#[test]
fn nobody_gets_a_lead_ahead_and_everybody_can_see_where_they_stand() {
    let mut pool = prepared(
        json!({"strategy": "weighted", "members": [{"rep_id": "a", "weight": 5}, {"rep_id": "b", "weight": 3}, {"rep_id": "c"}]}),
        json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]),
    );
    for lead in 0..200 {
        let request = ask(lead, at(TUESDAY));
        let answer = pool.pick(&request);
        let shown: Vec<i64> = answer.candidates.iter().map(|candidate| candidate.balance_units).collect();
        assert_eq!(
            shown,
            seats(&pool).values().map(|seat| seat.balance_units).chain([0; 3]).take(3).collect::<Vec<_>>()
        );
        assert!(shown.iter().all(|units| *units > -LEAD_UNITS));
        assert_eq!(answer.candidates.iter().map(|candidate| candidate.share_units).sum::<i64>(), LEAD_UNITS);
        pool.apply(&request, &answer);
    }
}

#[test]
fn with_caps_the_rest_is_still_shared_evenly() {
    let mut pool = prepared(json!({}), json!([{"id": "a", "capacity": {"per_day": 4}}, {"id": "b"}, {"id": "c"}]));
    let got = hand_out_closed(&mut pool, 40, at(TUESDAY));
    assert_eq!(got, counts(&[("a", 4), ("b", 18), ("c", 18)]));
    // The next day starts without a debt to work off.
    let next = hand_out_closed(&mut pool, 9, at(TUESDAY).plus_minutes(1_440));
    assert_eq!(next, counts(&[("a", 3), ("b", 3), ("c", 3)]));
}

#[test]
fn a_rep_without_any_lead_is_chosen_and_closed_ones_are_no_load() {
    let mut pool = prepared(json!({"strategy": "least_loaded"}), json!([{"id": "a", "open_leads": 1}, {"id": "b"}]));
    let answer = pool.pick(&question());
    assert_eq!(winner(&answer), Some("b"));
    pool.apply(&question(), &answer);
    pool.closed(&rep_id("a"), &TierId::new("A").unwrap());
    assert_eq!(winner(&pool.pick(&ask(2, at(TUESDAY)))), Some("a"));
}

#[test]
fn the_turns_of_inactive_people_are_shared_by_all() {
    let reps: Vec<Value> = (0..6).map(|i| json!({"id": format!("rep-{i}"), "active": i % 2 == 0})).collect();
    let mut pool = prepared(json!({}), Value::Array(reps));
    assert_eq!(hand_out(&mut pool, 30, at(TUESDAY)), counts(&[("rep-0", 10), ("rep-2", 10), ("rep-4", 10)]));
}

#[test]
fn no_month_or_day_resets_the_ledger() {
    let mut pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}]));
    let first = hand_out(&mut pool, 1, at("2026-06-30T23:59:00Z"));
    let second = hand_out(&mut pool, 1, at("2026-07-01T00:01:00Z"));
    assert_ne!(first, second, "the turn goes on over the end of the month");
}

#[test]
fn a_rep_out_of_office_gets_nothing_in_any_team() {
    let leave = json!([{"from": "2026-06-09", "until": "2026-06-09"}]);
    let mut pool = prepared(json!({}), json!([{"id": "a", "leave": leave}, {"id": "b"}]));
    assert_eq!(hand_out(&mut pool, 50, at(TUESDAY)), counts(&[("b", 50)]));
}

#[test]
fn people_who_left_the_company_get_nothing_not_even_what_they_own() {
    let pool = prepared(json!({"manager_rep_id": "a"}), json!([{"id": "a", "active": false}]));
    let named = |kind| pool.pick(&PickRequest { kind, ..question() });
    use lead_router_core::roster::model::PickKind::{AnyShift, Duplicate, Manager, Owner, Rotation};
    let a = rep_id("a");
    for kind in [Rotation, AnyShift, Manager, Duplicate { rep_id: a.clone() }, Owner { rep_id: a, respect_caps: false }]
    {
        assert_eq!(excluded(&named(kind)), vec![("a", "inactive")]);
    }
}

#[test]
fn nobody_is_picked_outside_their_hours_or_on_a_day_off_while_others_work() {
    let mut pool = prepared(
        json!({}),
        json!([
            {"id": "day", "time_zone": "Europe/Berlin", "hours": hours()},
            {"id": "off", "time_zone": "Europe/Berlin", "hours": hours(), "holidays": ["2026-06-09"]},
            {"id": "night", "time_zone": "Europe/Berlin", "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "22:00", "to": "06:00"}]},
        ]),
    );
    assert_eq!(hand_out(&mut pool, 30, at("2026-06-09T08:00:00Z")), counts(&[("day", 30)]));
    assert_eq!(hand_out(&mut pool, 30, at("2026-06-09T20:30:00Z")), counts(&[("night", 30)]));
}

#[test]
fn everybody_works_by_their_own_clock_in_one_team() {
    let zones = [("tokyo", "Asia/Tokyo"), ("berlin", "Europe/Berlin"), ("new-york", "America/New_York")];
    let reps: Vec<Value> =
        zones.iter().map(|(id, zone)| json!({"id": id, "time_zone": zone, "hours": hours()})).collect();
    let pool = prepared(json!({}), Value::Array(reps));
    for (now, expected) in
        [("2026-06-09T02:00:00Z", "tokyo"), ("2026-06-09T10:00:00Z", "berlin"), ("2026-06-09T20:00:00Z", "new-york")]
    {
        assert_eq!(winner(&pool.pick(&ask(1, at(now)))), Some(expected), "at {now}");
    }
}

#[test]
fn a_lunch_break_is_possible_and_the_sla_stands_still_in_it() {
    let lunch = json!([
        {"days": ["tue"], "from": "09:00", "to": "12:00"}, {"days": ["tue"], "from": "13:00", "to": "18:00"}]);
    let pool = prepared(
        json!({}),
        json!([{"id": "a", "hours": lunch}, {"id": "b", "hours": [{"days": ["tue"], "from": "09:00", "to": "18:00"}], "capacity": {"open_leads": 0}}]),
    );
    let answer = pool.pick(&PickRequest { sla_minutes: 30, ..ask(1, at("2026-06-09T11:45:00Z")) });
    assert_eq!(due_at(&answer), "2026-06-09T13:15:00Z");
}

#[test]
fn an_afternoon_off_is_an_absence_in_the_reps_own_zone() {
    let leave = json!([{"from": "2026-06-09T13:00:00+02:00", "until": "2026-06-09T15:00:00+02:00"}]);
    let pool = prepared(json!({}), json!([{"id": "a", "time_zone": "Europe/Berlin", "leave": leave}, {"id": "b"}]));
    let shut = |now: &str| excluded(&pool.pick(&ask(1, at(now)))).len();
    assert_eq!(
        ["2026-06-09T10:59:59Z", "2026-06-09T11:00:00Z", "2026-06-09T12:59:59Z", "2026-06-09T13:00:00Z"].map(shut),
        [0, 1, 1, 0]
    );
}

#[test]
fn a_lead_that_nobody_could_take_is_taken_when_somebody_comes_back() {
    let mut pool = prepared(
        json!({}),
        json!([{"id": "a", "leave": [{"from": "2026-06-08", "until": "2026-06-10"}], "hours": hours()}]),
    );
    let PickOutcome::Nobody { wake_at: Some(wake_at) } = pool.assign(&question()) else {
        panic!("held, with a time to wake")
    };
    assert_eq!(wake_at, at("2026-06-11T08:55:00Z"));
    assert_eq!(picked(&pool.assign(&PickRequest { now: wake_at, ..question() })), Some("a"));
}

#[test]
fn a_daily_cap_turns_at_the_reps_own_midnight() {
    let mut pool =
        prepared(json!({}), json!([{"id": "a", "time_zone": "America/Los_Angeles", "capacity": {"per_day": 1}}]));
    // 23:30 UTC and 06:30 UTC are one evening in Los Angeles; 07:00 UTC is its midnight.
    let taken = ["2026-06-09T23:30:00Z", "2026-06-10T06:30:00Z", "2026-06-10T06:59:59Z", "2026-06-10T07:00:00Z"]
        .map(|now| picked(&pool.assign(&ask(1, at(now)))).is_some());
    assert_eq!(taken, [true, false, false, true]);
}

#[test]
fn a_hundred_leads_in_the_same_instant_do_not_all_go_to_one() {
    let mut pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"}]));
    let mut got = BTreeMap::new();
    for lead in 0..100 {
        *got.entry(picked(&pool.assign(&ask(lead, at(TUESDAY)))).unwrap().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(got, counts(&[("a", 25), ("b", 25), ("c", 25), ("d", 25)]));
}

#[test]
fn a_lead_moves_on_to_everybody_once_and_then_to_nobody() {
    let mut pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]));
    let mut request = question();
    let mut had = Vec::new();
    while let Some(rep) = picked(&pool.assign(&request)).map(str::to_owned) {
        request.exclude.push(rep_id(&rep));
        had.push(rep);
    }
    had.sort();
    assert_eq!(had, vec!["a", "b", "c"]);
}

#[test]
fn who_gets_it_next_still_obeys_the_rules() {
    let pool = prepared(
        json!({}),
        json!([{"id": "a", "languages": ["de"]}, {"id": "b", "languages": ["en"]}, {"id": "c", "languages": ["de"]}]),
    );
    let needs = Needs { language: Some("de".to_owned()), ..Needs::default() };
    let answer = pool.pick(&PickRequest { needs, exclude: vec![rep_id("a")], ..question() });
    assert_eq!((winner(&answer), excluded(&answer)), (Some("c"), vec![("a", "already_had_it"), ("b", "language")]));
}

#[test]
fn an_sla_given_on_saturday_runs_on_monday() {
    let pool = prepared(json!({}), json!([{"id": "a", "time_zone": "Europe/Berlin", "hours": hours()}]));
    let answer = pool.pick(&PickRequest { sla_minutes: 60, ..ask(1, at("2026-06-06T15:00:00+02:00")) });
    assert_eq!(due_at(&answer), "2026-06-08T08:00:00Z", "ten o'clock in Berlin");
}

#[test]
fn a_declined_lead_is_credited_back() {
    let mut pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}]));
    let answer = pool.pick(&question());
    pool.apply(&question(), &answer);
    let declined = winner(&answer).unwrap().to_owned();
    pool.refund(&question(), &answer);
    pool.closed(&rep_id(&declined), &TierId::new("A").unwrap());
    let got = hand_out_closed(&mut pool, 10, at(TUESDAY));
    assert_eq!(got, counts(&[("a", 5), ("b", 5)]), "as if the lead had never been");
}

#[test]
fn declining_what_only_you_could_take_earns_nothing() {
    let mut pool = prepared(
        json!({}),
        json!([{"id": "fr", "languages": ["fr"]}, {"id": "en", "languages": ["en"]}, {"id": "us", "languages": ["en"]}]),
    );
    let french = |lead| PickRequest {
        needs: Needs { language: Some("fr".to_owned()), ..Needs::default() },
        ..ask(lead, at(TUESDAY))
    };
    for lead in 0..30 {
        let answer = pool.pick(&french(lead));
        pool.apply(&french(lead), &answer);
        pool.refund(&french(lead), &answer);
    }
    assert!(seats(&pool).values().all(|seat| seat.balance_units == 0));
}

#[test]
fn how_many_leads_everybody_got_is_there_to_read() {
    let mut pool = prepared(json!({"strategy": "round_robin"}), json!([{"id": "a"}, {"id": "b"}]));
    hand_out(&mut pool, 8, at(TUESDAY));
    let shown: Vec<(u64, i64)> = seats(&pool).values().map(|seat| (seat.got, seat.due_units)).collect();
    assert_eq!(shown, vec![(4, 4 * LEAD_UNITS), (4, 4 * LEAD_UNITS)]);
}

#[test]
fn a_written_open_count_moves_the_load_and_not_the_turn() {
    let mut plain = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}])).into_pool();
    let before = plain.states[&rep_id("a")].seats.clone();
    events::put_rep(&mut plain, serde_json::from_value(json!({"id": "a", "open_leads": 80})).unwrap());
    let state = &plain.states[&rep_id("a")];
    assert_eq!((state.open_leads, &state.seats), (80, &before));
}
