//! Salesforce as played for tests: its tokens, SOQL, collections, rules for duplicates, row locks and limits.
//!
//! The run-as user is [`INTEGRATION`]; the key of JWTs is that of RFC 7515, appendix A.2.

use super::soql::{self, Record, Tables};
use super::{Asked, Limit, Reply, Vendor};
use base64ct::{Base64UrlUnpadded, Encoding};
use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::time::{DAY_MS, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub const CLIENT_ID: &str = "3MVG9.router";
pub const CLIENT_SECRET: &str = "salesforce-secret";
pub const USERNAME: &str = "router@example.com";
/// The user whom the program works as.
pub const INTEGRATION: &str = "005000000000099AAA";
/// Modulus of the public key unless another is uploaded, base64url.
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

const OBJECTS: [&str; 7] = ["Lead", "Contact", "Account", "Opportunity", "Task", "User", "Group"];
const SYSTEM: [&str; 6] = ["Id", "OwnerId", "CreatedById", "CreatedDate", "LastModifiedDate", "SystemModstamp"];
const OWN: [&str; 8] = [
    "Router_Person_Id__c",
    "Router_Lead_Id__c",
    "Router_Tier__c",
    "Router_Score__c",
    "Router_Team__c",
    "Router_Reason__c",
    "Router_Owner_Id__c",
    "Router_Decided_At__c",
];

fn own_fields(object: &str) -> Vec<&'static str> {
    let mut fields: Vec<&'static str> = match object {
        "Lead" => vec![
            "Email",
            "FirstName",
            "LastName",
            "Company",
            "Title",
            "Phone",
            "Website",
            "LeadSource",
            "Description",
            "Country",
            "State",
            "PostalCode",
            "NumberOfEmployees",
            "Status",
            "IsConverted",
            "ConvertedContactId",
        ],
        "Contact" => vec![
            "Email",
            "FirstName",
            "LastName",
            "Title",
            "Phone",
            "LeadSource",
            "Description",
            "AccountId",
            "MailingCountry",
            "MailingState",
            "MailingPostalCode",
        ],
        "Account" => vec!["Name", "Website", "Type", "ParentId"],
        "Opportunity" => vec!["Name", "AccountId", "StageName", "IsClosed", "CloseDate"],
        "Task" => vec![
            "WhoId",
            "Subject",
            "Description",
            "Priority",
            "Status",
            "ActivityDate",
            "IsClosed",
            "CompletedDateTime",
            "Router_Effect_Id__c",
        ],
        "User" => vec!["Email", "IsActive", "UserType", "Name"],
        // What the owner of a lead or a task has, be it a user or a queue.
        _ => vec!["Name", "Type", "IsActive"],
    };
    if matches!(object, "Lead" | "Contact") {
        fields.extend(OWN);
    }
    fields
}

/// Longest texts.
const LENGTHS: [(&str, usize); 9] = [
    ("FirstName", 40),
    ("LastName", 80),
    ("Company", 255),
    ("Title", 128),
    ("Phone", 40),
    ("Website", 255),
    ("Subject", 255),
    ("Email", 80),
    ("Router_Reason__c", 255),
];

pub struct Salesforce {
    base: String,
    /// Modulus of the public key of the app, base64url.
    modulus: String,
    tables: BTreeMap<&'static str, Vec<Record>>,
    /// Fields that were not made, as `Lead.Router_Tier__c`, and fields that were made besides.
    missing: Vec<String>,
    extra: Vec<String>,
    sessions: BTreeMap<String, Timestamp>,
    tokens: usize,
    day: Limit,
    second: Vec<Timestamp>,
    busiest_second: usize,
    /// Accounts that a write holds, until when.
    locks: BTreeMap<String, Timestamp>,
    settings: Settings,
    counts: BTreeMap<String, usize>,
    /// Where the record with an id or an external id stands: object, field and value.
    index: BTreeMap<(&'static str, &'static str, String), usize>,
    next_id: u64,
    pages: Vec<Vec<Value>>,
}

/// What somebody who works there may change.
#[derive(Debug, Clone)]
struct Settings {
    lock_ms: i64,
    page_max: usize,
    /// What the rule for duplicates does: `off`, `alert`, `block`.
    duplicates: String,
    /// Whom the assignment rule gives leads to.
    assignment: String,
    /// Leads whose company is this are refused by a validation rule.
    invalid_company: String,
    required: String,
    /// Sessions end before the call with this number.
    expire_before: usize,
    day_max: usize,
    /// Ids that an approval locks.
    approval: Vec<String>,
    /// Whether an update is answered with 204 and nothing else.
    silent: bool,
}

type Errors = Value;

/// Fields that find a record.
const KEYS: [&str; 3] = ["Id", "Router_Person_Id__c", "Router_Effect_Id__c"];

fn indexed(name: &str, value: &str) -> String {
    if name == "Id" { value.get(..15).unwrap_or(value).to_owned() } else { value.to_owned() }
}

fn error(code: &str, message: &str, fields: &[&str]) -> Errors {
    json!([{"errorCode": code, "message": message, "fields": fields}])
}

fn shown(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_same_id(one: &str, other: &str) -> bool {
    one.get(..15).is_some() && one.get(..15) == other.get(..15)
}

impl Salesforce {
    pub fn new(base: &str) -> Self {
        let settings = Settings {
            lock_ms: 20,
            page_max: 2_000,
            duplicates: "off".to_owned(),
            assignment: String::new(),
            invalid_company: String::new(),
            required: String::new(),
            expire_before: usize::MAX,
            day_max: 100_000,
            approval: Vec::new(),
            silent: false,
        };
        let mut played = Self {
            base: base.to_owned(),
            modulus: MODULUS.to_owned(),
            tables: OBJECTS.iter().map(|object| (*object, Vec::new())).collect(),
            missing: Vec::new(),
            extra: Vec::new(),
            sessions: BTreeMap::new(),
            tokens: 0,
            day: Limit::new(DAY_MS, settings.day_max),
            second: Vec::new(),
            busiest_second: 0,
            locks: BTreeMap::new(),
            settings,
            counts: BTreeMap::new(),
            index: BTreeMap::new(),
            next_id: 1_000,
            pages: Vec::new(),
        };
        played.add("User", json!({"Id": INTEGRATION, "Email": USERNAME, "IsActive": true, "UserType": "Standard"}));
        played
    }

    /// An organisation whose users are the reps of the sample.
    pub fn prepared(base: &str) -> Self {
        let mut played = Self::new(base);
        for number in 1..=30 {
            played.add(
                "User",
                json!({"Id": format!("005{number:012}AAA"), "Email": format!("user{number}@vendor.example")}),
            );
        }
        played
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn add(&mut self, object: &str, fields: Value) {
        let (object, table) = self.tables.iter_mut().find(|(own, _)| **own == object).expect("an object of Salesforce");
        let at = shown("2026-01-01T00:00:00Z".parse().unwrap());
        let mut record = Record::new();
        for name in SYSTEM.iter().chain(&own_fields(object)) {
            record.insert((*name).to_owned(), Value::Null);
        }
        for name in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            record.insert(name.to_owned(), at.clone().into());
        }
        for name in ["IsConverted", "IsClosed"] {
            if record.contains_key(name) {
                record.insert(name.to_owned(), false.into());
            }
        }
        if *object == "User" {
            record.insert("IsActive".to_owned(), true.into());
            record.insert("UserType".to_owned(), "Standard".into());
        }
        record.insert("OwnerId".to_owned(), INTEGRATION.into());
        record.insert("CreatedById".to_owned(), "005000000000009AAA".into());
        record.extend(fields.as_object().cloned().unwrap_or_default());
        table.push(record);
        let (object, place) = (*object, table.len() - 1);
        self.keep_index(object, place);
    }

    fn keep_index(&mut self, object: &'static str, place: usize) {
        for name in KEYS {
            let value = text(&self.tables[object][place], name);
            if !value.is_empty() {
                self.index.insert((object, name, indexed(name, value)), place);
            }
        }
    }

    fn place_of(&self, object: &'static str, name: &str, value: &str) -> Option<usize> {
        let name = KEYS.into_iter().find(|own| *own == name)?;
        self.index.get(&(object, name, indexed(name, value))).copied()
    }

    fn token(&mut self, asked: &Asked<'_>, now: Timestamp) -> Reply {
        self.count("token");
        let form = asked.form();
        let field = |name: &str| form.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
        let refuse = |error: &str, text: &str| Reply::json(400, &json!({"error": error, "error_description": text}));
        match field("grant_type") {
            "client_credentials" => {
                if field("client_id") != CLIENT_ID {
                    return refuse("invalid_client_id", "client identifier invalid");
                }
                if field("client_secret") != CLIENT_SECRET {
                    return refuse("invalid_client", "invalid client credentials");
                }
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                if let Err(text) = verified(field("assertion"), &self.modulus, now) {
                    return refuse("invalid_grant", text);
                }
            }
            _ => return refuse("unsupported_grant_type", "grant type not supported"),
        }
        self.tokens += 1;
        let value = format!("00D000000000001!token{}", self.tokens);
        self.sessions.insert(value.clone(), now.plus_ms(7_200_000));
        let id = format!("{}/id/00D000000000001EAA/{INTEGRATION}", self.base);
        Reply::json(
            200,
            &json!({"access_token": value, "instance_url": self.base, "id": id, "token_type": "Bearer",
            "issued_at": now.as_ms().to_string(), "signature": "c2lnbmF0dXJl", "scope": "api"}),
        )
    }

    fn api(&mut self, asked: &Asked<'_>, now: Timestamp) -> Reply {
        let calls = self.counts.get("api").copied().unwrap_or(0);
        if calls >= self.settings.expire_before {
            self.settings.expire_before = usize::MAX;
            self.sessions.clear();
        }
        let token = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        if self.sessions.get(token).is_none_or(|until| *until <= now) {
            self.count("session_refused");
            return Reply::json(401, &error("INVALID_SESSION_ID", "Session expired or invalid", &[]));
        }
        self.day.max = self.settings.day_max;
        if !self.day.takes(now) {
            return Reply::json(403, &error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", &[]));
        }
        self.second.retain(|at| now.ms_since(*at) < 1_000);
        self.second.push(now);
        self.busiest_second = self.busiest_second.max(self.second.len());
        self.count("api");
        let parts = asked.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (asked.method, parts.get(3..).unwrap_or_default()) {
            (Method::Get, ["query"]) => self.query(asked.query("q").unwrap_or_default()),
            (Method::Get, ["query", page]) => self.page(page),
            (Method::Post, ["composite"]) => self.composite(&asked.json()),
            (Method::Patch, ["composite", "sobjects"]) => self.collection(asked, None, now),
            (Method::Patch, ["composite", "sobjects", object, by]) => self.collection(asked, Some((object, by)), now),
            (Method::Patch, ["sobjects", object, by, value]) => self.upsert_one(asked, (object, by, value), now),
            (Method::Get, ["sobjects", object, "describe"]) => self.describe(object),
            (Method::Get, ["limits"]) => {
                let left = self.settings.day_max.saturating_sub(calls);
                Reply::json(200, &json!({"DailyApiRequests": {"Max": self.settings.day_max, "Remaining": left}}))
            }
            _ => Reply::json(404, &error("NOT_FOUND", "The requested resource does not exist", &[])),
        }
    }

    fn query(&mut self, soql: &str) -> Reply {
        self.count("query");
        match self.run(soql) {
            Ok(page) => Reply::json(200, &page),
            Err((code, message)) => Reply::json(400, &json!([{"errorCode": code, "message": message}])),
        }
    }

    fn run(&mut self, soql: &str) -> Result<Value, soql::Refused> {
        let query = soql::read(soql)?;
        let records = soql::run(self, &query)?;
        let total = records.len();
        let mut pages: Vec<Vec<Value>> = records.chunks(self.settings.page_max).map(<[Value]>::to_vec).collect();
        pages.reverse();
        let first = pages.pop().unwrap_or_default();
        let next = self.keep_pages(pages);
        Ok(json_page(total, first, next))
    }

    /// Keeps the pages that follow, the last first; the number of the next one.
    fn keep_pages(&mut self, pages: Vec<Vec<Value>>) -> Option<usize> {
        let has_any = !pages.is_empty();
        for (number, page) in pages.into_iter().enumerate() {
            let mut page = page;
            // Each page knows the one before it in the list, which follows it.
            page.push(if number == 0 { Value::Null } else { json!(self.pages.len() - 1) });
            self.pages.push(page);
        }
        has_any.then(|| self.pages.len() - 1)
    }

    fn page(&mut self, locator: &str) -> Reply {
        self.count("query");
        let number = locator.strip_prefix("01g000-").and_then(|number| number.parse::<usize>().ok());
        let Some(mut page) = number.and_then(|number| self.pages.get(number)).cloned() else {
            return Reply::json(400, &error("INVALID_QUERY_LOCATOR", "invalid query locator", &[]));
        };
        let next = page.pop().and_then(|next| next.as_u64()).map(|next| next as usize);
        Reply::json(200, &json_page(page.len(), page, next))
    }

    fn composite(&mut self, body: &Value) -> Reply {
        self.count("composite");
        let parts = body["compositeRequest"].as_array().cloned().unwrap_or_default();
        if parts.is_empty() || parts.len() > 25 || parts.len() > 5 {
            return Reply::json(400, &error("LIMIT_EXCEEDED", "too many query subrequests", &[]));
        }
        let mut answers = Vec::new();
        for part in parts {
            let url = part["url"].as_str().unwrap_or_default();
            let inner = HttpRequest { method: Method::Get, url: format!("http://x{url}"), headers: vec![], body: None };
            let asked = Asked::new(&inner);
            let found = if part["method"] == "GET" && asked.path.ends_with("/query") {
                self.run(asked.query("q").unwrap_or_default())
            } else {
                Err(("INVALID_HTTP_METHOD", "not played".to_owned()))
            };
            let (status, body) = match found {
                Ok(page) => (200, page),
                Err((code, message)) => (400, json!([{"errorCode": code, "message": message}])),
            };
            answers.push(
                json!({"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": part["referenceId"]}),
            );
        }
        Reply::json(200, &json!({"compositeResponse": answers}))
    }

    fn collection(&mut self, asked: &Asked<'_>, by: Option<(&str, &str)>, now: Timestamp) -> Reply {
        self.count(if by.is_some() { "collection_upsert" } else { "collection_update" });
        let body = asked.json();
        let records = body["records"].as_array().cloned().unwrap_or_default();
        if records.is_empty() || records.len() > 200 {
            return Reply::json(400, &error("LIMIT_EXCEEDED", "record limit reached: 200", &[]));
        }
        if by.is_some_and(|(object, field)| !self.has_field(object, field)) {
            return Reply::json(
                404,
                &error("NOT_FOUND", "Provided external ID field does not exist or is not accessible", &[]),
            );
        }
        let mut held = Vec::new();
        let mut answers = Vec::new();
        for record in &records {
            let object = record["attributes"]["type"].as_str().unwrap_or_default().to_owned();
            let mut fields = record.as_object().cloned().unwrap_or_default();
            fields.remove("attributes");
            let key = match by {
                Some((_, field)) => fields.remove(field).map(|value| (field.to_owned(), value)),
                None => fields.remove("id").map(|value| ("Id".to_owned(), value)),
            };
            let saved = match key {
                Some((name, value)) => {
                    self.save(&object, (&name, value.as_str().unwrap_or_default()), fields, asked, (now, &mut held))
                }
                None => Err(error("MISSING_ARGUMENT", "Id not specified", &[])),
            };
            answers.push(match saved {
                Ok((id, _)) if by.is_none() => json!({"id": id, "success": true, "errors": []}),
                Ok((id, created)) => json!({"id": id, "success": true, "errors": [], "created": created}),
                Err(errors) => {
                    let first = &errors[0];
                    let fields = first.get("fields").cloned().unwrap_or_else(|| json!([]));
                    json!({"success": false, "errors":
                        [{"statusCode": first["errorCode"], "message": first["message"], "fields": fields}]})
                }
            });
        }
        self.hold(held, now);
        Reply::json(200, &Value::Array(answers))
    }

    fn upsert_one(&mut self, asked: &Asked<'_>, (object, by, value): (&str, &str, &str), now: Timestamp) -> Reply {
        self.count("upsert_one");
        let fields = asked.json().as_object().cloned().unwrap_or_default();
        if fields.contains_key(by) {
            return Reply::json(
                400,
                &error("INVALID_FIELD", "The external id is specified in both the URL and the body", &[by]),
            );
        }
        let same = self.tables.iter().find(|(own, _)| **own == object).map_or(&[][..], |(_, table)| table);
        let same: Vec<&Record> = same.iter().filter(|record| text(record, by) == value).collect();
        if same.len() > 1 {
            let urls: Vec<String> = same
                .iter()
                .map(|record| format!("/services/data/v65.0/sobjects/{object}/{}", text(record, "Id")))
                .collect();
            return Reply::json(300, &json!(urls));
        }
        let mut held = Vec::new();
        let saved = self.save(object, (by, value), fields, asked, (now, &mut held));
        self.hold(held, now);
        match saved {
            Ok((_, false)) if self.settings.silent => Reply::text(204, ""),
            Ok((id, created)) => {
                let status = if created { 201 } else { 200 };
                Reply::json(status, &json!({"id": id, "success": true, "errors": [], "created": created}))
            }
            Err(errors) => Reply::json(400, &errors),
        }
    }

    fn hold(&mut self, accounts: Vec<String>, now: Timestamp) {
        for account in accounts {
            self.locks.insert(account, now.plus_ms(self.settings.lock_ms));
        }
    }

    /// Saves one record: its id, and whether it is new.
    fn save(
        &mut self,
        object: &str,
        (key, value): (&str, &str),
        fields: Map<String, Value>,
        asked: &Asked<'_>,
        (now, held): (Timestamp, &mut Vec<String>),
    ) -> Result<(String, bool), Errors> {
        let Some(object) = OBJECTS.into_iter().find(|own| *own == object) else {
            return Err(error("INVALID_TYPE", "sObject type is not supported", &[]));
        };
        for name in fields.keys() {
            if !self.has_field(object, name) {
                return Err(error(
                    "INVALID_FIELD",
                    &format!("No such column '{name}' on sobject of type {object}"),
                    &[name],
                ));
            }
        }
        let place = self.place_of(object, key, value);
        if place.is_none() && key == "Id" {
            return Err(error("ENTITY_IS_DELETED", "entity is deleted", &[]));
        }
        let before = place.map(|place| self.tables[object][place].clone());
        self.refuse(object, before.as_ref(), &fields, asked, now)?;
        if let Some(account) = self.account_of(object, before.as_ref(), &fields) {
            if self.locks.get(&account).is_some_and(|until| *until > now) {
                self.count("row_locked");
                return Err(error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", &[]));
            }
            held.push(account);
        }
        let is_new = before.is_none();
        if is_new {
            self.next_id += 1;
            let prefix = match object {
                "Lead" => "00Q",
                "Contact" => "003",
                _ => "00T",
            };
            let id = lead_router_core::crm::salesforce::ids::full(&format!("{prefix}{:012}", self.next_id));
            let at = shown(now);
            self.add(object, json!({"Id": id, key: value, "CreatedById": INTEGRATION, "CreatedDate": at, "Status": if object == "Lead" { "Open - Not Contacted" } else { "Not Started" }}));
        }
        let place = place.unwrap_or(self.tables[object].len() - 1);
        let is_assigned = object == "Lead" && is_new && !self.settings.assignment.is_empty();
        let has_header = asked.header("sforce-auto-assign").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        let assignment = self.settings.assignment.clone();
        let record = &mut self.tables.get_mut(object).expect("an object")[place];
        for (name, value) in fields {
            let value = match (name.as_str(), value) {
                ("Router_Decided_At__c", Value::String(text)) => shown(text.parse().unwrap_or_default()).into(),
                ("Router_Score__c", Value::Number(number)) => json!(number.as_f64()),
                (_, value) => value,
            };
            record.insert(name, value);
        }
        for name in ["LastModifiedDate", "SystemModstamp"] {
            record.insert(name.to_owned(), shown(now).into());
        }
        if is_assigned && !has_header {
            record.insert("OwnerId".to_owned(), assignment.into());
        }
        let id = text(record, "Id").to_owned();
        self.keep_index(object, place);
        self.count(&format!("{}_{object}", if is_new { "created" } else { "updated" }));
        Ok((id, is_new))
    }

    /// Whatever speaks against saving a record.
    fn refuse(
        &mut self,
        object: &'static str,
        before: Option<&Record>,
        fields: &Map<String, Value>,
        asked: &Asked<'_>,
        _now: Timestamp,
    ) -> Result<(), Errors> {
        let given = |name: &str| fields.get(name).and_then(Value::as_str);
        if let Some(before) = before {
            if before.get("IsConverted") == Some(&Value::Bool(true)) {
                return Err(error("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", &[]));
            }
            if self.settings.approval.iter().any(|id| is_same_id(id, text(before, "Id"))) {
                return Err(error("ENTITY_IS_LOCKED", "the entity is locked for editing", &[]));
            }
        } else {
            let needed: &[&str] = if object == "Lead" { &["LastName", "Company"] } else { &[] };
            let needed = needed
                .iter()
                .copied()
                .chain(Some(self.settings.required.as_str()).filter(|name| object == "Lead" && !name.is_empty()));
            let lacking: Vec<&str> = needed.filter(|name| given(name).is_none_or(str::is_empty)).collect();
            if !lacking.is_empty() {
                return Err(error("REQUIRED_FIELD_MISSING", "Required fields are missing", &lacking));
            }
        }
        for (name, max) in LENGTHS {
            if given(name).is_some_and(|text| text.chars().count() > max) {
                return Err(error("STRING_TOO_LONG", "data value too large", &[name]));
            }
        }
        if let Some(owner) = given("OwnerId") {
            let user = self.tables["User"].iter().find(|user| is_same_id(text(user, "Id"), owner));
            let is_queue =
                object == "Lead" && self.tables["Group"].iter().any(|group| is_same_id(text(group, "Id"), owner));
            if user.is_none() && !is_queue {
                return Err(error("INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", &["OwnerId"]));
            }
            if user.is_some_and(|user| user.get("IsActive") != Some(&Value::Bool(true))) {
                return Err(error("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", &["OwnerId"]));
            }
        }
        if object == "Lead"
            && given("Company").is_some_and(|name| name == self.settings.invalid_company && !name.is_empty())
        {
            return Err(error("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This company may not be used", &["Company"]));
        }
        let own_id = before.map(|record| text(record, "Id").to_owned()).unwrap_or_default();
        for name in ["Router_Person_Id__c", "Router_Effect_Id__c"] {
            let there = given(name).and_then(|value| self.place_of(object, name, value));
            if there.is_some_and(|place| text(&self.tables[object][place], "Id") != own_id) {
                return Err(error("DUPLICATE_VALUE", "duplicate value found", &[name]));
            }
        }
        if before.is_none() && object == "Lead" {
            self.refuse_duplicate(fields, asked)?;
        }
        Ok(())
    }

    /// The rule for duplicates: the same telephone number or address, on a lead that is open or a contact.
    fn refuse_duplicate(&mut self, fields: &Map<String, Value>, asked: &Asked<'_>) -> Result<(), Errors> {
        let header = asked.header("sforce-duplicate-rule-header").unwrap_or_default().to_lowercase();
        let may_pass = self.settings.duplicates == "alert" && header.contains("allowsave=true");
        if self.settings.duplicates == "off" || may_pass {
            return Ok(());
        }
        let is_same = |record: &Record| {
            ["Phone", "Email"].iter().any(|name| {
                let own = fields.get(*name).and_then(Value::as_str).unwrap_or_default();
                !own.is_empty() && text(record, name).eq_ignore_ascii_case(own)
            })
        };
        let mut results = Vec::new();
        for object in ["Contact", "Lead"] {
            let found = self.tables[object]
                .iter()
                .filter(|record| is_same(record) && record.get("IsConverted") != Some(&Value::Bool(true)));
            let found: Vec<Value> = found
                .map(|record| {
                    let id = text(record, "Id");
                    let url = format!("/services/data/v65.0/sobjects/{object}/{id}");
                    json!({"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                        "record": {"attributes": {"type": object, "url": url}, "Id": id}})
                })
                .collect();
            if !found.is_empty() {
                results.push(json!({"entityType": object, "matchEngine": "ExactMatchEngine", "matchRecords": found,
                    "rule": "Standard", "size": 1, "success": true, "errors": []}));
            }
        }
        if results.is_empty() {
            return Ok(());
        }
        self.count("duplicate_refused");
        Err(json!([{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "duplicateResut":
            {"allowSave": self.settings.duplicates == "alert", "duplicateRule": "Standard_Lead", "duplicateRuleEntityType": "Lead",
             "errorMessage": "Use one of these records?", "matchResults": results}}]))
    }

    /// The account that is locked while a record is written.
    fn account_of(&self, object: &str, before: Option<&Record>, fields: &Map<String, Value>) -> Option<String> {
        let account = match object {
            "Contact" => before.map(|record| text(record, "AccountId")),
            "Task" => {
                let who = fields.get("WhoId").and_then(Value::as_str).unwrap_or_default();
                let contact = self.tables["Contact"].iter().find(|contact| is_same_id(text(contact, "Id"), who));
                contact.map(|contact| text(contact, "AccountId"))
            }
            _ => None,
        };
        account.filter(|id| !id.is_empty()).map(str::to_owned)
    }

    fn describe(&mut self, object: &str) -> Reply {
        self.count("describe");
        let Some(object) = OBJECTS.into_iter().find(|own| *own == object) else {
            return Reply::json(404, &error("NOT_FOUND", "The requested resource does not exist", &[]));
        };
        let names = SYSTEM.into_iter().map(str::to_owned).chain(own_fields(object).into_iter().map(str::to_owned));
        let extra = self.extra.iter().filter_map(|field| field.strip_prefix(&format!("{object}."))).map(str::to_owned);
        let fields: Vec<Value> = names
            .chain(extra)
            .filter(|name| self.has_field(object, name))
            .map(|name| {
                let is_key = name == "Router_Person_Id__c" || name == "Router_Effect_Id__c";
                json!({"name": name, "createable": true, "updateable": true, "externalId": is_key, "unique": is_key})
            })
            .collect();
        Reply::json(
            200,
            &json!({"name": object, "queryable": true, "createable": true, "updateable": true, "fields": fields}),
        )
    }
}

fn json_page(total: usize, records: Vec<Value>, next: Option<usize>) -> Value {
    let mut page = json!({"totalSize": total, "done": next.is_none(), "records": records});
    if let Some(next) = next {
        page["nextRecordsUrl"] = format!("/services/data/v65.0/query/01g000-{next}").into();
    }
    page
}

/// Checks a JWT: its signature, and what it claims.
fn verified(assertion: &str, modulus: &str, now: Timestamp) -> Result<(), &'static str> {
    let bytes = |text: &str| Base64UrlUnpadded::decode_vec(text).map_err(|_| "invalid assertion");
    let (input, signature) = assertion.rsplit_once('.').ok_or("invalid assertion")?;
    let (header, claims) = input.split_once('.').ok_or("invalid assertion")?;
    let key = RsaPublicKeyComponents { n: bytes(modulus)?, e: vec![1, 0, 1] };
    let signature = bytes(signature)?;
    key.verify(&RSA_PKCS1_2048_8192_SHA256, input.as_bytes(), &signature).map_err(|_| "invalid assertion")?;
    let header: Value = serde_json::from_slice(&bytes(header)?).map_err(|_| "invalid assertion")?;
    let claims: Value = serde_json::from_slice(&bytes(claims)?).map_err(|_| "invalid assertion")?;
    let left_s = claims["exp"].as_i64().unwrap_or(0) - now.as_ms() / 1_000;
    match () {
        () if header["alg"] != "RS256" => Err("invalid assertion"),
        () if claims["iss"] != CLIENT_ID => Err("client identifier invalid"),
        () if claims["aud"] != "https://login.salesforce.com" => Err("audience is invalid"),
        () if claims["sub"] != USERNAME => Err("user hasn't approved this consumer"),
        () if !(1..=180).contains(&left_s) => Err("assertion is expired or ends too late"),
        () => Ok(()),
    }
}

impl Tables for Salesforce {
    fn records(&self, object: &str) -> Option<&[Record]> {
        self.tables.get(object).map(Vec::as_slice)
    }
    fn has_field(&self, object: &str, field: &str) -> bool {
        let full = format!("{object}.{field}");
        let is_known = SYSTEM.contains(&field) || own_fields(object).contains(&field) || self.extra.contains(&full);
        is_known && !self.missing.contains(&full)
    }
    fn related(&self, object: &str, record: &Record, relation: &str) -> Result<Option<(&str, &Record)>, String> {
        let (field, targets): (&str, &[&'static str]) = match (object, relation) {
            (_, "Owner") => ("OwnerId", &["User", "Group"]),
            ("Contact" | "Opportunity", "Account") => ("AccountId", &["Account"]),
            ("Lead", "ConvertedContact") => ("ConvertedContactId", &["Contact"]),
            _ => return Err(format!("Didn't understand relationship '{relation}' in field path.")),
        };
        let id = text(record, field);
        for target in targets {
            if let Some(found) = self.tables[target].iter().find(|other| is_same_id(text(other, "Id"), id)) {
                return Ok(Some((*target, found)));
            }
        }
        Ok(None)
    }
    fn children(&self, object: &str, relation: &str) -> Option<(&'static str, &'static str)> {
        match (object, relation) {
            ("Lead" | "Contact", "Tasks") => Some(("Task", "WhoId")),
            ("Account", "Opportunities") => Some(("Opportunity", "AccountId")),
            _ => None,
        }
    }
}

impl Vendor for Salesforce {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        let path = asked.path.to_owned();
        let start = path.find("/services/").unwrap_or(0);
        let asked = Asked { path: &path[start..], ..asked };
        if asked.path == "/services/oauth2/token" { self.token(&asked, now) } else { self.api(&asked, now) }
    }

    fn state(&self) -> Value {
        json!({
            "records": self.tables,
            "counts": self.counts,
            "busiest_second": self.busiest_second,
            "exceeded": {"day": self.day.exceeded},
        })
    }

    /// `{"put": {"type": "Lead", "fields": {…}}}` adds a record or changes the one with its `Id`; `{"delete": "<id>"}`;
    /// `{"missing": "Lead.Router_Tier__c"}`, `{"extra": "Account.Domain__c"}`; `{"expire": true}` ends every session;
    /// `{"modulus": "…"}` is the public key of another certificate of the app;
    /// every other name is a setting.
    fn change(&mut self, change: &Value) {
        for (name, value) in change.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("put", value) => {
                    let object = value["type"].as_str().unwrap_or_default();
                    let fields = value["fields"].as_object().cloned().unwrap_or_default();
                    let id = fields.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
                    let object = OBJECTS.into_iter().find(|own| *own == object).expect("an object of Salesforce");
                    match self.place_of(object, "Id", &id) {
                        Some(place) => {
                            self.tables.get_mut(object).expect("an object")[place].extend(fields);
                            self.keep_index(object, place);
                        }
                        None => self.add(object, Value::Object(fields)),
                    }
                }
                ("delete", Value::String(id)) => {
                    self.index.clear();
                    for object in OBJECTS {
                        self.tables.get_mut(object).expect("an object").retain(|record| text(record, "Id") != id);
                        (0..self.tables[object].len()).for_each(|place| self.keep_index(object, place));
                    }
                }
                ("missing", Value::String(field)) => self.missing.push(field.clone()),
                ("extra", Value::String(field)) => self.extra.push(field.clone()),
                ("approval", Value::String(id)) => self.settings.approval.push(id.clone()),
                ("modulus", Value::String(text)) => self.modulus.clone_from(text),
                ("expire", _) => self.sessions.clear(),
                ("expire_before", value) => self.settings.expire_before = value.as_u64().unwrap() as usize,
                ("lock_ms", value) => self.settings.lock_ms = value.as_i64().unwrap(),
                ("page_max", value) => self.settings.page_max = value.as_u64().unwrap() as usize,
                ("day_max", value) => self.settings.day_max = value.as_u64().unwrap() as usize,
                ("silent", value) => self.settings.silent = value == &json!(true),
                ("duplicates", Value::String(text)) => self.settings.duplicates.clone_from(text),
                ("assignment", Value::String(text)) => self.settings.assignment.clone_from(text),
                ("invalid_company", Value::String(text)) => self.settings.invalid_company.clone_from(text),
                ("required", Value::String(text)) => self.settings.required.clone_from(text),
                other => panic!("Salesforce does not know the change {other:?}"),
            }
        }
    }
}
