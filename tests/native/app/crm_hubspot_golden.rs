//! What is sent to `HubSpot` and what its answers mean: `tests/golden/crm/hubspot/*.json`. The answers are the documented
//! ones; `tests/wire/hubspot.test.mjs` checks the requests against the vendor's own description of its API.

use crate::crm_hubspot_kit::BASE;
use crate::fakes::{Reply, Vendor};
use crate::outside::Outside;
use crate::world::run;
use lead_router_app::crm::{CallBudget, Hubspot};
use lead_router_app::ports::crm::{ChangedPerson, ChangesSince, Crm, DeliveryResult};
use lead_router_core::crm::CrmWrite;
use lead_router_core::crm::state::CrmQuestion;
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The situation, in a sentence.
    #[serde(rename = "description")]
    _description: String,
    now: Timestamp,
    settings: BTreeMap<String, String>,
    does: Does,
    calls: Vec<Call>,
    expect: Value,
}

/// What is asked of the adapter.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Does {
    /// As the decision does, with little patience.
    Consult(CrmQuestion),
    Write(Vec<CrmWrite>),
    Changes(ChangesSince),
    Sellers,
    Check,
    Prepare,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    request: Value,
    answer: Answer,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    #[serde(default)]
    retry_after: Option<u32>,
    body: Value,
}

/// Answers from the file, whatever is asked.
struct Scripted {
    answers: Vec<Answer>,
    asked: Vec<Value>,
}

impl Vendor for Scripted {
    fn answer(&mut self, request: &HttpRequest, _: Timestamp) -> Reply {
        let text = request.body.as_deref().unwrap_or_default();
        let header = |name: &str| request.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        let mut asked = json!({"method": request.method.as_str(), "path": request.url.strip_prefix(BASE).unwrap()});
        if let Some(media) = header("content-type") {
            let body = if media == "application/json" { serde_json::from_str(text).unwrap() } else { json!(text) };
            asked["body"] = body;
        }
        if !request.url.ends_with("/token") {
            asked["token"] = json!(header("authorization").unwrap());
        }
        let answer = self.answers.get(self.asked.len()).cloned();
        self.asked.push(asked);
        let Some(answer) = answer else { return Reply::text(404, "the file has no more answers") };
        let reply = match &answer.body {
            Value::String(text) => Reply::text(answer.status, text),
            body => Reply::json(answer.status, body),
        };
        answer.retry_after.iter().fold(reply, |reply, seconds| reply.retry_after(*seconds))
    }
    fn state(&self) -> Value {
        json!(self.asked)
    }
    fn change(&mut self, _: &Value) {}
}

fn result<T>(result: DeliveryResult<T>, good: impl Fn(T) -> Value) -> Value {
    match result {
        Ok(value) => good(value),
        Err(setback) => json!({"setback": setback, "remedy": format!("{:?}", setback.remedy())}),
    }
}

fn person(person: &ChangedPerson) -> Value {
    let fields: Map<String, Value> =
        person.lead.pairs.iter().map(|pair| (pair.name.path(), json!(pair.value))).collect();
    json!({"email": person.email, "state": person.state, "created_at": person.created_at, "is_ours": person.is_ours,
        "lead": fields})
}

async fn done(world: &Outside, does: &Does) -> Value {
    let patience = if matches!(does, Does::Consult(_)) { CallBudget::SENDER } else { CallBudget::CONSUMER };
    let hubspot = match Hubspot::connect(world, patience) {
        Ok(hubspot) => hubspot,
        Err(setback) => return result(Err::<(), _>(setback), |()| Value::Null),
    };
    match does {
        Does::Consult(question) => result(hubspot.lookup(question).await, |state| json!(state)),
        Does::Write(writes) => {
            let ends = hubspot.write(writes).await;
            ends.into_iter().map(|end| result(end, |written| json!(written))).collect()
        }
        Does::Changes(since) => result(hubspot.changes(since).await, |changes| {
            let people: Vec<Value> = changes.people.iter().map(person).collect();
            json!({"people": people, "accounts": changes.accounts, "next": changes.next})
        }),
        Does::Sellers => result(hubspot.crm_users().await, |crm_users| json!(crm_users)),
        Does::Check => json!(hubspot.check().await),
        Does::Prepare => json!(hubspot.prepare().await),
    }
}

#[test]
fn every_call_is_as_its_file_says_and_every_answer_is_understood() {
    let folder = format!("{}/tests/golden/crm/hubspot", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut wrong = Vec::new();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    for path in names {
        let case: Case = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let answers: Vec<Answer> = case.calls.iter().map(|call| call.answer.clone()).collect();
        let world = Outside::new(vec![(BASE, Box::new(Scripted { answers, asked: Vec::new() }))]);
        world.now.set(case.now);
        world.latency_ms.set(0);
        world.set("HUBSPOT_BASE_URL", BASE);
        for (name, value) in &case.settings {
            world.set(name, value);
        }
        let got = run(done(&world, &case.does));
        let asked = world.state(BASE);
        let expected: Vec<&Value> = case.calls.iter().map(|call| &call.request).collect();
        if got != case.expect || asked != json!(expected) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            wrong.push(json!({"file": name, "asked": asked, "expect": got}).to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
