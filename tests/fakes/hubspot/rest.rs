//! Everything but records: properties, owners, associations, and what a person changes.

use super::objects::{batch, size, texts};
use super::{Hubspot, Object, Property, error};
use crate::fakes::{Asked, Reply};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STANDARD: [(&str, &[(&str, &str)]); 4] = [
    (
        "contacts",
        &[
            ("email", "string"),
            ("hs_additional_emails", "enumeration"),
            ("firstname", "string"),
            ("lastname", "string"),
            ("company", "string"),
            ("website", "string"),
            ("jobtitle", "string"),
            ("phone", "string"),
            ("country", "string"),
            ("message", "string"),
            ("lifecyclestage", "enumeration"),
            ("notes_last_contacted", "datetime"),
            ("createdate", "datetime"),
            ("lastmodifieddate", "datetime"),
            ("hubspot_owner_id", "enumeration"),
            ("hs_language", "enumeration"),
            ("state", "string"),
            ("zip", "string"),
            ("city", "string"),
            ("numemployees", "enumeration"),
        ],
    ),
    (
        "companies",
        &[
            ("name", "string"),
            ("domain", "string"),
            ("hs_additional_domains", "enumeration"),
            ("hubspot_owner_id", "enumeration"),
            ("lifecyclestage", "enumeration"),
            ("createdate", "datetime"),
            ("hs_lastmodifieddate", "datetime"),
        ],
    ),
    (
        "deals",
        &[
            ("dealname", "string"),
            ("dealstage", "enumeration"),
            ("hubspot_owner_id", "enumeration"),
            ("hs_is_closed", "bool"),
            ("createdate", "datetime"),
            ("hs_lastmodifieddate", "datetime"),
        ],
    ),
    (
        "tasks",
        &[
            ("hs_timestamp", "datetime"),
            ("hs_task_subject", "string"),
            ("hs_task_body", "string"),
            ("hs_task_status", "enumeration"),
            ("hs_task_priority", "enumeration"),
            ("hs_task_type", "enumeration"),
            ("hubspot_owner_id", "enumeration"),
            ("createdate", "datetime"),
            ("hs_lastmodifieddate", "datetime"),
        ],
    ),
];

fn property(name: &str, kind: &str, is_unique: bool) -> Property {
    let described = json!({"name": name, "label": name, "type": kind, "fieldType": "text", "groupName": "contactinformation",
        "description": "", "options": [], "hasUniqueValue": is_unique, "archived": false});
    Property { kind: kind.to_owned(), is_unique, described }
}

pub(super) fn standard_properties(hubspot: &mut Hubspot) {
    for (kind, list) in STANDARD {
        let own = list.iter().map(|(name, kind)| ((*name).to_owned(), property(name, kind, false)));
        hubspot.properties.insert(kind, own.collect());
    }
}

/// The properties of the lead router, as an operator made them.
pub(super) fn own_properties(hubspot: &mut Hubspot) {
    let own = [
        ("router_person_id", "string", true),
        ("router_lead_id", "string", false),
        ("router_attempt", "number", false),
        ("router_tier", "string", false),
        ("router_score", "number", false),
        ("router_team", "string", false),
        ("router_reason", "string", false),
        ("router_owner_id", "string", false),
        ("router_decided_at", "datetime", false),
    ];
    let contacts = hubspot.properties.get_mut("contacts").unwrap();
    for (name, kind, is_unique) in own {
        contacts.insert(name.to_owned(), property(name, kind, is_unique));
    }
    let tasks = hubspot.properties.get_mut("tasks").unwrap();
    tasks.insert("router_effect_id".to_owned(), property("router_effect_id", "string", true));
}

impl Hubspot {
    pub(super) fn properties(&mut self, asked: &Asked<'_>, kind: &str, verb: &str) -> Reply {
        let scope = if verb == "create" { "crm.schemas.contacts.write" } else { "crm.schemas.contacts.read" };
        if let Some(refusal) = self.may(&[scope]) {
            return refusal;
        }
        let Some(own) = self.properties.get_mut(kind) else { return error(404, "OBJECT_NOT_FOUND", "no such kind") };
        let inputs = asked.json()["inputs"].as_array().cloned().unwrap_or_default();
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for input in inputs {
            let name = input["name"].as_str().unwrap_or_default().to_owned();
            let wrong =
                |category: &str, message: &str| json!({"status": "error", "category": category, "message": message});
            match (verb, own.get(&name)) {
                ("read", Some(found)) => results.push(found.described.clone()),
                ("read", None) => errors.push(wrong("OBJECT_NOT_FOUND", "One or more properties do not exist")),
                (_, Some(_)) => errors.push(wrong("CONFLICT", &format!("A property named '{name}' already exists."))),
                (_, None) => {
                    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
                    let required = ["label", "groupName", "type", "fieldType"];
                    if required.iter().any(|name| text(name).is_empty()) {
                        errors.push(wrong("VALIDATION_ERROR", "a required field is missing"));
                        continue;
                    }
                    let is_unique = input["hasUniqueValue"].as_bool().unwrap_or(false);
                    let made = Property { kind: text("type"), is_unique, described: input.clone() };
                    results.push(made.described.clone());
                    own.insert(name, made);
                }
            }
        }
        batch(if verb == "create" { 201 } else { 200 }, results, errors)
    }

    pub(super) fn owner_page(&self, asked: &Asked<'_>) -> Reply {
        if let Some(refusal) = self.may(&["crm.objects.owners.read"]) {
            return refusal;
        }
        let limit: usize = asked.query("limit").and_then(|text| text.parse().ok()).unwrap_or(100);
        let after: usize = asked.query("after").and_then(|text| text.parse().ok()).unwrap_or(0);
        let left = asked.query("archived") == Some("true");
        let all: Vec<_> = self.owners.iter().filter(|(_, (_, archived))| *archived == left).collect();
        let page: Vec<Value> = all
            .iter()
            .skip(after)
            .take(limit)
            .map(|(id, (email, archived))| {
                json!({"id": id, "type": "PERSON", "email": email, "firstName": "R", "lastName": "P", "userId": 9,
                    "archived": archived, "createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-02T03:04:05Z"})
            })
            .collect();
        let mut answer = json!({ "results": page });
        if after + limit < all.len() {
            answer["paging"] = json!({"next": {"after": (after + limit).to_string()}});
        }
        Reply::json(200, &answer)
    }

    pub(super) fn associated(&self, asked: &Asked<'_>, from: &str, to: &str) -> Reply {
        let inputs = asked.json()["inputs"].as_array().cloned().unwrap_or_default();
        let (mut results, mut missing) = (Vec::new(), Vec::new());
        for input in inputs {
            let id = input["id"].as_str().unwrap_or_default();
            let ids = self.linked(from, id.parse().unwrap_or(0), to);
            if ids.is_empty() {
                missing.push(id.to_owned());
                continue;
            }
            let one = |(place, id): (usize, &u64)| {
                let label = (place == 0 && to == "companies").then_some("Primary");
                json!({"toObjectId": id, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": label}]})
            };
            let to: Vec<Value> = ids.iter().enumerate().map(one).collect();
            results.push(json!({"from": {"id": id}, "to": to}));
        }
        let none = json!({"status": "error", "category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": format!("No {to} is associated with {from}"), "context": {"fromObjectId": missing}});
        batch(200, results, if missing.is_empty() { Vec::new() } else { vec![none] })
    }
}

/// What somebody who works there changes: `{"contact": {…}}`, `{"company": {…}}`, `{"deal": {…}}` make a record, with
/// `company_id` or `contact_id` an associated one; `{"set": {"kind", "id", …}}` changes one; `{"delete": {"kind", "id"}}`
/// deletes one; `{"race": [{…}]}` makes contacts just before the next call that writes; `at` is the moment.
pub(super) fn change(hubspot: &mut Hubspot, change: &Value) {
    let at: Timestamp = change["at"].as_str().map_or_else(Timestamp::default, |text| text.parse().unwrap());
    for (name, kind) in [("contact", "contacts"), ("company", "companies"), ("deal", "deals")] {
        if let Some(given) = change[name].as_object() {
            let mut given = given.clone();
            let links =
                [("company_id", "companies"), ("contact_id", "contacts")].map(|(name, to)| (given.remove(name), to));
            let id = hubspot.make(kind, own(&Value::Object(given)), at).unwrap();
            for (other, to) in links {
                if let Some(other) = other.and_then(|other| other.as_u64()) {
                    hubspot.link(kind, id, to, other);
                }
            }
        }
    }
    if let Some(given) = change["set"].as_object() {
        let mut given = given.clone();
        let kind = given.remove("kind").unwrap();
        let kind = ["contacts", "companies", "deals", "tasks"].into_iter().find(|own| kind == *own).unwrap();
        let id = given.remove("id").unwrap().as_u64().unwrap();
        hubspot.set(kind, id, own(&Value::Object(given)), at);
    }
    if let Some(given) = change["delete"].as_object() {
        let object: &mut Object = hubspot
            .objects
            .get_mut(given["kind"].as_str().unwrap())
            .and_then(|objects| objects.get_mut(&given["id"].as_u64().unwrap()))
            .unwrap();
        object.archived = true;
    }
    for race in change["race"].as_array().into_iter().flatten() {
        hubspot.race.push(own(race));
    }
    if let Some(scope) = change["without_scope"].as_str() {
        hubspot.scopes.remove(scope);
    }
    if change["end_token"] == json!(true) {
        hubspot.token = "another".to_owned();
    }
    if let Some(max) = size(&change["calls_a_day"]) {
        hubspot.day_max = max;
    }
    if let Some(max) = size(&change["burst"]) {
        hubspot.burst.max = max;
    }
    if let Some(partial) = change["partial"].as_bool() {
        hubspot.has_partial = partial;
    }
    hubspot.rules.extend(texts(&change["rules"]));
    for owner in texts(&change["owners"]) {
        hubspot.owners.insert(owner.clone(), (format!("rep{owner}@seller.example"), false));
    }
    if let Some(wrong) = change["property"].as_object() {
        let text = |name: &str| wrong[name].as_str().unwrap().to_owned();
        let is_unique = wrong["unique"].as_bool().unwrap();
        let made = property(&text("name"), &text("type"), is_unique);
        hubspot.properties.get_mut(text("kind").as_str()).unwrap().insert(text("name"), made);
    }
}

fn own(given: &Value) -> BTreeMap<String, String> {
    given.as_object().unwrap().iter().map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned())).collect()
}
