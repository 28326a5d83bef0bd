//! Records: read, made, changed, searched.

use super::{Hubspot, INDEX_LAG_MS, Object, error};
use crate::fakes::{Asked, Reply};
use lead_router_core::http::Method;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Why one input came to nothing: category, message.
type Refusal = (&'static str, String);

const KINDS: [&str; 4] = ["contacts", "companies", "deals", "tasks"];

fn kind(text: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == text)
}

/// What a value of a property of the vendor's looks like when it is not valid.
fn invalid(code: &str, name: &str, message: &str) -> Refusal {
    let list = json!([{"isValid": false, "message": message, "error": code, "name": name}]);
    ("VALIDATION_ERROR", format!("Property values were not valid: {list}"))
}

impl Hubspot {
    pub(super) fn objects(&mut self, asked: &Asked<'_>, name: &str, rest: &[&str], now: Timestamp) -> Reply {
        let Some(kind) = kind(name) else { return error(400, "VALIDATION_ERROR", "Unable to infer object type") };
        let of = if kind == "tasks" { "contacts" } else { kind };
        let writes = matches!(rest, ["batch", "create" | "update" | "upsert"]) || asked.method == Method::Patch;
        let scope = format!("crm.objects.{of}.{}", if writes { "write" } else { "read" });
        if let Some(refusal) = self.may(&[&scope]) {
            return refusal;
        }
        if kind == "contacts" && writes {
            for properties in std::mem::take(&mut self.race) {
                self.make("contacts", properties, now).expect("a person makes a contact");
            }
        }
        match (asked.method, rest) {
            (Method::Get, []) => {
                let all: Vec<Value> = self.objects[kind].keys().take(1).map(|id| self.shown(kind, *id, &[])).collect();
                Reply::json(200, &json!({ "results": all }))
            }
            (Method::Get, [id]) => self.one(asked, kind, id),
            (Method::Patch, [id]) => match id.parse().ok().filter(|id| self.objects[kind].contains_key(id)) {
                Some(id) => Reply::json(200, &self.shown(kind, id, &[])),
                None => error(404, "OBJECT_NOT_FOUND", "resource not found"),
            },
            (Method::Post, ["batch", "read"]) => self.batch_read(asked, kind),
            (Method::Post, ["batch", verb @ ("create" | "update")]) => self.batch_write(asked, kind, verb, now),
            (Method::Post, ["search"]) => self.search(asked, kind, now),
            _ => error(404, "NOT_FOUND", "resource not found"),
        }
    }

    /// A record by id, by address or by a unique property.
    fn find(&self, kind: &'static str, by: Option<&str>, id: &str) -> Result<Option<u64>, Reply> {
        let is_live = |id: &u64| self.objects[kind].get(id).is_some_and(|object| !object.archived);
        Ok(match by {
            None => id.parse().ok().filter(is_live),
            Some("email") if kind == "contacts" => self.held(kind, "email", id).filter(is_live),
            Some(name) => {
                if !self.properties[kind].get(name).is_some_and(|property| property.is_unique) {
                    let text = format!("Unable to perform read by non-unique 0-1 property {name} in portal ID 3");
                    return Err(error(400, "VALIDATION_ERROR", &text));
                }
                self.held(kind, name, id).filter(is_live)
            }
        })
    }

    fn held(&self, kind: &'static str, name: &str, value: &str) -> Option<u64> {
        self.holders.get(&(kind, name.to_owned(), value.to_lowercase())).copied()
    }

    /// The values of a record that no other may have.
    fn unique(&self, kind: &'static str, id: u64) -> Vec<(&'static str, String, String)> {
        let mut unique = Vec::new();
        for (name, text) in &self.objects[kind][&id].properties {
            let name = if name == "hs_additional_emails" { "email" } else { name.as_str() };
            if name == "email" || self.properties[kind].get(name).is_some_and(|property| property.is_unique) {
                unique.extend(text.split(';').map(|text| (kind, name.to_owned(), text.to_lowercase())));
            }
        }
        unique
    }

    fn shown(&self, kind: &str, id: u64, names: &[String]) -> Value {
        let object = &self.objects[kind][&id];
        let mut properties = serde_json::Map::new();
        for name in names.iter().filter(|name| self.properties[kind].contains_key(*name)) {
            properties.insert(name.clone(), json!(object.properties.get(name)));
        }
        for name in ["createdate", "lastmodifieddate", "hs_lastmodifieddate"] {
            if let Some(text) = object.properties.get(name) {
                properties.insert(name.to_owned(), json!(text));
            }
        }
        json!({"id": id.to_string(), "properties": properties, "createdAt": object.created_at, "updatedAt": object.updated_at,
            "archived": object.archived})
    }

    fn one(&self, asked: &Asked<'_>, kind: &'static str, id: &str) -> Reply {
        let found = match self.find(kind, asked.query("idProperty"), id) {
            Ok(Some(found)) => found,
            Ok(None) => return error(404, "OBJECT_NOT_FOUND", "resource not found"),
            Err(reply) => return reply,
        };
        let names: Vec<String> = asked.query("properties").unwrap_or_default().split(',').map(str::to_owned).collect();
        let mut shown = self.shown(kind, found, &names);
        let mut linked = serde_json::Map::new();
        for to in asked.query("associations").unwrap_or_default().split(',').filter(|to| !to.is_empty()) {
            let ids: Vec<u64> = self.linked(kind, found, to);
            let word = if to == "companies" { "contact_to_company" } else { "contact_to_deal" };
            let mut results = Vec::new();
            for (place, id) in ids.iter().enumerate() {
                if place == 0 && to == "companies" {
                    results.push(json!({"id": id.to_string(), "type": word}));
                }
                let unlabeled = if to == "companies" { format!("{word}_unlabeled") } else { word.to_owned() };
                results.push(json!({"id": id.to_string(), "type": unlabeled}));
            }
            if !results.is_empty() {
                linked.insert(to.to_owned(), json!({ "results": results }));
            }
        }
        if !linked.is_empty() {
            shown["associations"] = Value::Object(linked);
        }
        Reply::json(200, &shown)
    }

    pub(super) fn linked(&self, kind: &str, id: u64, to: &str) -> Vec<u64> {
        let all = self.associations.get(&(kind.to_owned(), id)).into_iter().flatten();
        all.filter(|(into, _)| into == to).map(|(_, id)| *id).collect()
    }

    fn batch_read(&self, asked: &Asked<'_>, kind: &'static str) -> Reply {
        let body = asked.json();
        let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
        if let Some(refusal) = too_long(&inputs) {
            return refusal;
        }
        let names: Vec<String> = texts(&body["properties"]);
        let (mut results, mut missing, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for input in &inputs {
            let id = input["id"].as_str().unwrap_or_default();
            match self.find(kind, body["idProperty"].as_str(), id) {
                Ok(Some(found)) if seen.insert(found) => results.push(self.shown(kind, found, &names)),
                Ok(Some(_)) => {}
                Ok(None) => missing.push(id.to_owned()),
                Err(reply) => return reply,
            }
        }
        let message = format!(
            "Could not get some {} objects, they may be deleted or not exist. Check that ids are valid.",
            kind.trim_end_matches('s').to_uppercase()
        );
        let errors = (!missing.is_empty()).then(|| {
            json!({"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": missing}})
        });
        batch(200, results, errors.into_iter().collect())
    }

    fn batch_write(&mut self, asked: &Asked<'_>, kind: &'static str, verb: &str, now: Timestamp) -> Reply {
        let body = asked.json();
        let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
        if let Some(refusal) = too_long(&inputs) {
            return refusal;
        }
        let traces: BTreeSet<&str> = inputs.iter().filter_map(|input| input["objectWriteTraceId"].as_str()).collect();
        let is_partial = self.has_partial && traces.len() == inputs.len();
        let ids: BTreeSet<&str> = inputs.iter().filter_map(|input| input["id"].as_str()).collect();
        if verb == "update" && ids.len() < inputs.len() {
            return error(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input: [1]. IDs must be unique");
        }
        // Only a batch that stands or falls as a whole is taken back.
        let before = (!is_partial)
            .then(|| (self.objects.clone(), self.associations.clone(), self.holders.clone(), self.next_id));
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for input in &inputs {
            let done = if verb == "create" { self.create(kind, input, now) } else { self.update(kind, input, now) };
            match done {
                Ok(id) => {
                    let names: Vec<String> = properties(input).into_keys().collect();
                    let mut shown = self.shown(kind, id, &names);
                    shown["objectWriteTraceId"] = input["objectWriteTraceId"].clone();
                    results.push(shown);
                }
                Err((category, message)) if is_partial || category == "OBJECT_NOT_FOUND" => {
                    let mut context = json!({"objectWriteTraceId": [input["objectWriteTraceId"]]});
                    if category == "OBJECT_NOT_FOUND" {
                        context["ids"] = json!([input["id"]]);
                    }
                    errors
                        .push(json!({"status": "error", "category": category, "message": message, "context": context}));
                }
                Err((category, message)) => {
                    if let Some(before) = before {
                        (self.objects, self.associations, self.holders, self.next_id) = before;
                    }
                    return error(if category == "CONFLICT" { 409 } else { 400 }, category, &message);
                }
            }
        }
        batch(if verb == "create" { 201 } else { 200 }, results, errors)
    }

    fn create(&mut self, kind: &'static str, input: &Value, now: Timestamp) -> Result<u64, Refusal> {
        let mut links = Vec::new();
        for one in input["associations"].as_array().into_iter().flatten() {
            let number = one["types"][0]["associationTypeId"].as_u64();
            let to = match number {
                Some(204) => "contacts",
                Some(192) => "companies",
                _ => return Err(("VALIDATION_ERROR", "unknown association type".to_owned())),
            };
            let id = one["to"]["id"].as_str().and_then(|id| id.parse().ok());
            match id.filter(|id| self.objects[to].get(id).is_some_and(|object| !object.archived)) {
                Some(id) => links.push((to, id)),
                None => return Err(("OBJECT_NOT_FOUND", format!("No {to} with that id exists"))),
            }
        }
        let id = self.make(kind, properties(input), now)?;
        for (to, other) in links {
            self.link(kind, id, to, other);
        }
        Ok(id)
    }

    pub(super) fn link(&mut self, kind: &str, id: u64, to: &str, other: u64) {
        for ((from, from_id), (to, to_id)) in [((kind, id), (to, other)), ((to, other), (kind, id))] {
            self.associations.entry((from.to_owned(), from_id)).or_default().insert((to.to_owned(), to_id));
        }
    }

    pub(super) fn make(
        &mut self,
        kind: &'static str,
        properties: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<u64, Refusal> {
        self.validate(kind, None, &properties)?;
        let id = self.new_id();
        self.objects.get_mut(kind).unwrap().insert(id, Object { created_at: now, ..Object::default() });
        self.set(kind, id, properties, now);
        let object = self.objects.get_mut(kind).unwrap().get_mut(&id).unwrap();
        object.properties.insert("createdate".to_owned(), now.to_string());
        Ok(id)
    }

    fn update(&mut self, kind: &'static str, input: &Value, now: Timestamp) -> Result<u64, Refusal> {
        let id = input["id"].as_str().and_then(|id| id.parse().ok());
        let live = id.filter(|id| self.objects[kind].get(id).is_some_and(|object| !object.archived));
        let Some(id) = live else {
            let message =
                "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.";
            return Err(("OBJECT_NOT_FOUND", message.to_owned()));
        };
        self.validate(kind, Some(id), &properties(input))?;
        self.set(kind, id, properties(input), now);
        Ok(id)
    }

    pub(super) fn set(&mut self, kind: &'static str, id: u64, properties: BTreeMap<String, String>, now: Timestamp) {
        for held in self.unique(kind, id) {
            self.holders.remove(&held);
        }
        let object = self.objects.get_mut(kind).unwrap().get_mut(&id).unwrap();
        for (name, text) in properties {
            if text.is_empty() {
                object.properties.remove(&name);
            } else {
                object.properties.insert(name, text);
            }
        }
        object.updated_at = now;
        let changed = if kind == "contacts" { "lastmodifieddate" } else { "hs_lastmodifieddate" };
        object.properties.insert(changed.to_owned(), now.to_string());
        object.indexed.push((now, object.properties.clone()));
        for held in self.unique(kind, id) {
            self.holders.insert(held, id);
        }
    }

    fn validate(&self, kind: &'static str, id: Option<u64>, given: &BTreeMap<String, String>) -> Result<(), Refusal> {
        for (name, text) in given {
            let Some(property) = self.properties[kind].get(name) else {
                return Err(invalid("PROPERTY_DOESNT_EXIST", name, &format!("Property \"{name}\" does not exist")));
            };
            let is_good = match property.kind.as_str() {
                "number" => text.is_empty() || text.parse::<f64>().is_ok(),
                "datetime" => text.is_empty() || text.parse::<Timestamp>().is_ok() || text.parse::<i64>().is_ok(),
                _ => text.len() <= 65_536,
            };
            if !is_good {
                return Err(invalid("INVALID_VALUE", name, &format!("{text} was not a valid {}.", property.kind)));
            }
            if self.rules.contains(name) {
                return Err(invalid("CUSTOM_VALIDATION", name, "a rule of the account"));
            }
            if name == "hubspot_owner_id" && !text.is_empty() && !self.owners.contains_key(text) {
                return Err(invalid("INVALID_OWNER_ID", name, &format!("{text} is not a valid owner id.")));
            }
            let others = |other: &&u64| Some(**other) != id;
            let holder = |by: &str| self.find(kind, Some(by), text).ok().flatten().filter(|other| others(&other));
            if name == "email" && kind == "contacts" {
                if !text.contains('@') || text.ends_with(".invalid") {
                    return Err(invalid("INVALID_EMAIL", "email", &format!("Email address {text} is invalid")));
                }
                if let Some(other) = holder("email") {
                    return Err(("CONFLICT", format!("Contact already exists. Existing ID: {other}")));
                }
            }
            if property.is_unique && !text.is_empty() && holder(name).is_some() {
                return Err(invalid("CONFLICTING_UNIQUE_VALUE", name, &format!("{text} is already taken")));
            }
        }
        let is_missing = kind == "tasks" && id.is_none() && !given.contains_key("hs_timestamp");
        if is_missing { Err(invalid("REQUIRED_FIELD", "hs_timestamp", "hs_timestamp is required")) } else { Ok(()) }
    }

    fn search(&self, asked: &Asked<'_>, kind: &str, now: Timestamp) -> Reply {
        let body = asked.json();
        let limit = size(&body["limit"]).unwrap_or(10);
        let after: usize = body["after"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
        if limit > 200 || after + limit > 10_000 {
            return error(400, "VALIDATION_ERROR", "Paging through results is limited to 10000");
        }
        let seen = |object: &Object| {
            let old = |(at, _): &&(Timestamp, BTreeMap<String, String>)| now.ms_since(*at) >= INDEX_LAG_MS;
            object.indexed.iter().rev().find(old).map(|(_, properties)| properties.clone())
        };
        let live = self.objects[kind].iter().filter(|(_, object)| !object.archived);
        let mut found: Vec<(u64, BTreeMap<String, String>)> = live
            .filter_map(|(id, object)| Some((*id, seen(object)?)))
            .filter(|(_, properties)| {
                let groups = body["filterGroups"].as_array().cloned().unwrap_or_default();
                groups
                    .iter()
                    .any(|group| group["filters"].as_array().unwrap().iter().all(|filter| fits(filter, properties)))
            })
            .collect();
        let sort = body["sorts"][0].as_str().unwrap_or("createdate").to_owned();
        // A moment without a fraction is no later text than one with it.
        let moment = |text: &String| text.parse::<Timestamp>().ok();
        found.sort_by_key(|(id, properties)| {
            let value = properties.get(&sort);
            (value.and_then(moment), value.cloned(), *id)
        });
        let names = texts(&body["properties"]);
        let page: Vec<Value> = found
            .iter()
            .skip(after)
            .take(limit)
            .map(|(id, properties)| {
                let mut shown = self.shown(kind, *id, &[]);
                let is_known = |name: &&String| self.properties[kind].contains_key(*name);
                let own: BTreeMap<&String, Option<&String>> =
                    names.iter().filter(is_known).map(|name| (name, properties.get(name))).collect();
                shown["properties"] = json!(own);
                shown
            })
            .collect();
        let mut answer = json!({"total": found.len(), "results": page});
        if after + limit < found.len() {
            answer["paging"] = json!({"next": {"after": (after + limit).to_string()}});
        }
        Reply::json(200, &answer)
    }
}

fn fits(filter: &Value, properties: &BTreeMap<String, String>) -> bool {
    let own = properties.get(filter["propertyName"].as_str().unwrap());
    let value = filter["value"].as_str().unwrap_or_default();
    match filter["operator"].as_str().unwrap() {
        "EQ" => own.is_some_and(|own| own.eq_ignore_ascii_case(value)),
        "CONTAINS_TOKEN" => own.is_some_and(|own| own.split(';').any(|part| part.eq_ignore_ascii_case(value))),
        "GTE" => own.is_some_and(|own| own.parse::<Timestamp>().unwrap().as_ms() >= value.parse::<i64>().unwrap()),
        other => panic!("{other} is not played"),
    }
}

fn too_long(inputs: &[Value]) -> Option<Reply> {
    let message = "The maximum number of inputs supported in a batch request is 100";
    (inputs.len() > 100 || inputs.is_empty()).then(|| error(400, "VALIDATION_ERROR", message))
}

fn properties(input: &Value) -> BTreeMap<String, String> {
    let given = input["properties"].as_object().cloned().unwrap_or_default();
    given.into_iter().map(|(name, value)| (name, value.as_str().expect("values are texts").trim().to_owned())).collect()
}

pub(super) fn size(number: &Value) -> Option<usize> {
    number.as_u64().and_then(|number| usize::try_from(number).ok())
}

pub(super) fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The answer to a batch: 207 when some failed.
pub(super) fn batch(status: u16, results: Vec<Value>, errors: Vec<Value>) -> Reply {
    let mut body = json!({"status": "COMPLETE", "results": results, "startedAt": "2026-11-18T12:00:00Z",
        "completedAt": "2026-11-18T12:00:00.020Z"});
    if errors.is_empty() {
        return Reply::json(status, &body);
    }
    body["numErrors"] = json!(errors.len());
    body["errors"] = json!(errors);
    Reply::json(207, &body)
}
