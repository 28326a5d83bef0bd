//! What a pick leaves behind: counts, ledger, refunds, releases, events.

use crate::roster_support::{
    TUESDAY, ask, at, counts, excluded, hand_out, owner, pool, prepared, question, rep_id, seats, winner,
};
use lead_router_core::id::{TeamId, TierId};
use lead_router_core::roster::events;
use lead_router_core::roster::events::TouchEvent;
use lead_router_core::roster::model::{PickKind, PickRequest, Recent, RepStatus, Seat};
use lead_router_core::roster::pick::{apply, pick};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::roster::question::CANDIDATES_MAX;
use lead_router_core::roster::rotation::LEAD_UNITS;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn each_kind_counts_what_it_should() {
    let rotation = question();
    let duplicate = PickRequest { kind: PickKind::Duplicate { rep_id: rep_id("a") }, ..question() };
    let manager = PickRequest { kind: PickKind::Manager, ..question() };
    for (request, open, seat) in [(rotation, 1, 1), (owner("a", false), 1, 0), (manager, 1, 0), (duplicate, 0, 0)] {
        let mut plain = pool(json!({"manager_rep_id": "a"}), json!([{"id": "a"}]));
        let answer = pick(&plain, &request);
        assert_eq!(winner(&answer), Some("a"));
        apply(&mut plain, &request, &answer);
        let state = &plain.states[&rep_id("a")];
        assert_eq!((state.open_leads, state.given_today), (open, open), "{:?}", request.kind);
        assert_eq!(state.open_by_tier.get(&request.tier).copied().unwrap_or(0), open);
        assert_eq!(state.seats.get(&request.team).map_or(0, |seat| seat.got), seat);
    }
}

#[test]
fn an_owned_lead_leaves_the_rotation_alone() {
    let mut pool = prepared(json!({"strategy": "round_robin"}), json!([{"id": "a"}, {"id": "b"}]));
    for _ in 0..10 {
        pool.assign(&owner("a", false));
    }
    assert_eq!(hand_out(&mut pool, 10, at(TUESDAY)), counts(&[("a", 5), ("b", 5)]));
}

#[test]
fn a_release_undoes_a_pick_exactly() {
    let mut pool = prepared(
        json!({"members": [{"rep_id": "a", "weight": 2}, {"rep_id": "b"}, {"rep_id": "c"}]}),
        json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]),
    );
    hand_out(&mut pool, 7, at(TUESDAY));
    let strip = |pool: &PreparedPool| {
        let mut states = pool.states().clone();
        let seats = states.values_mut().flat_map(|state| Arc::make_mut(state).seats.values_mut());
        seats.for_each(|seat| seat.last_at = None);
        states
    };
    let before = strip(&pool);
    let answer = pool.pick(&question());
    pool.apply(&question(), &answer);
    assert_ne!(strip(&pool), before);
    pool.release(&question(), &answer);
    assert_eq!(strip(&pool), before);
}

#[test]
fn a_release_on_a_later_day_leaves_that_days_count_alone() {
    let mut plain = pool(json!({}), json!([{"id": "a"}]));
    let answer = pick(&plain, &question());
    apply(&mut plain, &question(), &answer);
    let tomorrow = PickRequest { now: at(TUESDAY).plus_minutes(1_440), ..ask(2, at(TUESDAY)) };
    let second = pick(&plain, &tomorrow);
    apply(&mut plain, &tomorrow, &second);
    events::release(&mut plain, &question(), &answer);
    let state = &plain.states[&rep_id("a")];
    assert_eq!((state.open_leads, state.given_today), (1, 1));
}

#[test]
fn a_refund_gives_the_lead_back_to_the_rotation_and_nothing_else() {
    let mut pool = prepared(json!({"strategy": "round_robin"}), json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]));
    let answer = pool.pick(&question());
    pool.apply(&question(), &answer);
    let declined = rep_id(winner(&answer).unwrap());
    pool.refund(&question(), &answer);
    assert!(seats(&pool).values().all(|seat| seat.balance_units == 0 && seat.due_units == 0));
    assert_eq!(pool.states()[&declined].open_leads, 1, "still open until it is closed");
    let zero = pool.states().clone();
    pool.refund(&question(), &answer);
    assert_eq!(pool.states(), &zero, "a lead that was never paid for is not refunded");
}

#[test]
fn a_refund_in_a_large_team_keeps_the_sum_at_zero() {
    let reps: Vec<Value> = (0..120).map(|i| json!({"id": format!("rep-{i:03}")})).collect();
    let mut pool = prepared(json!({"strategy": "weighted"}), Value::Array(reps));
    hand_out(&mut pool, 77, at(TUESDAY));
    let answer = pool.pick(&question());
    assert_eq!((answer.candidates.len(), answer.omitted), (CANDIDATES_MAX, 70));
    pool.apply(&question(), &answer);
    pool.refund(&question(), &answer);
    assert_eq!(seats(&pool).values().map(|seat| seat.balance_units).sum::<i64>(), 0);
    assert_eq!(seats(&pool).values().map(|seat| seat.got).sum::<u64>(), 77);
}

#[test]
fn a_long_team_lists_the_winner_and_those_who_came_nearest() {
    let reps: Vec<Value> =
        (0..CANDIDATES_MAX + 30).map(|i| json!({"id": format!("rep-{i:03}"), "active": i % 20 != 0})).collect();
    let mut pool = prepared(json!({}), Value::Array(reps));
    for lead in 0..200 {
        let request = ask(lead, at(TUESDAY));
        let answer = pool.pick(&request);
        let chosen = winner(&answer).unwrap().to_owned();
        assert!(answer.candidates.iter().any(|candidate| candidate.rep_id.as_str() == chosen));
        assert!(answer.candidates.is_sorted_by_key(|candidate| candidate.rep_id.clone()));
        assert_eq!((answer.candidates.len(), answer.omitted), (CANDIDATES_MAX, 30));
        assert_eq!(excluded(&answer), vec![], "there are enough candidates");
        pool.apply(&request, &answer);
    }
}

#[test]
fn the_last_thirty_leads_are_remembered_one_by_one() {
    let mut plain = pool(json!({}), json!([{"id": "a", "recent": {"worked_in_time": 15, "of": 30}}]));
    let id = rep_id("a");
    // Half of them were worked, evenly spread, so thirty misses push them out one at a time.
    let mut worked = Vec::new();
    for _ in 0..30 {
        events::touched(&mut plain, &id, TouchEvent::Missed);
        worked.push(plain.states[&id].recent.worked_in_time);
    }
    assert!(worked.is_sorted_by(|a, b| a >= b) && worked[29] == 0 && worked[14] >= 7 && worked[14] <= 8, "{worked:?}");
    for _ in 0..30 {
        events::touched(&mut plain, &id, TouchEvent::InTime);
    }
    assert_eq!(plain.states[&id].recent, Recent { worked_in_time: 30, of: 30 });
}

#[test]
fn a_first_lead_is_one_of_one() {
    let mut plain = pool(json!({}), json!([{"id": "a"}]));
    events::touched(&mut plain, &rep_id("a"), TouchEvent::InTime);
    events::touched(&mut plain, &rep_id("a"), TouchEvent::Missed);
    assert_eq!(plain.states[&rep_id("a")].recent, Recent { worked_in_time: 1, of: 2 });
}

#[test]
fn events_about_nobody_do_nothing() {
    let plain = pool(json!({}), json!([{"id": "a"}]));
    let mut changed = plain.clone();
    let answer = pick(&plain, &question());
    events::touched(&mut changed, &rep_id("ghost"), TouchEvent::Missed);
    events::set_status(&mut changed, &rep_id("ghost"), RepStatus::Offline);
    events::closed(&mut changed, &rep_id("ghost"), &TierId::new("A").unwrap());
    events::refund(&mut changed, &PickRequest { team: TeamId::new("other").unwrap(), ..question() }, &answer);
    assert_eq!(changed, plain);
}

#[test]
fn an_entry_moves_what_it_gives_and_leaves_the_rest() {
    let mut plain = pool(json!({}), json!([{"id": "a", "open_leads": 4, "status": "away"}]));
    let answer = pick(&plain, &question());
    apply(&mut plain, &question(), &answer);
    let entry = serde_json::from_value(json!({"id": "a", "status": "online"})).unwrap();
    events::put_rep(&mut plain, entry);
    let state = &plain.states[&rep_id("a")];
    assert_eq!((state.open_leads, state.status, state.seats.len()), (5, RepStatus::Online, 1));
}

#[test]
fn two_teams_share_a_reps_load_and_keep_their_own_ledgers() {
    let plain: lead_router_core::roster::model::Pool = serde_json::from_value(json!({
        "teams": {
            "team": {"id": "team", "members": [{"rep_id": "a"}, {"rep_id": "b"}], "strategy": "round_robin"},
            "other": {"id": "other", "members": [{"rep_id": "a"}], "strategy": "round_robin"}},
        "reps": {"a": {"id": "a", "capacity": {"open_leads": 3}}, "b": {"id": "b"}},
        "states": {}}))
    .unwrap();
    let (mut pool, _) = PreparedPool::new(plain);
    let other = TeamId::new("other").unwrap();
    for lead in 0..3 {
        pool.assign(&PickRequest { team: other.clone(), ..ask(lead, at(TUESDAY)) });
    }
    let answer = pool.pick(&question());
    assert_eq!(excluded(&answer), vec![("a", "open_leads_full")]);
    let state = &pool.states()[&rep_id("a")];
    assert_eq!(state.seats.get(&other).map(|seat| (seat.got, seat.balance_units)), Some((3, 0)));
    assert_eq!(state.seats.get(&question().team).copied().unwrap_or_default(), Seat::default());
}

#[test]
fn an_answer_that_is_counted_late_still_keeps_the_sum_at_zero() {
    let mut pool = prepared(json!({}), json!([{"id": "a", "capacity": {"open_leads": 1}}, {"id": "b"}]));
    let first = pool.pick(&question());
    // In between, other leads are handed out and everybody leaves.
    hand_out(&mut pool, 3, at(TUESDAY));
    pool.apply(&question(), &first);
    assert_eq!(seats(&pool).values().map(|seat| seat.balance_units).sum::<i64>(), 0);
    assert_eq!(seats(&pool).values().map(|seat| seat.got).sum::<u64>(), 4);
    assert!(
        seats(&pool)
            .values()
            .all(|seat| seat.balance_units == seat.due_units - i64::try_from(seat.got).unwrap() * LEAD_UNITS)
    );
}

#[test]
fn restored_states_give_the_answer_of_before() {
    let mut pool = prepared(json!({}), json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]));
    hand_out(&mut pool, 5, at(TUESDAY));
    let before = pool.states().clone();
    let answer = pool.pick(&question());
    pool.apply(&question(), &answer);
    pool.restore(before.clone());
    assert_eq!(pool.states(), &before);
    assert_eq!(pool.pick(&question()), answer);
}
