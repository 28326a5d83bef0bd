//! A rep accepts a lead, gives it back, or hands it on.

use crate::world::{World, lead, run};
use lead_router_app::follow_up::follow_up;
use lead_router_app::ports::follow_up::{RepAction, RepActionKind, RepActionOutcome};
use lead_router_core::decision::record::{Decision, Outcome};
use lead_router_core::id::RepId;
use lead_router_core::roster::model::{Rep, Team};
use lead_router_core::time::MINUTE_MS;
use serde_json::json;

fn rep_id(id: &str) -> RepId {
    RepId::new(id).unwrap()
}

/// Two reps of one team, and whoever else is named.
fn world(reps: &[&str]) -> World {
    let members: Vec<_> = reps.iter().map(|id| json!({"rep_id": id})).collect();
    let teams: Vec<Team> = serde_json::from_value(json!([{"id": "mid-market", "members": members}])).unwrap();
    let reps: Vec<Rep> = reps.iter().map(|id| serde_json::from_value(json!({"id": id, "name": id})).unwrap()).collect();
    let world = World::new(teams, reps, Vec::new());
    world.edit_rubric(|file| {
        file["routes"] = json!([]);
        file["overrides"] = json!([]);
        file["fallback"] = json!({"team": "mid-market"});
    });
    world.set_enrichment(&json!({}));
    world
}

fn decide(world: &World, email: &str) -> Decision {
    run(world.decide(&lead(&json!({"email": email}))))
}

fn act(
    world: &World,
    decision: &Decision,
    decision_no: u32,
    kind: RepActionKind,
    by: Option<&str>,
) -> RepActionOutcome {
    let by = by.map(rep_id);
    let act = RepAction { lead_id: decision.lead_id.clone(), kind, by, decision_no, at: world.now.get() };
    run(follow_up(world, &act)).unwrap()
}

fn holder(decision: &Decision) -> String {
    decision.rep_id().unwrap().to_string()
}

fn done(rep: &str) -> RepActionOutcome {
    RepActionOutcome::Done { rep_id: Some(rep_id(rep)) }
}

#[test]
fn a_lead_that_is_given_back_goes_to_the_next_and_the_first_has_the_place_again() {
    let world = world(&["ada", "ben"]);
    let first = decide(&world, "x@acme.example");
    let (one, other) = if holder(&first) == "ada" { ("ada", "ben") } else { ("ben", "ada") };
    assert_eq!(world.open_leads(one), 1);
    assert_eq!(act(&world, &first, 1, RepActionKind::Decline, Some(one)), done(other));
    assert_eq!((world.open_leads(one), world.open_leads(other)), (0, 1));
    let records = world.records();
    let record = records.last().unwrap();
    assert_eq!(record.decision_no, 2);
    assert_eq!(record.replaces.as_ref().unwrap().rep_id.as_str(), one);
    assert_eq!(record.context.exclude, [rep_id(one)]);
    // Once more: the same answer, nothing done twice.
    assert_eq!(act(&world, &first, 1, RepActionKind::Decline, Some(one)), done(other));
    assert_eq!(world.leads()[0].decision_no, 2);
    // Whoever owns the account by now is the one who has the lead.
    assert_eq!(holder(&decide(&world, "colleague@acme.example")), other);
}

#[test]
fn when_everybody_has_given_it_back_it_is_held_and_nobody_gets_it_twice() {
    let world = world(&["ada", "ben"]);
    let first = decide(&world, "x@acme.example");
    let one = holder(&first);
    let RepActionOutcome::Done { rep_id: Some(other) } = act(&world, &first, 1, RepActionKind::Decline, Some(&one))
    else {
        panic!()
    };
    assert_eq!(
        act(&world, &first, 2, RepActionKind::Decline, Some(other.as_str())),
        RepActionOutcome::Done { rep_id: None }
    );
    for _ in 0..3 {
        world.now.set(world.now.get().plus_ms(6 * MINUTE_MS));
        run(world.wake()).unwrap();
        let record = world.records().pop().unwrap();
        assert_eq!(record.decision.outcome, Outcome::Held, "{:?}", record.decision);
        assert_eq!(record.context.exclude.len(), 2);
    }
    assert_eq!((world.open_leads("ada"), world.open_leads("ben")), (0, 0));
}

#[test]
fn a_lead_is_handed_on_to_a_colleague_whatever_the_rotation_says() {
    let world = world(&["ada", "ben", "cem"]);
    for number in 0..6 {
        let first = decide(&world, &format!("x@acme{number}.example"));
        let one = holder(&first);
        let to = if one == "cem" { "ada" } else { "cem" };
        let kind = RepActionKind::Reassign { to: Some(rep_id(to)) };
        assert_eq!(act(&world, &first, 1, kind, None), done(to));
        let record = world.records().into_iter().rfind(|record| record.context.lead_id == first.lead_id).unwrap();
        assert_eq!(record.decision.reasons[0].code, "handed_on");
    }
    let first = decide(&world, "same@other.example");
    let kind = RepActionKind::Reassign { to: Some(rep_id(&holder(&first))) };
    assert_eq!(act(&world, &first, 1, kind, None), done(&holder(&first)), "to whoever has it");
    assert_eq!(world.leads().iter().find(|row| row.lead_id == first.lead_id).unwrap().decision_no, 1);
}

#[test]
fn an_answer_to_an_earlier_decision_and_one_by_somebody_else_do_nothing() {
    let world = world(&["ada", "ben"]);
    let first = decide(&world, "x@acme.example");
    let one = holder(&first);
    let other = if one == "ada" { "ben" } else { "ada" };
    let stale = |rep: &str| RepActionOutcome::Stale { rep_id: Some(rep_id(rep)) };
    assert_eq!(act(&world, &first, 1, RepActionKind::Accept, Some(other)), stale(&one));
    assert_eq!(act(&world, &first, 1, RepActionKind::Decline, Some(&one)), done(other));
    assert_eq!(act(&world, &first, 1, RepActionKind::Accept, Some(&one)), stale(other));
    assert_eq!(act(&world, &first, 3, RepActionKind::Decline, Some(other)), stale(other));
    assert_eq!(act(&world, &first, 2, RepActionKind::Accept, Some(other)), done(other));
    assert_eq!(act(&world, &first, 2, RepActionKind::Accept, Some(other)), done(other), "once more");
    let unknown = Decision { lead_id: lead_router_core::id::LeadId::new("no-such-lead").unwrap(), ..first };
    assert_eq!(act(&world, &unknown, 1, RepActionKind::Accept, None), RepActionOutcome::Unknown);
}

#[test]
fn of_two_clicks_at_once_one_counts() {
    for _ in 0..5 {
        let world = world(&["ada", "ben", "cem"]);
        let first = decide(&world, "x@acme.example");
        let one = rep_id(&holder(&first));
        let click = |kind| RepAction {
            lead_id: first.lead_id.clone(),
            kind,
            by: Some(one.clone()),
            decision_no: 1,
            at: world.now.get(),
        };
        let (decline, hand) =
            (click(RepActionKind::Decline), click(RepActionKind::Reassign { to: Some(rep_id("cem")) }));
        let both = async { futures_util::future::join(follow_up(&world, &decline), follow_up(&world, &hand)).await };
        let (a, b) = run(both);
        let now = world.records().pop().unwrap().decision.rep_id();
        assert_eq!(world.leads()[0].decision_no, 2, "{a:?} {b:?}");
        let counted: u32 = ["ada", "ben", "cem"].iter().map(|rep| world.open_leads(rep)).sum();
        assert_eq!(counted, 1);
        for acted in [a.unwrap(), b.unwrap()] {
            let (RepActionOutcome::Done { rep_id } | RepActionOutcome::Stale { rep_id }) = acted else {
                panic!("{acted:?}")
            };
            assert_eq!(rep_id, now);
        }
    }
}

#[test]
fn any_single_lost_call_of_giving_back_ends_with_one_new_decision() {
    for fault in [crate::world::Fault::Before, crate::world::Fault::After] {
        for number in 0..12 {
            let world = world(&["ada", "ben"]);
            let first = decide(&world, "x@acme.example");
            let one = holder(&first);
            let other = if one == "ada" { "ben" } else { "ada" };
            world.calls.set(0);
            world.fault.set(Some((number, fault)));
            let click = RepAction {
                lead_id: first.lead_id.clone(),
                kind: RepActionKind::Decline,
                by: Some(rep_id(&one)),
                decision_no: 1,
                at: world.now.get(),
            };
            let lost = run(follow_up(&world, &click));
            world.fault.set(None);
            let again = run(follow_up(&world, &click)).unwrap();
            assert_eq!(again, done(other), "call {number}, {fault:?}, at first {lost:?}");
            assert_eq!(world.leads()[0].decision_no, 2);
            assert_eq!((world.open_leads(&one), world.open_leads(other)), (0, 1), "call {number}, {fault:?}");
        }
    }
}
