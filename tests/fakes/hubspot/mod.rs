//! `HubSpot`: contacts, companies, deals, tasks, owners, associations and properties, with the answers and the limits that
//! its documentation describes.
//!
//! Played as documented: batches of at most 100 with 207 for those that fail, where every input has a trace id, and a refusal
//! of all of them otherwise; unique properties; addresses that no two contacts share; searches that see a record only some
//! seconds after it changed; 100 calls in ten seconds, five searches in a second, and so many in a day.

mod objects;
mod rest;

use super::{Asked, Limit, Reply, Vendor};
use lead_router_core::http::HttpRequest;
use lead_router_core::time::{DAY_MS, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How far the index of the search is behind.
const INDEX_LAG_MS: i64 = 5_000;

/// The scopes of the documentation.
const SCOPES: [&str; 7] = [
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
];

/// A record.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub properties: BTreeMap<String, String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub archived: bool,
    /// What the search knows of it, and since when.
    indexed: Vec<(Timestamp, BTreeMap<String, String>)>,
}

/// A property.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub kind: String,
    pub is_unique: bool,
    pub described: Value,
}

pub struct Hubspot {
    pub(super) objects: BTreeMap<&'static str, BTreeMap<u64, Object>>,
    pub(super) properties: BTreeMap<&'static str, BTreeMap<String, Property>>,
    /// What each record is associated with, by kind and id; in both directions.
    pub(super) associations: BTreeMap<(String, u64), BTreeSet<(String, u64)>>,
    /// Who has a value that no other record of the kind may have: addresses, and unique properties.
    pub(super) holders: BTreeMap<(&'static str, String, String), u64>,
    /// Owners: address, and whether they left.
    pub(super) owners: BTreeMap<String, (String, bool)>,
    pub(super) next_id: u64,
    pub(super) scopes: BTreeSet<String>,
    /// Properties whose rules, made by an administrator, refuse every value.
    pub(super) rules: BTreeSet<String>,
    /// Whether a batch can be refused in part.
    pub(super) has_partial: bool,
    token: String,
    token_until: Option<Timestamp>,
    refreshes: u32,
    burst: Limit,
    search: Limit,
    day: (i64, usize),
    day_max: usize,
    day_exceeded: usize,
    calls: BTreeMap<String, usize>,
    /// Contacts that a person makes just before the next call that writes contacts.
    pub(super) race: Vec<BTreeMap<String, String>>,
}

impl Default for Hubspot {
    fn default() -> Self {
        let mut hubspot = Self {
            objects: ["contacts", "companies", "deals", "tasks"].map(|kind| (kind, BTreeMap::new())).into(),
            properties: BTreeMap::new(),
            associations: BTreeMap::new(),
            holders: BTreeMap::new(),
            owners: BTreeMap::new(),
            next_id: 501,
            scopes: SCOPES.map(str::to_owned).into(),
            rules: BTreeSet::new(),
            has_partial: true,
            token: "pat-test".to_owned(),
            token_until: None,
            refreshes: 0,
            burst: Limit::new(10_000, 100),
            search: Limit::new(1_000, 5),
            day: (0, 0),
            day_max: 250_000,
            day_exceeded: 0,
            calls: BTreeMap::new(),
            race: Vec::new(),
        };
        rest::standard_properties(&mut hubspot);
        for (id, email) in [("77", "ann@seller.example"), ("78", "ben@seller.example"), ("79", "cy@seller.example")] {
            hubspot.owners.insert(id.to_owned(), (email.to_owned(), false));
        }
        hubspot.owners.insert("70".to_owned(), ("gone@seller.example".to_owned(), true));
        hubspot
    }
}

/// An error as documented.
pub(super) fn error(status: u16, category: &str, message: &str) -> Reply {
    let correlation = "11111111-2222-4333-8444-555555555555";
    let body = json!({"status": "error", "message": message, "correlationId": correlation, "category": category});
    Reply::json(status, &body)
}

fn too_many(policy: &str, words: &str) -> Reply {
    Reply::json(
        429,
        &json!({"status": "error", "message": format!("You have reached your {words} limit."), "errorType": "RATE_LIMIT",
            "category": "RATE_LIMITS", "correlationId": "11111111-2222-4333-8444-555555555555", "policyName": policy}),
    )
}

impl Hubspot {
    /// A `HubSpot` in which the properties of the lead router were made.
    pub fn prepared() -> Self {
        let mut hubspot = Self::default();
        rest::own_properties(&mut hubspot);
        hubspot
    }

    fn limits(&mut self, is_search: bool, now: Timestamp) -> Option<Reply> {
        let today = now.as_ms() / DAY_MS;
        if self.day.0 != today {
            self.day = (today, 0);
        }
        if self.day.1 >= self.day_max {
            self.day_exceeded += 1;
            return Some(too_many("DAILY", "daily"));
        }
        self.day.1 += 1;
        if !self.burst.takes(now) {
            return Some(too_many("TEN_SECONDLY_ROLLING", "ten_secondly_rolling"));
        }
        if is_search && !self.search.takes(now) {
            return Some(too_many("SECONDLY", "secondly"));
        }
        None
    }

    fn may(&self, scopes: &[&str]) -> Option<Reply> {
        let missing: Vec<&&str> = scopes.iter().filter(|scope| !self.scopes.contains(**scope)).collect();
        (!missing.is_empty()).then(|| {
            Reply::json(
                403,
                &json!({"status": "error", "category": "MISSING_SCOPES",
                    "message": "This app hasn't been granted all required scopes to make this call.",
                    "correlationId": "11111111-2222-4333-8444-555555555555",
                    "errors": [{"message": "One or more of the following scopes are required.",
                        "context": {"requiredGranularScopes": missing}}]}),
            )
        })
    }

    /// Exchanges a refresh token.
    fn refreshed(&mut self, asked: &Asked<'_>, now: Timestamp) -> Reply {
        let form = asked.form();
        let given = |name: &str| form.iter().find(|(own, _)| own == name).map_or("", |(_, text)| text.as_str());
        if (given("grant_type"), given("client_id"), given("client_secret")) != ("refresh_token", "client", "secret") {
            return Reply::json(400, &json!({"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"}));
        }
        if given("refresh_token") != "refresh" {
            return Reply::json(
                400,
                &json!({"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN",
                    "message": "refresh token is invalid, expired or revoked"}),
            );
        }
        self.refreshes += 1;
        self.token = format!("oauth-{}", self.refreshes);
        self.token_until = Some(now.plus_ms(1_800_000));
        Reply::json(
            200,
            &json!({"token_type": "bearer", "access_token": self.token, "refresh_token": "refresh", "expires_in": 1800,
                "hub_id": 3, "user_id": 9, "scopes": self.scopes}),
        )
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

impl Vendor for Hubspot {
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let asked = Asked::new(request);
        let parts = asked.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if let ["oauth", _, "token"] = parts.as_slice() {
            return self.refreshed(&asked, now);
        }
        let is_search = parts.last() == Some(&"search");
        let words: Vec<&str> = parts
            .iter()
            .filter(|part| !part.contains('@') && !part.bytes().all(|b| b.is_ascii_digit()))
            .copied()
            .collect();
        *self.calls.entry(format!("{} {}", asked.method.as_str(), words.join("/"))).or_default() += 1;
        let token = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        let is_over = self.token_until.is_some_and(|until| now >= until);
        if token != self.token || is_over {
            let category = if is_over { "EXPIRED_AUTHENTICATION" } else { "INVALID_AUTHENTICATION" };
            return error(401, category, "Authentication credentials not found or expired.");
        }
        if let Some(refusal) = self.limits(is_search, now) {
            return refusal;
        }
        match parts.as_slice() {
            ["crm", "objects", _, kind, rest @ ..] => self.objects(&asked, kind, rest, now),
            ["crm", "v3", "objects", kind, rest @ ..] => self.objects(&asked, kind, rest, now),
            ["crm", "associations", _, from, to, "batch", "read"] => self.associated(&asked, from, to),
            ["crm", "properties", _, kind, "batch", verb] => self.properties(&asked, kind, verb),
            ["crm", "owners", _] => self.owner_page(&asked),
            ["account-info", _, "details"] => {
                Reply::json(200, &json!({"portalId": 3, "accountType": "STANDARD", "timeZone": "Europe/Berlin"}))
            }
            ["account-info", _, "api-usage", "daily", "private-apps"] => {
                let usage = json!({"name": "private-apps-api-calls-daily", "currentUsage": self.day.1,
                    "usageLimit": self.day_max, "fetchStatus": "SUCCESS"});
                Reply::json(200, &json!({"results": [usage]}))
            }
            _ => error(404, "NOT_FOUND", "resource not found"),
        }
    }

    fn state(&self) -> Value {
        let kinds: serde_json::Map<String, Value> = self
            .objects
            .iter()
            .map(|(kind, objects)| {
                let live = objects.iter().filter(|(_, object)| !object.archived);
                let one = |(id, object): (&u64, &Object)| {
                    let linked = self.associations.get(&((*kind).to_owned(), *id)).into_iter().flatten();
                    let linked: Vec<String> = linked.map(|(to, to_id)| format!("{to}/{to_id}")).collect();
                    let mut value = json!(object.properties);
                    value["id"] = json!(id.to_string());
                    value["associated"] = json!(linked);
                    value
                };
                ((*kind).to_owned(), Value::Array(live.map(one).collect()))
            })
            .collect();
        let own: Vec<&String> =
            self.properties.values().flat_map(BTreeMap::keys).filter(|n| n.starts_with("router_")).collect();
        let exceeded = json!({"burst": self.burst.exceeded, "search": self.search.exceeded, "day": self.day_exceeded});
        let mut state = json!({"calls": self.calls, "exceeded": exceeded, "refreshes": self.refreshes, "own_properties": own,
            "owners": self.owners});
        state.as_object_mut().unwrap().extend(kinds);
        state
    }

    fn change(&mut self, change: &Value) {
        rest::change(self, change);
    }
}
