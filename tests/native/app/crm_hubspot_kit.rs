//! A world with `HubSpot` in it, leads to write, and whoever repeats a write until it is done.

use crate::fakes::hubspot::Hubspot as Played;
use crate::outside::Outside;
use crate::world::at;
use lead_router_app::crm::{CallBudget, Hubspot};
use lead_router_app::ports::Clock;
use lead_router_app::ports::crm::{Crm, DeliveryResult};
use lead_router_core::crm::state::OwnerRef;
use lead_router_core::crm::write::{Assigning, Profile};
use lead_router_core::crm::{CrmWrite, CrmWritten};
use lead_router_core::id::{LeadId, RepId, TeamId, TierId};
use lead_router_core::vendor::DeliveryError;
use serde_json::{Value, json};

pub const BASE: &str = "http://hubspot.example";

/// A world with the token of a private app.
pub fn world() -> Outside {
    let outside = Outside::new(vec![(BASE, Box::new(Played::prepared()))]);
    outside.set("HUBSPOT_BASE_URL", BASE);
    outside.set("HUBSPOT_TOKEN", "pat-test");
    outside
}

/// A world with an OAuth app.
pub fn oauth_world() -> Outside {
    let outside = world();
    outside.settings.borrow_mut().remove("HUBSPOT_TOKEN");
    outside.set("HUBSPOT_CLIENT_ID", "client");
    outside.set("HUBSPOT_CLIENT_SECRET", "secret");
    outside.set("HUBSPOT_REFRESH_TOKEN", "refresh");
    outside
}

/// The lead of a person by number, accepted and not decided.
pub fn accepted_lead(person: usize) -> CrmWrite {
    CrmWrite {
        lead_id: LeadId::new(&format!("lead-{person}")).unwrap(),
        decision_no: 0,
        person_id: format!("person-{person}"),
        received_at: at("2026-11-18T11:59:00Z"),
        email: email(person),
        profile: Profile {
            first_name: Some(format!("First{person}")),
            last_name: Some("Last".to_owned()),
            company: Some("Acme".to_owned()),
            phone: Some("+4930123456".to_owned()),
            country: Some("de".to_owned()),
            ..Profile::default()
        },
        assigning: None,
    }
}

pub fn email(person: usize) -> String {
    format!("person{person}@acme{person}.example")
}

/// The same, decided `attempt` minutes past noon for the owner of a rep.
pub fn assigned(person: usize, attempt: u32, owner: &str) -> CrmWrite {
    let assigning = Assigning {
        rep_id: RepId::new(&format!("rep-{owner}")).unwrap(),
        owner_id: owner.to_owned(),
        seen_owner: None,
        team: TeamId::new("desk").unwrap(),
        tier: TierId::new("A").unwrap(),
        score: 82,
        reason: "Director <b>at</b> R&D".to_owned(),
        due_at: at("2026-11-18T12:30:00Z"),
        decided_at: at("2026-11-18T12:00:00Z").plus_minutes(i64::from(attempt)),
    };
    CrmWrite { decision_no: attempt, assigning: Some(assigning), ..accepted_lead(person) }
}

/// The same, when the record belonged to somebody as the lead was decided.
pub fn seen(mut write: CrmWrite, owner: &str) -> CrmWrite {
    write.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(owner);
    write
}

/// Writes once.
pub async fn write(world: &Outside, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
    Hubspot::connect(world, CallBudget::CONSUMER).unwrap().write(writes).await
}

/// Writes until every lead is written or refused, as the consumer does: what was not done comes again after a pause.
pub async fn deliver(world: &Outside, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
    let mut ends: Vec<Option<DeliveryResult<CrmWritten>>> = vec![None; writes.len()];
    for _ in 0..12 {
        let open: Vec<usize> = (0..writes.len()).filter(|place| ends[*place].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let batch: Vec<CrmWrite> = open.iter().map(|place| writes[*place].clone()).collect();
        let results = write(world, &batch).await;
        assert_eq!(results.len(), batch.len());
        let mut pause_ms = 5_000;
        for (place, result) in open.into_iter().zip(results) {
            match result {
                Err(DeliveryError::Retryable { after_ms, .. }) => pause_ms = pause_ms.max(after_ms.unwrap_or(0)),
                end => ends[place] = Some(end),
            }
        }
        world.pause(pause_ms).await;
    }
    ends.into_iter().map(|end| end.expect("twelve tries are enough")).collect()
}

/// The one contact with an address.
pub fn contact(state: &Value, person: usize) -> Value {
    let all: Vec<&Value> = list(state, "contacts").filter(|one| one["email"] == json!(email(person))).collect();
    assert_eq!(all.len(), 1, "contacts of person {person}: {all:#?}");
    all[0].clone()
}

/// Tasks of an effect.
pub fn tasks(state: &Value, effect: &str) -> Vec<Value> {
    list(state, "tasks").filter(|task| task["router_effect_id"] == json!(effect)).cloned().collect()
}

pub fn list<'a>(state: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    state[kind].as_array().unwrap().iter()
}

/// The calls that were made, and that none was one too many.
pub fn calls(world: &Outside) -> Value {
    let state = world.state(BASE);
    assert_eq!(state["exceeded"], json!({"burst": 0, "search": 0, "day": 0}));
    state["calls"].clone()
}

/// Whether a write is done with a task.
pub fn is_done(end: &DeliveryResult<CrmWritten>) -> bool {
    matches!(end, Ok(CrmWritten::Done { task_id: Some(_), .. }))
}
