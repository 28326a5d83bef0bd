//! Who is told what about a decision: from records of the sample world.

use crate::world::{World, at, lead, run, sample};
use lead_router_core::decision::record::{Mode, Outcome, Record, Replaced};
use lead_router_core::http::encode;
use lead_router_core::id::RepId;
use lead_router_core::notify::link::Ticket;
use lead_router_core::notify::{Notice, NoticeEvent, NoticeInputs, RepActionKind, notices, owner_drift};
use lead_router_core::time::DAY_MS;
use serde_json::{Value, json};

fn decided(body: &Value) -> (World, Record) {
    let world = World::sample();
    run(world.decide(&lead(body)));
    let record = world.records().into_iter().next().unwrap();
    (world, record)
}

fn owned() -> (World, Record) {
    let text = std::fs::read_to_string(format!(
        "{}/sample/leads/owned-account.json",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    ))
    .unwrap();
    decided(&serde_json::from_str(&text).unwrap())
}

fn making<'a>(index: &'a lead_router_core::decision::index::RosterIndex) -> NoticeInputs<'a> {
    NoticeInputs {
        index,
        public_url: Some("https://leads.acme.example/"),
        link_key: Some(b"link-key"),
        crm_url: Some("https://crm.example/1"),
    }
}

fn made(world: &World, record: &Record) -> Vec<Notice> {
    let config = world.in_force();
    notices(record, &making(&config.index))
}

#[test]
fn the_rep_is_told_who_why_by_when_and_where_to_go_on() {
    let (world, record) = owned();
    let [notice] = made(&world, &record).try_into().unwrap();
    let assignment = record.decision.assignment.clone().unwrap();
    assert_eq!((notice.event, notice.to.rep_id.clone()), (NoticeEvent::Assigned, Some(assignment.rep_id.clone())));
    let entry = world.in_force().index.reps[&assignment.rep_id].clone();
    assert_eq!((&notice.to.email, &notice.to.slack_id, &notice.to.work), (&entry.email, &entry.slack_id, &entry.work));
    assert!(!entry.work.hours.is_empty() && entry.slack_id.is_some(), "the sample says when and where");
    assert_eq!(notice.due_at, Some(assignment.due_at));
    assert_eq!(notice.links.booking, assignment.booking_url);
    assert_eq!(
        notice.links.lead,
        Some(format!("https://leads.acme.example/console/leads/{}", record.decision.lead_id))
    );
    assert_eq!(notice.why.len(), 3);
    assert!(notice.why[0].contains("owns this account"), "{:?}", notice.why);
    assert_eq!(notice.person.email, Some(record.lead.email.address.clone()));
    let link = notice.links.accept.unwrap();
    let token = link.strip_prefix("https://leads.acme.example/actions/").unwrap();
    assert_eq!(encode(token), token, "the token needs no escapes");
    let ticket = Ticket::read(token, &[b"link-key".to_vec()], record.decision.decided_at).unwrap();
    assert_eq!((ticket.kind, ticket.rep_id, ticket.decision_no), (RepActionKind::Accept, assignment.rep_id, 1));
    assert_eq!(ticket.until.ms_since(record.decision.decided_at) / 1_000, 7 * DAY_MS / 1_000);
}

#[test]
fn those_who_were_passed_over_are_not_why() {
    let body = json!({"email": "ada@fjordwerk.example", "company": "Fjordwerk", "employees": "400"});
    let (_, first) = decided(&body);
    let mut roster = sample("roster.json");
    for rep in roster["reps"].as_array_mut().unwrap() {
        let is_picked = rep["id"] == first.decision.rep_id().unwrap().as_str();
        rep["active"] = json!(!is_picked);
    }
    let world = World::new(
        serde_json::from_value(roster["teams"].clone()).unwrap(),
        serde_json::from_value(roster["reps"].clone()).unwrap(),
        Vec::new(),
    );
    run(world.decide(&lead(&body)));
    let record = world.records().into_iter().next().unwrap();
    let excluded: Vec<&str> = record
        .asked
        .iter()
        .flat_map(|asked| &asked.pick.candidates)
        .filter_map(|candidate| candidate.excluded.as_deref())
        .collect();
    let [notice] = made(&world, &record).try_into().unwrap();
    let all: Vec<&str> = record.decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert!(all.iter().any(|code| excluded.contains(code)), "somebody is passed over: {all:?}");
    for line in &notice.why {
        let reason = record.decision.reasons.iter().find(|reason| reason.text.starts_with(line.as_str())).unwrap();
        assert!(!excluded.contains(&reason.code.as_str()), "{line}");
    }
}

#[test]
fn without_an_address_of_our_own_there_are_no_links_to_us() {
    let (world, record) = owned();
    let config = world.in_force();
    for (public_url, link_key) in [(None, Some(&b"k"[..])), (Some("javascript:alert(1)"), Some(&b"k"[..]))] {
        let making = NoticeInputs { index: &config.index, public_url, link_key, crm_url: Some("javascript:alert(1)") };
        let [notice] = notices(&record, &making).try_into().unwrap();
        assert!(notice.links.lead.is_none() && notice.links.accept.is_none() && notice.links.crm.is_none());
    }
    let making = NoticeInputs { public_url: Some("https://x.example"), link_key: None, ..making(&config.index) };
    let [notice] = notices(&record, &making).try_into().unwrap();
    assert!(notice.links.accept.is_none() && notice.links.lead.is_some());
}

#[test]
fn a_lead_that_moves_is_told_to_both() {
    let (world, mut record) = owned();
    let before = RepId::new("somebody-else").unwrap();
    record.replaces = Some(Replaced { rep_id: before.clone(), decided_at: at("2026-11-18T11:59:00Z") });
    record.decision_no = 2;
    let told = made(&world, &record);
    let events: Vec<(NoticeEvent, Option<RepId>)> =
        told.iter().map(|notice| (notice.event, notice.to.rep_id.clone())).collect();
    let rep = record.decision.rep_id().unwrap();
    assert_eq!(events, [(NoticeEvent::Assigned, Some(rep.clone())), (NoticeEvent::Moved, Some(before))]);
    let away = &told[1];
    assert_eq!(away.other.as_deref(), record.decision.assignment.as_ref().map(|it| it.rep_name.as_str()));
    assert!(away.person.email.is_none() && away.person.message.is_none() && away.links.accept.is_none());

    record.replaces = Some(Replaced { rep_id: rep, decided_at: at("2026-11-18T11:59:00Z") });
    let events: Vec<NoticeEvent> = made(&world, &record).iter().map(|notice| notice.event).collect();
    assert_eq!(events, [NoticeEvent::Changed]);
}

#[test]
fn a_held_lead_is_told_once_to_a_manager_or_the_team() {
    let (world, mut record) = owned();
    record.decision.outcome = Outcome::Held;
    record.decision.assignment = None;
    let [notice] = made(&world, &record).try_into().unwrap();
    let team = record.asked[0].attempt.team.clone();
    let index = world.in_force().index.clone();
    let manager = index.chain(&team).iter().find_map(|team| index.teams[team].manager_rep_id.clone());
    assert!(manager.is_some(), "the sample has managers");
    assert_eq!((notice.event, notice.to.rep_id.clone()), (NoticeEvent::Held, manager));
    let mut without = index.clone();
    for team in without.teams.values_mut() {
        team.manager_rep_id = None;
    }
    let [notice] = notices(&record, &making(&without)).try_into().unwrap();
    assert_eq!((notice.to.rep_id, notice.to.name), (None, index.team_name(&team)));
    record.decision_no = 2;
    assert!(made(&world, &record).is_empty(), "it is held again every few minutes");
}

#[test]
fn nobody_is_told_in_shadow_mode_or_of_what_is_not_for_sales() {
    let (world, record) = owned();
    let mut shadow = record.clone();
    shadow.decision.mode = Mode::Shadow;
    assert!(made(&world, &shadow).is_empty());
    let mut rejected = record;
    rejected.decision.outcome = Outcome::Rejected;
    rejected.decision.assignment = None;
    assert!(made(&world, &rejected).is_empty());
}

#[test]
fn a_changed_owner_is_told_to_the_rep_of_the_decision() {
    let (world, record) = owned();
    let config = world.in_force();
    let notice = owner_drift(&record, Some("Carl Oh".to_owned()), &making(&config.index)).unwrap();
    assert_eq!((notice.event, notice.to.rep_id.clone()), (NoticeEvent::OwnerDrift, record.decision.rep_id()));
    assert!(notice.links.accept.is_none());
    assert_ne!(notice.effect_id(), made(&world, &record)[0].effect_id());
}

#[test]
fn a_notice_survives_the_trip_through_the_queue() {
    let (world, record) = owned();
    for notice in made(&world, &record) {
        let text = serde_json::to_string(&notice).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
    }
}
