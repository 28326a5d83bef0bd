//! What the tests of Salesforce share: an organisation with reps, writes, and a caller who tries again.

use crate::fakes::salesforce::{CLIENT_ID, CLIENT_SECRET, Salesforce as Played};
use crate::outside::Outside;
use crate::world::{at, run};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use lead_router_app::crm::{CallBudget, Salesforce};
use lead_router_app::ports::crm::{Crm, DeliveryResult, Signer};
use lead_router_app::ports::{PortResult, Unavailable};
use lead_router_core::crm::write::{Assigning, Profile};
use lead_router_core::crm::{CrmWrite, CrmWritten};
use lead_router_core::http::HttpRequest;
use lead_router_core::id::{LeadId, RepId, TeamId, TierId};
use lead_router_core::vendor::{DeliveryError, next_try_ms};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const BASE: &str = "https://acme.my.salesforce.com";
pub const ANN: &str = "0055e000001AnnAAAS";
pub const BOB: &str = "0055e000001BobAAAS";
pub const EVE: &str = "0055e000001EveAAAS";
pub const GONE: &str = "0055e000001GonAAAS";
pub const QUEUE: &str = "00G5e000001QueAEAS";

impl Signer for Outside {
    async fn sign_rs256(&self, key: &str, text: &str) -> PortResult<String> {
        let none = || Unavailable::new("signer", "no key");
        let key = Base64::decode_vec(key).map_err(|_| none())?;
        let key = RsaKeyPair::from_pkcs8(&key).map_err(|_| none())?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).map_err(|_| none())?;
        Ok(Base64UrlUnpadded::encode_string(&signature))
    }
}

/// An organisation with three users, one who left, and a queue; the settings of a secret.
pub fn world() -> Outside {
    let world = Outside::new(vec![(BASE, Box::new(Played::new(BASE)))]);
    world.set("SALESFORCE_BASE_URL", BASE);
    world.set("SALESFORCE_CLIENT_ID", CLIENT_ID);
    world.set("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET);
    for (id, email, is_active) in [(ANN, "ann", true), (BOB, "bob", true), (EVE, "eve", true), (GONE, "gone", false)] {
        let email = format!("{email}@vendor.example");
        put(&world, "User", &json!({"Id": id, "Email": email, "IsActive": is_active}));
    }
    put(&world, "Group", &json!({"Id": QUEUE, "Name": "Inbound", "Type": "Queue"}));
    world
}

pub fn put(world: &Outside, kind: &str, fields: &Value) {
    world.change(BASE, &json!({"put": {"type": kind, "fields": fields}}));
}

/// The records of a kind.
pub fn records(world: &Outside, kind: &str) -> Vec<Value> {
    world.state(BASE)["records"][kind].as_array().unwrap().clone()
}

pub fn count(world: &Outside, what: &str) -> u64 {
    world.state(BASE)["counts"][what].as_u64().unwrap_or(0)
}

/// A lead of person `number` who works at company `company`, not decided yet.
pub fn accepted(number: u32, company: u32) -> CrmWrite {
    let text = |start: &str| Some(format!("{start}{number}"));
    CrmWrite {
        lead_id: LeadId::new(&format!("acc{company:05}-per{number:05}-sub1")).unwrap(),
        decision_no: 0,
        person_id: format!("acc{company:05}-per{number:05}"),
        received_at: at("2026-11-18T11:59:00Z"),
        email: format!("person{number}@company{company}.example"),
        profile: Profile {
            first_name: text("First"),
            last_name: text("Last"),
            company: Some(format!("Company {company}")),
            domain: Some(format!("company{company}.example")),
            title: text("Title "),
            phone: Some(format!("+4930{number:06}")),
            country: Some("de".to_owned()),
            source: Some("website".to_owned()),
            message: Some("Hello, it's me".to_owned()),
        },
        assigning: None,
    }
}

/// The same, decided for a rep.
pub fn decided(number: u32, company: u32, owner_id: &str) -> CrmWrite {
    let rep = [(ANN, "ann"), (BOB, "bob"), (EVE, "eve"), (GONE, "gone")].into_iter().find(|(id, _)| *id == owner_id);
    let assigning = Assigning {
        rep_id: RepId::new(rep.map_or("nobody", |(_, rep)| rep)).unwrap(),
        owner_id: owner_id.to_owned(),
        seen_owner: None,
        team: TeamId::new("mid-market").unwrap(),
        tier: TierId::new("A").unwrap(),
        score: 82,
        reason: "Named account, 800 employees".to_owned(),
        due_at: at("2026-11-18T12:05:00Z"),
        decided_at: at("2026-11-18T12:00:00.250Z"),
    };
    CrmWrite { decision_no: 1, assigning: Some(assigning), ..accepted(number, company) }
}

/// One try.
pub fn write(world: &Outside, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
    run(Salesforce::connect(world, CallBudget::CONSUMER).unwrap().write(writes))
}

/// Tries until everything is done or refused, with the pauses of the queue.
pub fn write_until_done(world: &Outside, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
    let mut results: Vec<Option<DeliveryResult<CrmWritten>>> = vec![None; writes.len()];
    for tries in 1..=10 {
        let open: Vec<usize> = (0..writes.len()).filter(|place| results[*place].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let batch: Vec<CrmWrite> = open.iter().map(|place| writes[*place].clone()).collect();
        let mut pause_ms = 0;
        for (place, result) in open.into_iter().zip(write(world, &batch)) {
            match result {
                Err(DeliveryError::Retryable { code, after_ms }) => {
                    let next = next_try_ms(tries, after_ms, 20_000);
                    pause_ms = pause_ms.max(next.unwrap_or_else(|| panic!("given up: {code}")));
                }
                result => results[place] = Some(result),
            }
        }
        world.wait(pause_ms);
    }
    results.into_iter().map(|result| result.expect("done after ten tries")).collect()
}

/// The id of the record of a write that was done.
pub fn record_id(result: &DeliveryResult<CrmWritten>) -> &str {
    match result {
        Ok(CrmWritten::Done { record, .. }) => &record.id,
        other => panic!("not done: {other:?}"),
    }
}

/// Asserts that every write has one lead that its rep owns, and one task.
pub fn assert_all_written(world: &Outside, writes: &[CrmWrite]) {
    let (leads, tasks) = (records(world, "Lead"), records(world, "Task"));
    for write in writes {
        let own: Vec<&Value> = leads.iter().filter(|lead| lead["Router_Person_Id__c"] == *write.person_id).collect();
        assert_eq!(own.len(), 1, "one lead per person");
        let due: Vec<&Value> = tasks.iter().filter(|task| task["Router_Effect_Id__c"] == *write.effect_id()).collect();
        match &write.assigning {
            None => assert!(due.is_empty()),
            Some(assigning) => {
                assert_eq!(own[0]["OwnerId"], *assigning.owner_id);
                assert_eq!(due.len(), 1, "one task per effect");
                assert_eq!((&due[0]["WhoId"], &due[0]["OwnerId"]), (&own[0]["Id"], &own[0]["OwnerId"]));
            }
        }
    }
}

/// Every request that was sent, as it goes over the wire.
pub fn wire(world: &Outside) -> Value {
    let sent = world.sent.borrow();
    let request = |request: &HttpRequest| {
        let body = request.body.as_deref().unwrap_or_default();
        let body = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
        let headers: BTreeMap<_, _> = request.headers.iter().cloned().collect();
        json!({"method": request.method.as_str(), "url": request.url, "headers": headers, "body": body})
    };
    Value::Array(sent.iter().map(request).collect())
}
