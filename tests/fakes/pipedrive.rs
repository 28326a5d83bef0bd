//! Pipedrive as played for tests: its tokens per two seconds, searches, persons, activities, deals.

use super::{Asked, Limit, Reply, Vendor};
use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::time::{DAY_MS, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub const TOKEN: &str = "pipedrive-token";
/// Key of the field of persons that holds the router's id.
pub const FIELD: &str = "0123456789abcdef0123456789abcdef01234567";
/// The user whose token it is.
pub const ME: u64 = 1;

pub struct Pipedrive {
    /// Records by kind: `persons`, `organizations`, `deals`, `activities`, `users`.
    tables: BTreeMap<String, Vec<Value>>,
    burst: Limit,
    search: Limit,
    /// What a day's calls may cost together.
    day: Budget,
    counts: BTreeMap<String, usize>,
    next_id: u64,
    has_field: bool,
}

/// Tokens of a day: reading costs less than a list, that less than a search.
struct Budget {
    max: u64,
    used: Vec<(Timestamp, u64)>,
    exceeded: usize,
}

impl Pipedrive {
    pub fn new() -> Self {
        let users = vec![json!({"id": ME, "name": "Router", "email": "router@vendor.example", "active_flag": true})];
        Self {
            tables: BTreeMap::from([("users".to_owned(), users)]),
            burst: Limit::new(2_000, 20),
            search: Limit::new(2_000, 10),
            day: Budget { max: 30_000 * 30, used: Vec::new(), exceeded: 0 },
            counts: BTreeMap::new(),
            next_id: 100,
            has_field: true,
        }
    }

    fn table(&mut self, kind: &str) -> &mut Vec<Value> {
        self.tables.entry(kind.to_owned()).or_default()
    }

    fn find(&self, kind: &str, id: &str) -> Option<Value> {
        let id: u64 = id.parse().ok()?;
        self.tables.get(kind)?.iter().find(|record| record["id"] == id).cloned()
    }

    fn costs(&mut self, cost: u64, now: Timestamp) -> bool {
        self.day.used.retain(|(at, _)| now.ms_since(*at) < DAY_MS);
        let used: u64 = self.day.used.iter().map(|(_, cost)| cost).sum();
        if used + cost > self.day.max {
            self.day.exceeded += 1;
            return false;
        }
        self.day.used.push((now, cost));
        true
    }

    fn search(&self, asked: &Asked<'_>) -> Reply {
        let term = asked.query("term").unwrap_or_default().to_lowercase();
        let is_exact = asked.query("exact_match") == Some("true");
        if term.chars().count() < if is_exact { 1 } else { 2 } {
            return refused(400, "term must be at least 2 characters long");
        }
        let matches =
            |text: &str| if is_exact { text.to_lowercase() == term } else { text.to_lowercase().contains(&term) };
        let is_found = |person: &&Value| match asked.query("fields") {
            Some("email") => person["emails"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|email| matches(email["value"].as_str().unwrap_or_default())),
            Some("custom_fields") => {
                let fields = person["custom_fields"].as_object().into_iter().flatten();
                fields.filter_map(|(_, value)| value.as_str()).any(matches)
            }
            _ => false,
        };
        let item = |person: &Value| {
            let emails: Vec<&Value> =
                person["emails"].as_array().into_iter().flatten().map(|email| &email["value"]).collect();
            let organization = person["org_id"].as_u64().map(|id| json!({"id": id, "name": "Organisation"}));
            json!({"result_score": 0.9, "item": {"id": person["id"], "type": "person", "name": person["name"],
                "emails": emails, "phones": [], "owner": {"id": person["owner_id"]}, "organization": organization}})
        };
        let limit = asked.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
        let found = self.tables.get("persons").into_iter().flatten().filter(is_found).take(limit);
        let items: Vec<Value> = found.map(item).collect();
        Reply::json(200, &json!({"success": true, "data": {"items": items}, "additional_data": {"next_cursor": null}}))
    }

    fn list(&self, kind: &str, asked: &Asked<'_>) -> Reply {
        let is_equal = |record: &Value, name: &str| {
            asked.query(name).is_none_or(|wanted| record[name].to_string().trim_matches('"') == wanted)
        };
        let since: Option<Timestamp> = asked.query("updated_since").map(|since| since.parse().expect("RFC 3339"));
        let is_since = |record: &Value| {
            let changed: Option<Timestamp> = record["update_time"].as_str().and_then(|at| at.parse().ok());
            since.is_none_or(|since| changed.is_some_and(|changed| changed >= since))
        };
        let names = ["org_id", "person_id", "status"];
        let all = self.tables.get(kind).into_iter().flatten();
        let mut found: Vec<&Value> =
            all.filter(|record| names.iter().all(|name| is_equal(record, name)) && is_since(record)).collect();
        let by = asked.query("sort_by").unwrap_or("id");
        found.sort_by_key(|record| (record[by].as_str().unwrap_or_default().to_owned(), record["id"].as_u64()));
        if asked.query("sort_direction") == Some("desc") {
            found.reverse();
        }
        let start: usize =
            asked.query("cursor").map_or(0, |cursor| cursor.trim_start_matches("c=").parse().expect("ours"));
        let limit: usize = asked.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
        let next = (found.len() > start + limit).then(|| format!("c={}", start + limit));
        let page: Vec<&Value> = found.into_iter().skip(start).take(limit).collect();
        Reply::json(200, &json!({"success": true, "data": page, "additional_data": {"next_cursor": next}}))
    }

    fn save(&mut self, kind: &str, id: Option<&str>, fields: Map<String, Value>, now: Timestamp) -> Reply {
        let known: &[&str] = match kind {
            "persons" => {
                &["name", "owner_id", "org_id", "emails", "phones", "custom_fields", "visible_to", "label_ids"]
            }
            _ => &[
                "subject",
                "type",
                "owner_id",
                "deal_id",
                "org_id",
                "participants",
                "due_date",
                "due_time",
                "done",
                "note",
            ],
        };
        if fields.keys().any(|name| !known.contains(&name.as_str())) {
            return refused(400, "Validation failed: unknown field");
        }
        let is_user =
            |id: &Value| self.tables["users"].iter().any(|user| user["id"] == *id && user["active_flag"] == true);
        if fields.get("owner_id").is_some_and(|id| !is_user(id)) {
            return refused(400, "Validation failed: owner_id: user not found");
        }
        let has_other_field = |fields: &Value| fields.as_object().into_iter().flatten().any(|(key, _)| key != FIELD);
        if fields.get("custom_fields").is_some_and(|own| has_other_field(own) || !self.has_field) {
            return refused(400, "Validation failed: custom_fields: unknown key");
        }
        let person = fields.get("participants").map(|people| people[0]["person_id"].clone());
        if let Some(person) = &person
            && self.find("persons", &person.to_string()).is_none()
        {
            return refused(400, "Validation failed: person not found");
        }
        let id = match id {
            Some(id) => match id.parse::<u64>().ok().filter(|_| self.find(kind, id).is_some()) {
                Some(id) => id,
                None => return refused(404, "not found"),
            },
            None if kind == "persons" && fields.get("name").is_none() => {
                return refused(400, "Validation failed: name");
            }
            None => {
                self.next_id += 1;
                let (id, at) = (self.next_id, now.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                self.table(kind).push(
                    json!({"id": id, "owner_id": ME, "org_id": null, "add_time": at, "custom_fields": {FIELD: null}}),
                );
                id
            }
        };
        let record = self.table(kind).iter_mut().find(|record| record["id"] == id).expect("there");
        let record = record.as_object_mut().expect("an object");
        record.extend(fields);
        if let Some(person) = person {
            record.insert("person_id".to_owned(), person);
        }
        record.insert("update_time".to_owned(), now.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
        Reply::json(200, &json!({"success": true, "data": record}))
    }
}

fn refused(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"success": false, "error": text, "error_info": "See the documentation", "code": "ERR"}))
}

impl Vendor for Pipedrive {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        let path = asked.path.to_owned();
        let start = path.find("/api/v2/").or_else(|| path.find("/v1/")).unwrap_or(0);
        let asked = Asked { path: &path[start..], ..asked };
        if asked.header("x-api-token") != Some(TOKEN) {
            return refused(401, "unauthorized access");
        }
        let parts = asked.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| *part != "api").collect();
        let is_search = parts.ends_with(&["search"]);
        if !self.burst.takes(now) || (is_search && !self.search.takes(now)) {
            return refused(429, "request over limit").retry_after(2);
        }
        let cost = match (asked.method, is_search, parts.len()) {
            (Method::Get, true, _) => 20,
            (Method::Get, false, 2) => 10,
            (Method::Get, false, _) => 1,
            _ => 5,
        };
        if !self.costs(cost, now) {
            return refused(429, "daily budget exceeded").retry_after(3_600);
        }
        *self.counts.entry("calls".to_owned()).or_default() += 1;
        *self.counts.entry("cost".to_owned()).or_default() += cost as usize;
        let body = asked.json().as_object().cloned().unwrap_or_default();
        match (asked.method, parts.as_slice()) {
            (Method::Get, ["v2", "persons", "search"]) => self.search(&asked),
            (Method::Get, ["v2", kind @ ("persons" | "activities" | "deals")]) => self.list(kind, &asked),
            (Method::Get, ["v2", kind @ ("persons" | "organizations"), id]) => match self.find(kind, id) {
                Some(found) => Reply::json(200, &json!({"success": true, "data": found})),
                None => refused(404, "not found"),
            },
            (Method::Post, ["v2", kind @ ("persons" | "activities")]) => self.save(kind, None, body, now),
            (Method::Patch, ["v2", "persons", id]) => self.save("persons", Some(id), body, now),
            (Method::Get, ["v1", "users", "me"]) => {
                Reply::json(200, &json!({"success": true, "data": self.find("users", "1")}))
            }
            (Method::Get, ["v1", "users"]) => Reply::json(200, &json!({"success": true, "data": self.tables["users"]})),
            (Method::Get, ["v1", "personFields"]) => {
                let own: &[&str] = if self.has_field { &["name", FIELD] } else { &["name"] };
                let fields: Vec<Value> = own.iter().map(|key| json!({"key": key, "field_type": "varchar"})).collect();
                Reply::json(200, &json!({"success": true, "data": fields}))
            }
            _ => refused(404, "unknown path"),
        }
    }

    fn state(&self) -> Value {
        json!({"records": self.tables, "counts": self.counts, "exceeded":
            {"burst": self.burst.exceeded, "search": self.search.exceeded, "day": self.day.exceeded}})
    }

    /// `{"put": {"kind": "persons", "fields": {"id": 7, …}}}` adds or changes a record; `{"has_field": false}`;
    /// `{"day_max": 10}`.
    fn change(&mut self, change: &Value) {
        for (name, value) in change.as_object().into_iter().flatten() {
            match name.as_str() {
                "put" => {
                    let fields = value["fields"].as_object().cloned().unwrap_or_default();
                    let table = self.table(value["kind"].as_str().unwrap_or_default());
                    match table.iter_mut().find(|record| Some(&record["id"]) == fields.get("id")) {
                        Some(record) => record.as_object_mut().expect("an object").extend(fields),
                        None => table.push(Value::Object(fields)),
                    }
                }
                "has_field" => self.has_field = value == &json!(true),
                "day_max" => self.day.max = value.as_u64().unwrap_or(0),
                other => panic!("Pipedrive does not know the change {other}"),
            }
        }
    }
}
