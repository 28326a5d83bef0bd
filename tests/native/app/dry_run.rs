//! A dry run is the decision: the same steps, and nothing is written.

use crate::golden_kit::{self, Scenario};
use crate::world::{LIVE, World, at, lead, run, sample};
use lead_router_app::intake::dry_run::explain;
use lead_router_core::crm::state::OwnerRef;
use lead_router_core::crm::{AccountState, CrmKind, State};
use lead_router_core::decision::record::{Decision, EnrichmentSummary};
use lead_router_core::directory::{ImportKind, parse};
use lead_router_core::lead::Lead;
use serde_json::{Value, json};

/// The decision without what asking costs: the dry run comes first, and fills the cache of the providers.
fn comparable(decision: Decision) -> Decision {
    Decision { enrichment: EnrichmentSummary::default(), ms: 0, ..decision }
}

/// Explains a lead and then decides it; both must be equal, and explaining must leave nothing behind.
fn assert_same(world: &World, lead: &Lead, name: &str) -> Decision {
    let before = world.everything_written();
    let explained = run(explain(world, lead.clone(), world.now.get(), LIVE)).unwrap();
    assert_eq!(world.everything_written(), before, "{name}: the dry run wrote something");
    let decision = run(world.decide(lead));
    assert_eq!(comparable(explained.decision), comparable(decision.clone()), "{name}");
    decision
}

#[test]
fn over_every_golden_situation_the_dry_run_is_the_decision() {
    for (name, scenario) in scenarios() {
        let (teams, reps) = golden_kit::roster_of(&scenario);
        let rows: Vec<String> = scenario.accounts.iter().map(Value::to_string).collect();
        let world = World::new(teams, reps, parse(rows.join("\n").as_bytes(), ImportKind::Ndjson).rows);
        world.now.set(scenario.now);
        world.edit_rubric(|file| *file = scenario.rubric.json("rubric"));
        let own = lead(&scenario.lead);
        let first = assert_same(&world, &own, &name);
        // The same person again, and a colleague: what the account shard remembers counts in both.
        for again in [json!({"message": "once more"}), json!({"email": colleague(&own), "message": "me too"})] {
            let mut body = scenario.lead.clone();
            for (field, value) in again.as_object().unwrap() {
                body[field] = value.clone();
            }
            assert_same(&world, &lead(&body), &name);
        }
        // A lead that was decided before is decided as if it were new.
        let explained = run(explain(&world, own, world.now.get(), LIVE)).unwrap();
        assert_ne!(explained.decision.lead_id, first.lead_id, "{name}");
    }
}

fn colleague(lead: &Lead) -> String {
    let (_, host) = lead.email.address.split_once('@').unwrap();
    format!("a.colleague@{host}")
}

fn scenarios() -> Vec<(String, Scenario)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/routing");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
    };
    let found: Vec<(String, Scenario)> = std::fs::read_dir(folder).unwrap().map(read).collect();
    assert!(found.len() > 100, "{}", found.len());
    found
}

#[test]
fn with_a_crm_connected_the_dry_run_asks_it_and_remembers_nothing() {
    let world = World::sample();
    world.crm_kind.set(CrmKind::Hubspot);
    let owner = OwnerRef::new("77");
    let account = AccountState { id: "9001".to_owned(), name: None, owner, status: None, deals: Vec::new() };
    let state = State { person: None, account: Some(account) };
    world.crm.borrow_mut().insert("crm-owned.example".to_owned(), Ok(state));
    let lead = lead(&json!({"email": "ada@crm-owned.example", "company": "Owned"}));
    let decision = assert_same(&world, &lead, "CRM");
    assert!(decision.reasons.iter().any(|reason| reason.code == "crm_owner_unknown"), "{:?}", decision.reasons);
    assert_eq!(world.consulted.borrow().len(), 2, "asked once by the dry run and once by the decision");
}

#[test]
fn the_dry_run_asks_the_account_shard_of_an_employer() {
    let world = World::sample();
    let private = lead(&sample("leads/hidden-enterprise.json"));
    let decision = assert_same(&world, &private, "hidden enterprise");
    assert!(decision.assignment.is_some());
}

#[test]
fn a_dry_run_can_be_for_another_moment() {
    let world = World::sample();
    let lead = lead(&json!({"email": "night@owl.example"}));
    let night = at("2026-11-21T02:00:00Z");
    let explained = run(explain(&world, lead, night, LIVE)).unwrap();
    assert_eq!(explained.decision.decided_at, night);
}
