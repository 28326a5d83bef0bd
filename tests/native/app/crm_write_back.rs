//! In which order the CRM is told, and what becomes of what it does not take.

use crate::world::{World, at, lead, run, sample};
use lead_router_app::crm::check_owners;
use lead_router_app::crm::write_back::{Due, WriteOutcome, with_owner, write_all, write_of};
use lead_router_app::ports::crm::{Changes, ChangesSince, Check, Crm, DeliveryResult};
use lead_router_core::crm::state::{CrmQuestion, CrmUser, State};
use lead_router_core::crm::{CrmKind, CrmWrite, CrmWritten, PersonKind, RecordId};
use lead_router_core::id::LeadId;
use lead_router_core::vendor::DeliveryError;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A CRM that answers what it is told to, and remembers the batches.
#[derive(Default)]
struct Scripted {
    batches: RefCell<Vec<Vec<String>>>,
    answers: BTreeMap<String, DeliveryError>,
    batch_max: usize,
    silent: bool,
    users: Vec<CrmUser>,
    /// Whether it takes no record for the rep of an assignment.
    refuses_owners: bool,
}

impl Crm for Scripted {
    async fn lookup(&self, _: &CrmQuestion) -> DeliveryResult<State> {
        Ok(State::default())
    }
    async fn write(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        self.batches.borrow_mut().push(writes.iter().map(CrmWrite::effect_id).collect());
        let record = RecordId { kind: PersonKind::Contact, id: "1".to_owned() };
        let done = CrmWritten::Done { record, task_id: None };
        let answer = |write: &CrmWrite| match self.answers.get(&write.effect_id()) {
            Some(setback) => Err(setback.clone()),
            None if self.refuses_owners && write.assigning.is_some() => {
                Err(DeliveryError::config("unknown_owner", "no such user"))
            }
            None => Ok(done.clone()),
        };
        if self.silent { Vec::new() } else { writes.iter().map(answer).collect() }
    }
    fn batch_max(&self) -> usize {
        self.batch_max
    }
    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        Ok(self.users.clone())
    }
    async fn changes(&self, _: &ChangesSince) -> DeliveryResult<Changes> {
        Ok(Changes::default())
    }
    async fn check(&self) -> Vec<Check> {
        Vec::new()
    }
}

fn due(person: &str, lead: &str, decision_no: u32, received_minute: i64) -> Due {
    let write = CrmWrite {
        lead_id: LeadId::new(lead).unwrap(),
        decision_no,
        person_id: person.to_owned(),
        received_at: at("2026-11-18T12:00:00Z").plus_minutes(received_minute),
        email: format!("{person}@acme.example"),
        profile: lead_router_core::crm::write::Profile::default(),
        assigning: None,
    };
    Due { write, tries: 0 }
}

fn write(crm: &Scripted, due: &[Due]) -> Vec<WriteOutcome> {
    let index = World::sample().in_force().index.clone();
    run(write_all(crm, (CrmKind::Hubspot, &index), due, || 0))
}

#[test]
fn leads_of_one_person_are_written_in_the_order_they_came_and_others_with_them() {
    let crm = Scripted { batch_max: 2, ..Scripted::default() };
    let all = [due("p", "b", 1, 5), due("q", "c", 1, 0), due("p", "a", 1, 1), due("r", "d", 1, 0), due("p", "a", 0, 1)];
    let became = write(&crm, &all);
    assert!(became[..4].iter().all(|became| matches!(became, WriteOutcome::Written(_))), "{became:?}");
    assert_eq!(became[4], WriteOutcome::Superseded, "the lead was decided meanwhile");
    assert_eq!(*crm.batches.borrow(), [vec!["a-1", "c-1"], vec!["d-1"], vec!["b-1"]]);
}

#[test]
fn of_two_decisions_about_a_lead_the_newer_is_written_and_of_two_copies_one() {
    let crm = Scripted { batch_max: 100, ..Scripted::default() };
    let became = write(&crm, &[due("p", "a", 2, 0), due("p", "a", 1, 0), due("p", "a", 2, 0)]);
    assert!(matches!(became[0], WriteOutcome::Written(_)));
    assert_eq!(became[1..], [WriteOutcome::Superseded, WriteOutcome::Superseded]);
    assert_eq!(*crm.batches.borrow(), [vec!["a-2"]]);
}

#[test]
fn after_one_that_has_to_wait_the_later_ones_of_the_person_wait_too_and_nobody_else() {
    let answers = BTreeMap::from([("a-1".to_owned(), DeliveryError::retryable("unable_to_lock_row", Some(90_000)))]);
    let crm = Scripted { batch_max: 100, answers, ..Scripted::default() };
    let became = write(&crm, &[due("p", "a", 1, 0), due("p", "b", 1, 1), due("q", "c", 1, 1)]);
    let again = |code: &str| WriteOutcome::Again { after_ms: 90_000, code: code.to_owned() };
    assert_eq!(became[..2], [again("unable_to_lock_row"), again("after_another")]);
    assert!(matches!(became[2], WriteOutcome::Written(_)));
}

#[test]
fn what_an_operator_has_to_mend_is_tried_again_and_what_is_wrong_with_the_lead_is_parked() {
    let setbacks = [
        ("a-1", DeliveryError::config("token_refused", "a new token"), true),
        ("b-1", DeliveryError::lead("required_field_missing", "a last name"), false),
        ("c-1", DeliveryError::retryable("timeout", None), true),
    ];
    let answers = setbacks.iter().map(|(id, setback, _)| ((*id).to_owned(), setback.clone())).collect();
    let crm = Scripted { batch_max: 100, answers, ..Scripted::default() };
    let mut all = vec![due("p", "a", 1, 0), due("q", "b", 1, 0), due("r", "c", 1, 0)];
    for (became, (_, setback, is_tried_again)) in write(&crm, &all).iter().zip(&setbacks) {
        match became {
            WriteOutcome::Again { code, .. } => assert!(*is_tried_again && code == setback.code()),
            WriteOutcome::Parked(parked) => assert!(!is_tried_again && parked == setback),
            other => panic!("{other:?}"),
        }
    }
    for due in &mut all {
        due.tries = 9;
    }
    for (became, (_, setback, _)) in write(&crm, &all).iter().zip(&setbacks) {
        assert_eq!(*became, WriteOutcome::Parked(setback.clone()), "after a day everything is parked");
    }
}

#[test]
fn a_crm_that_answers_nothing_is_asked_again() {
    let crm = Scripted { batch_max: 100, silent: true, ..Scripted::default() };
    let became = write(&crm, &[due("p", "a", 1, 0)]);
    assert!(matches!(&became[0], WriteOutcome::Again { code, .. } if code == "no_answer"));
}

#[test]
fn a_decision_is_written_with_the_rep_s_id_in_the_crm_and_one_without_is_named() {
    let world = World::sample();
    run(world.decide(&lead(&sample("leads/owned-account.json"))));
    let record = world.records().remove(0);
    let write = write_of(&record).unwrap();
    assert_eq!(write.profile.company.as_deref(), record.facts.text(lead_router_core::facts::Field::CompanyName));
    let mut index = world.in_force().index.clone();
    let rep = record.decision.rep_id().unwrap();
    index.reps.get_mut(&rep).unwrap().crm_ids.clear();
    let refused = with_owner(write.clone(), CrmKind::Hubspot, &index).unwrap_err();
    assert_eq!(refused.code(), "rep_without_crm_id");
    index.reps.get_mut(&rep).unwrap().crm_ids.insert("hubspot".to_owned(), "77".to_owned());
    let owned = with_owner(write, CrmKind::Hubspot, &index).unwrap();
    assert_eq!(owned.assigning.unwrap().owner_id, "77");
}

#[test]
fn a_lead_of_a_rep_who_cannot_own_records_is_there_without_an_owner_and_is_said() {
    let world = World::sample();
    run(world.decide(&lead(&sample("leads/owned-account.json"))));
    let record = world.records().remove(0);
    let rep = record.decision.rep_id().unwrap();
    let due = [Due { write: write_of(&record).unwrap(), tries: 0 }];
    let effect = due[0].write.effect_id();
    let mut index = world.in_force().index.clone();
    for (crm_id, refuses_owners, code, batches) in [
        (None, false, Some("rep_without_crm_id"), 1),
        (Some("77"), true, Some("unknown_owner"), 2),
        (Some("77"), false, None, 1),
    ] {
        let ids = &mut index.reps.get_mut(&rep).unwrap().crm_ids;
        ids.clear();
        ids.extend(crm_id.map(|id| ("hubspot".to_owned(), id.to_owned())));
        let crm = Scripted { batch_max: 100, refuses_owners, ..Scripted::default() };
        let became = run(write_all(&crm, (CrmKind::Hubspot, &index), &due, || 0)).remove(0);
        match (&became, code) {
            (WriteOutcome::Again { code: found, .. }, Some(code)) => assert_eq!(found, code),
            (WriteOutcome::Written(_), None) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(*crm.batches.borrow(), vec![vec![effect.clone()]; batches]);
    }
}

#[test]
fn the_owners_of_the_roster_are_compared_with_the_users_of_the_crm() {
    let mut index = World::sample().in_force().index.clone();
    let reps: Vec<_> = index.reps.iter().filter(|(_, rep)| rep.team.is_some()).map(|(id, _)| id.clone()).collect();
    for entry in index.reps.values_mut() {
        entry.crm_ids.clear();
    }
    let check = |index: &_, users: &[(&str, bool)]| {
        let user = |(id, active): &(&str, bool)| CrmUser { id: (*id).to_owned(), email: None, active: *active };
        let crm = Scripted { users: users.iter().map(user).collect(), ..Scripted::default() };
        run(check_owners(&crm, CrmKind::Salesforce, index)).problem.map(|problem| (problem.code, problem.message))
    };
    assert_eq!(check(&index, &[]), None, "reps without an id are another check's");
    index.reps.get_mut(&reps[0]).unwrap().crm_ids.insert("salesforce".to_owned(), "005000000000001".to_owned());
    assert_eq!(check(&index, &[("005000000000001AAA", true)]), None);
    let (code, message) = check(&index, &[("005000000000001AAA", false)]).unwrap();
    assert_eq!(code, "inactive_owner");
    assert!(message.contains(reps[0].as_str()), "{message}");
    assert_eq!(check(&index, &[("005000000000002AAA", true)]).unwrap().0, "unknown_owner");
}
