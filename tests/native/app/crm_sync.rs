//! What changed in the CRM is taken over: account shards remember it, and a record that somebody else made becomes a lead, once.

use crate::world::{Fault, LIVE, World, at, lead, run};
use lead_router_app::crm::sync::{PAGES_MAX, Sync, SyncResult, read_all, sync as read, take_over};
use lead_router_app::intake::batch::take;
use lead_router_app::ports::crm::{ChangedPerson, Changes, ChangesSince, Check, Crm, DeliveryResult, SyncKind};
use lead_router_app::ports::jobs::Job;
use lead_router_core::crm::state::{CrmQuestion, CrmUser, OwnerRef, State};
use lead_router_core::crm::{AccountState, CrmKind, CrmWrite, CrmWritten, PersonKind, PersonState};
use lead_router_core::decision::record::CrmUse;
use lead_router_core::intake::{FieldMap, json as json_body};
use lead_router_core::time::{MINUTE_MS, Timestamp};
use lead_router_core::vendor::DeliveryError;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

const CRM: &str = "hubspot";

fn world() -> World {
    let teams =
        serde_json::from_value(json!([{"id": "all", "members": [{"rep_id": "ada"}, {"rep_id": "ben"}]}])).unwrap();
    let reps = serde_json::from_value(json!([
        {"id": "ada", "name": "Ada", "crm_ids": {"hubspot": "1"}},
        {"id": "ben", "name": "Ben", "crm_ids": {"hubspot": "2"}},
    ]))
    .unwrap();
    let world = World::new(teams, reps, Vec::new());
    world.edit_rubric(|file| {
        file["routes"] = json!([]);
        file["overrides"] = json!([]);
        file["fallback"] = json!({"team": "all"});
    });
    world.set_enrichment(&json!({}));
    world.crm_kind.set(CrmKind::Hubspot);
    world
}

fn now() -> Timestamp {
    at("2026-11-18T12:00:00Z")
}

fn person(id: &str, email: &str, owner: &str) -> ChangedPerson {
    let body = json!({"email": email, "name": "Somebody"}).to_string();
    ChangedPerson {
        email: email.to_owned(),
        state: PersonState { id: id.to_owned(), kind: PersonKind::Contact, owner: OwnerRef::new(owner), touched: None },
        created_at: now().plus_ms(-MINUTE_MS),
        is_ours: false,
        lead: Box::new(json_body::read(body.as_bytes(), &FieldMap::default()).unwrap()),
    }
}

fn account(id: &str, owner: &str) -> AccountState {
    AccountState { id: id.to_owned(), name: None, owner: OwnerRef::new(owner), status: None, deals: Vec::new() }
}

fn page(people: Vec<ChangedPerson>, accounts: Vec<(&str, AccountState)>) -> Changes {
    Changes {
        people,
        accounts: accounts.into_iter().map(|(domain, state)| (domain.to_owned(), state)).collect(),
        next: None,
    }
}

fn sync(world: &World, changes: Changes, new_since: Option<Timestamp>) -> SyncResult {
    run(take_over(world, changes, (CRM, world.now.get()), new_since, LIVE)).unwrap()
}

/// Takes in the leads that wait on the queue, as the consumer does; how many.
fn consume(world: &World) -> usize {
    let jobs = world.jobs.take();
    let leads = jobs.iter().filter_map(|job| match job {
        Job::Take { lead, key, received_at } => Some((lead, key, received_at)),
        _ => None,
    });
    let taken: Vec<_> =
        leads.map(|(lead, key, at)| run(take(world, (**lead).clone(), key, *at, LIVE)).unwrap()).collect();
    taken.len()
}

#[test]
fn a_changed_owner_decides_the_next_lead_without_a_call() {
    let world = world();
    // Both, so that neither the person nor the account has to be asked for.
    let taken = sync(
        &world,
        page(vec![person("501", "kim@acme.example", "2")], vec![("acme.example", account("9", ""))]),
        None,
    );
    assert_eq!(taken, SyncResult { people: 1, accounts: 1, leads: 0 });
    let decision = run(world.decide(&lead(&json!({"email": "kim@acme.example"}))));
    assert_eq!(decision.assignment.unwrap().rep_id.as_str(), "ben");
    assert_eq!(decision.enrichment.crm, Some(CrmUse::Snapshot));
    assert_eq!(*world.consulted.borrow(), Vec::new());
}

#[test]
fn an_account_is_remembered_for_everybody_of_it_and_what_is_older_changes_nothing() {
    let world = world();
    sync(&world, page(Vec::new(), vec![("acme.example", account("9", "1"))]), None);
    // A page that was read before, and is taken over after.
    let late = page(Vec::new(), vec![("acme.example", account("9", "2"))]);
    run(take_over(&world, late, (CRM, now().plus_ms(-1)), None, LIVE)).unwrap();
    for (number, email) in ["kim@acme.example", "lee@acme.example"].into_iter().enumerate() {
        sync(&world, page(vec![person(&number.to_string(), email, "")], Vec::new()), None);
        let decision = run(world.decide(&lead(&json!({"email": email}))));
        assert_eq!(decision.assignment.unwrap().rep_id.as_str(), "ada");
    }
}

#[test]
fn a_record_that_somebody_else_made_becomes_a_lead_once_however_often_it_is_read() {
    let world = world();
    for round in 0..3 {
        let new = vec![person("501", "kim@acme.example", ""), person("502", "lee@acme.example", "2")];
        let changes = page(new, vec![("acme.example", account("9", ""))]);
        let taken = sync(&world, changes, Some(now().plus_ms(-MINUTE_MS)));
        assert_eq!(taken.leads, 2, "round {round}");
        assert_eq!(consume(&world), 2);
        world.now.set(world.now.get().plus_ms(5 * MINUTE_MS));
    }
    let mut owners: Vec<_> = world.leads().iter().map(|row| row.rep_id.clone()).collect();
    owners.sort();
    assert_eq!(owners.len(), 2);
    assert!(owners.iter().all(Option::is_some), "{owners:?}");
    assert!(owners.contains(&Some("ben".to_owned())), "the owner in the CRM keeps her: {owners:?}");
}

#[test]
fn what_is_ours_or_older_or_not_wanted_is_no_lead_and_is_remembered_all_the_same() {
    let since = now().plus_ms(-MINUTE_MS);
    let ours = ChangedPerson { is_ours: true, ..person("501", "kim@acme.example", "2") };
    let older = ChangedPerson { created_at: since.plus_ms(-1), ..person("502", "lee@acme.example", "2") };
    let not_wanted = person("503", "max@acme.example", "2");
    for (changed, new_since) in [(ours, Some(since)), (older, Some(since)), (not_wanted, None)] {
        let world = world();
        let email = changed.email.clone();
        let taken = sync(&world, page(vec![changed], vec![("acme.example", account("9", ""))]), new_since);
        assert_eq!((taken, world.jobs.borrow().len()), (SyncResult { people: 1, accounts: 1, leads: 0 }, 0), "{email}");
        let decision = run(world.decide(&lead(&json!({"email": email}))));
        assert_eq!(decision.assignment.unwrap().rep_id.as_str(), "ben", "{email}");
    }
}

#[test]
fn a_record_made_at_the_first_moment_is_new_and_one_without_an_address_stops_nobody() {
    let world = world();
    let people = vec![person("500", "no address", "2"), person("", "", "2"), person("501", "kim@acme.example", "")];
    let taken = sync(&world, page(people, Vec::new()), Some(now().plus_ms(-MINUTE_MS)));
    assert_eq!(taken, SyncResult { people: 1, accounts: 0, leads: 1 });
    assert_eq!(consume(&world), 1);
}

#[test]
fn a_lead_that_came_by_form_and_its_record_in_the_crm_are_one_assignment() {
    let world = world();
    let form = run(world.decide(&lead(&json!({"email": "kim@acme.example", "name": "Somebody"}))));
    // The CRM's own form made the record at the same time; nothing of ours stands in it.
    sync(&world, page(vec![person("501", "kim@acme.example", "")], Vec::new()), Some(now().plus_ms(-MINUTE_MS)));
    consume(&world);
    let assigned: Vec<_> = world.leads().into_iter().filter_map(|row| row.rep_id).collect();
    assert!(assigned.iter().all(|rep| rep == form.assignment.as_ref().unwrap().rep_id.as_str()), "{assigned:?}");
    assert_eq!(world.open_leads("ada") + world.open_leads("ben"), 1);
}

#[test]
fn a_page_that_is_lost_anywhere_and_taken_over_again_changes_nothing_more() {
    let pages = || {
        let people = vec![person("501", "kim@acme.example", "2"), person("502", "lee@other.example", "")];
        page(people, vec![("acme.example", account("9", "1")), ("other.example", account("10", "2"))])
    };
    let since = Some(now().plus_ms(-MINUTE_MS));
    let calls = {
        let world = world();
        sync(&world, pages(), since);
        world.calls.get()
    };
    assert_eq!(calls, 3, "two account shards and the queue");
    for place in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let world = world();
            world.fault.set(Some((place, fault)));
            run(take_over(&world, pages(), (CRM, now()), since, LIVE)).unwrap_err();
            sync(&world, pages(), since);
            consume(&world);
            let mut reps: Vec<_> = world.leads().into_iter().filter_map(|row| row.rep_id).collect();
            reps.sort();
            assert_eq!(reps, ["ada", "ben"], "call {place} {fault:?}");
        }
    }
}

/// A CRM with people, each with the moment of their last change, that gives out a few on a page.
struct Records {
    people: RefCell<Vec<(Timestamp, String, String)>>,
    per_page: usize,
    asked: Cell<u32>,
    /// The page with this number is not answered.
    fails_at: Cell<Option<u32>>,
    /// Every page takes so long, in milliseconds.
    page_ms: i64,
    clock: Rc<Cell<Timestamp>>,
}

impl Records {
    fn new(world: &World, people: &[(&str, &str, &str)]) -> Self {
        let people = people.iter().map(|(moment, email, owner)| (at(moment), (*email).to_owned(), (*owner).to_owned()));
        Self {
            people: RefCell::new(people.collect()),
            per_page: 2,
            asked: Cell::new(0),
            fails_at: Cell::new(None),
            page_ms: 0,
            clock: Rc::clone(&world.now),
        }
    }

    fn change(&self, email: &str, owner: &str) {
        let mut people = self.people.borrow_mut();
        people.retain(|(_, own, _)| own != email);
        people.push((self.clock.get(), email.to_owned(), owner.to_owned()));
    }
}

impl Crm for Records {
    async fn changes(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        let asked = self.asked.replace(self.asked.get() + 1);
        self.clock.set(self.clock.get().plus_ms(self.page_ms));
        if self.fails_at.get() == Some(asked) {
            return Err(DeliveryError::retryable("vendor_unavailable", None));
        }
        let mut people = self.people.borrow().clone();
        people.retain(|(changed, ..)| *changed >= since.at);
        people.sort();
        let from: usize = since.page.parse().unwrap_or(0);
        let page = people.iter().skip(from).take(self.per_page);
        let page: Vec<_> = page
            .map(|(changed, email, owner)| ChangedPerson { created_at: *changed, ..person(email, email, owner) })
            .collect();
        let to = from + page.len();
        let next = (to < people.len()).then(|| ChangesSince { at: since.at, page: to.to_string() });
        Ok(Changes { people: page, accounts: Vec::new(), next })
    }
    async fn lookup(&self, _: &CrmQuestion) -> DeliveryResult<State> {
        panic!("nobody asks")
    }
    async fn write(&self, _: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        panic!("nobody writes")
    }
    fn batch_max(&self) -> usize {
        1
    }
    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        Ok(Vec::new())
    }
    async fn check(&self) -> Vec<Check> {
        Vec::new()
    }
}

fn work(is_pulling: bool) -> Sync<'static> {
    Sync { kind: CrmKind::Hubspot, is_pulling, options: LIVE }
}

fn owner_by_mirror(world: &World, email: &str) -> Option<String> {
    let decision = run(world.decide(&lead(&json!({"email": email, "message": format!("at {}", world.now.get())}))));
    assert_eq!(decision.enrichment.crm, Some(CrmUse::Snapshot), "{email}");
    assert_eq!(*world.consulted.borrow(), Vec::new(), "{email}");
    decision.assignment.map(|assignment| assignment.rep_id.to_string())
}

const OLD: &[(&str, &str, &str)] = &[
    ("2024-01-01T00:00:00Z", "ann@one.example", "1"),
    ("2025-01-01T00:00:00Z", "bea@two.example", "2"),
    ("2025-06-01T00:00:00Z", "cem@three.example", "1"),
    ("2026-01-01T00:00:00Z", "dee@four.example", "2"),
    ("2026-11-18T11:30:00Z", "eve@five.example", "1"),
];

#[test]
fn after_everything_was_read_no_decision_asks_the_crm_not_even_about_a_stranger() {
    let world = world();
    let crm = Records::new(&world, OLD);
    let taken = run(read(&world, &crm, &work(false))).unwrap();
    assert_eq!(taken, SyncResult { people: 6, accounts: 0, leads: 0 }, "one of the last hour, and all five");
    assert!(world.cursors.borrow()[SyncKind::Whole as usize].is_none());
    assert_eq!(owner_by_mirror(&world, "bea@two.example").as_deref(), Some("ben"));
    assert_eq!(owner_by_mirror(&world, "ann@one.example").as_deref(), Some("ada"));
    assert!(owner_by_mirror(&world, "stranger@six.example").is_some());
}

#[test]
fn before_that_a_stranger_is_asked_about_and_also_when_changes_are_no_longer_heard() {
    let world = world();
    let crm = Records::new(&world, OLD);
    crm.fails_at.set(Some(1));
    run(read(&world, &crm, &work(false))).unwrap_err();
    let decision = run(world.decide(&lead(&json!({"email": "stranger@six.example"}))));
    assert_eq!(decision.enrichment.crm, Some(CrmUse::Live));
    run(read(&world, &crm, &work(false))).unwrap();
    world.consulted.borrow_mut().clear();
    world.now.set(world.now.get().plus_ms(15 * MINUTE_MS));
    owner_by_mirror(&world, "stranger@seven.example");
    world.now.set(world.now.get().plus_ms(1));
    let decision = run(world.decide(&lead(&json!({"email": "stranger@eight.example"}))));
    assert_eq!(decision.enrichment.crm, Some(CrmUse::Live));
}

#[test]
fn a_change_is_heard_by_the_next_run_though_everything_is_still_being_read() {
    let world = world();
    let mut crm = Records::new(&world, OLD);
    // A run gets through two pages and a half.
    crm.page_ms = 25_000;
    run(read(&world, &crm, &work(false))).unwrap();
    assert!(world.cursors.borrow()[SyncKind::Whole as usize].is_some(), "five records take three pages");
    crm.change("ann@one.example", "2");
    let mut runs = 1;
    while world.cursors.borrow()[SyncKind::Whole as usize].is_some() {
        world.now.set(world.now.get().plus_ms(5 * MINUTE_MS));
        run(read(&world, &crm, &work(false))).unwrap();
        runs += 1;
        assert!(runs < 10);
    }
    assert_eq!(owner_by_mirror(&world, "ann@one.example").as_deref(), Some("ben"));
    assert_eq!(owner_by_mirror(&world, "cem@three.example").as_deref(), Some("ada"));
}

#[test]
fn a_run_that_fails_at_any_page_or_call_is_made_good_by_the_next() {
    let pages = 4;
    for place in 0..pages {
        let world = world();
        let crm = Records::new(&world, OLD);
        crm.fails_at.set(Some(place));
        run(read(&world, &crm, &work(false))).unwrap_err();
        run(read(&world, &crm, &work(false))).unwrap();
        assert_eq!(owner_by_mirror(&world, "bea@two.example").as_deref(), Some("ben"), "page {place}");
    }
    let calls = {
        let world = world();
        run(read(&world, &Records::new(&world, OLD), &work(false))).unwrap();
        world.calls.get()
    };
    for place in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let world = world();
            let crm = Records::new(&world, OLD);
            world.fault.set(Some((place, fault)));
            let _ = run(read(&world, &crm, &work(false)));
            world.fault.set(None);
            run(read(&world, &crm, &work(false))).unwrap();
            assert_eq!(owner_by_mirror(&world, "bea@two.example").as_deref(), Some("ben"), "call {place} {fault:?}");
        }
    }
}

#[test]
fn only_what_was_made_since_the_first_run_becomes_a_lead_though_everything_is_read_and_read_again() {
    let world = world();
    let crm = Records::new(&world, OLD);
    let first = run(read(&world, &crm, &work(true))).unwrap();
    assert_eq!(first.leads, 1, "the one of the hour before");
    consume(&world);
    run(read_all(&world)).unwrap();
    world.now.set(world.now.get().plus_ms(5 * MINUTE_MS));
    crm.change("new@nine.example", "");
    let second = run(read(&world, &crm, &work(true))).unwrap();
    assert_eq!((second.leads, second.people), (1, 1 + 6));
    consume(&world);
    let mut leads: Vec<_> = world.leads().into_iter().map(|row| row.lead_id).collect();
    leads.dedup();
    assert_eq!(leads.len(), 2);
}

#[test]
fn a_run_takes_no_more_pages_than_its_share_and_the_next_goes_on() {
    let world = world();
    let mut crm = Records::new(&world, &[]);
    crm.per_page = 1;
    let people = (0..=PAGES_MAX).map(|number| {
        (at("2025-01-01T00:00:00Z").plus_ms(number.into()), format!("p{number}@x{number}.example"), "1".to_owned())
    });
    *crm.people.borrow_mut() = people.collect();
    run(read(&world, &crm, &work(false))).unwrap();
    assert_eq!(crm.asked.get(), PAGES_MAX, "one of them for changes");
    assert!(world.cursors.borrow()[SyncKind::Whole as usize].is_some());
    let taken = run(read(&world, &crm, &work(false))).unwrap();
    assert_eq!((taken.people, crm.asked.get()), (2, PAGES_MAX + 3));
    assert!(world.cursors.borrow()[SyncKind::Whole as usize].is_none());
}
