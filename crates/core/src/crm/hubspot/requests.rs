//! The requests.

use crate::crm::hubspot::object::Object;
use crate::crm::hubspot::settings::{HubspotAccess, HubspotSettings};
use crate::crm::hubspot::{VERSION, properties};
use crate::http::{HttpRequest, Method, encode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A request that lacks only address and token. It has no debug form: it may hold a person.
#[derive(Clone, PartialEq, Eq)]
pub struct HubspotCall {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Body.
    pub body: Option<Value>,
    /// Whether it counts as a search.
    pub is_search: bool,
}

/// What is done to the records of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// They are made, with associations.
    Create,
    /// They are changed by id.
    Update,
}

/// One record of a batch that writes.
#[derive(Clone, PartialEq, Eq)]
pub struct BatchInput {
    /// What the answer names it by: unique in the batch.
    pub key: String,
    /// Id of the record that is changed.
    pub id: Option<String>,
    /// Properties.
    pub properties: BTreeMap<&'static str, String>,
    /// Records that a new one is associated with: id, and the vendor's number of the kind of association.
    pub associations: Vec<(String, u32)>,
}

impl HubspotCall {
    const fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: None, is_search: false }
    }

    const fn post(path: String, body: Value) -> Self {
        Self { method: Method::Post, path, body: Some(body), is_search: false }
    }

    /// A contact by address with the ids of its companies and deals.
    #[must_use]
    pub fn contact(email: &str) -> Self {
        let properties = properties::CONTACT.join(",");
        let query = format!("idProperty=email&properties={}&associations=companies%2Cdeals", encode(&properties));
        Self::get(format!("/crm/objects/{VERSION}/contacts/{}?{query}", encode(email)))
    }

    /// Records by id, or by a property that is unique.
    #[must_use]
    pub fn read(object: Object, by: Option<&str>, ids: &[String]) -> Self {
        let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        let mut body =
            json!({"inputs": inputs, "properties": properties::read_of(object), "propertiesWithHistory": []});
        if let (Some(by), Some(body)) = (by, body.as_object_mut()) {
            body.insert("idProperty".to_owned(), json!(by));
        }
        Self::post(format!("/crm/objects/{VERSION}/{}/batch/read", object.as_str()), body)
    }

    /// Makes or changes records. Each carries its key as trace id, so that one that is refused does not stop the others.
    #[must_use]
    pub fn write(object: Object, verb: Verb, inputs: &[BatchInput]) -> Self {
        let name = match verb {
            Verb::Create => "create",
            Verb::Update => "update",
        };
        let inputs: Vec<Value> = inputs.iter().map(|input| input.json(verb)).collect();
        Self::post(format!("/crm/objects/{VERSION}/{}/batch/{name}", object.as_str()), json!({ "inputs": inputs }))
    }

    /// Companies with a domain, the oldest first.
    #[must_use]
    pub fn companies_of(domain: &str) -> Self {
        let group = |property: &str, operator: &str| json!({"filters": [{"propertyName": property, "operator": operator, "value": domain}]});
        let groups = json!([group("domain", "EQ"), group("hs_additional_domains", "CONTAINS_TOKEN")]);
        Self::search(Object::Companies, &groups, "createdate", 10, "0")
    }

    /// Records that changed at `since_ms` or later, the earliest change first. `after` is the vendor's mark of a page.
    #[must_use]
    pub fn changed(object: Object, since_ms: i64, limit: usize, after: &str) -> Self {
        let filter = json!({"propertyName": object.changed(), "operator": "GTE", "value": since_ms.to_string()});
        Self::search(object, &json!([{"filters": [filter]}]), object.changed(), limit, after)
    }

    fn search(object: Object, groups: &Value, sort: &str, limit: usize, after: &str) -> Self {
        let mut names: Vec<&str> = properties::read_of(object).to_vec();
        if object == Object::Contacts {
            names.extend(properties::LEAD.iter().filter(|name| !properties::CONTACT.contains(name)));
        }
        let body =
            json!({"filterGroups": groups, "sorts": [sort], "properties": names, "limit": limit, "after": after});
        Self { is_search: true, ..Self::post(format!("/crm/objects/{VERSION}/{}/search", object.as_str()), body) }
    }

    /// Ids of the records of one kind that records of another are associated with.
    #[must_use]
    pub fn associated(from: Object, to: Object, ids: &[String]) -> Self {
        let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        let path = format!("/crm/associations/{VERSION}/{}/{}/batch/read", from.as_str(), to.as_str());
        Self::post(path, json!({ "inputs": inputs }))
    }

    /// A page of owners. `archived` ones are those who left.
    #[must_use]
    pub fn owners(after: &str, archived: bool, limit: usize) -> Self {
        let after = if after.is_empty() { String::new() } else { format!("&after={}", encode(after)) };
        Self::get(format!("/crm/owners/{VERSION}?limit={limit}&archived={archived}{after}"))
    }

    /// One record of a kind, whichever: shows that the kind may be read.
    #[must_use]
    pub fn any(object: Object) -> Self {
        Self::get(format!("/crm/objects/{VERSION}/{}?limit=1", object.as_str()))
    }

    /// Changes nothing about a record that does not exist: answered 404 when the kind may be written, 403 otherwise.
    #[must_use]
    pub fn write_nothing(object: Object) -> Self {
        let path = format!("/crm/objects/{VERSION}/{}/0", object.as_str());
        Self { method: Method::Patch, ..Self::post(path, json!({"properties": {}})) }
    }

    /// The account: shows that the token is good.
    #[must_use]
    pub fn account() -> Self {
        Self::get(format!("/account-info/{VERSION}/details"))
    }

    /// The calls of private apps today, and how many are allowed.
    #[must_use]
    pub fn usage() -> Self {
        Self::get(format!("/account-info/{VERSION}/api-usage/daily/private-apps"))
    }

    /// Our own properties of a kind.
    #[must_use]
    pub fn properties(object: Object) -> Self {
        let inputs: Vec<Value> = properties::of(object).map(|own| json!({"name": own.name})).collect();
        let body = json!({"archived": false, "dataSensitivity": "non_sensitive", "inputs": inputs});
        Self::post(format!("/crm/properties/{VERSION}/{}/batch/read", object.as_str()), body)
    }

    /// Makes properties of ours.
    #[must_use]
    pub fn create_properties(object: Object, own: &[&properties::Property]) -> Self {
        let inputs: Vec<Value> = own.iter().map(|own| own.json()).collect();
        Self::post(format!("/crm/properties/{VERSION}/{}/batch/create", object.as_str()), json!({ "inputs": inputs }))
    }

    /// The request with address and token.
    #[must_use]
    pub fn with(&self, base_url: &str, token: &str) -> HttpRequest {
        let mut headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {token}")),
        ];
        if self.body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        HttpRequest {
            method: self.method,
            url: format!("{base_url}{}", self.path),
            headers,
            body: self.body.as_ref().map(Value::to_string),
        }
    }
}

impl BatchInput {
    fn json(&self, verb: Verb) -> Value {
        let properties: Map<String, Value> =
            self.properties.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        let mut input = json!({"objectWriteTraceId": self.key, "properties": properties});
        if let Some(input) = input.as_object_mut() {
            match verb {
                Verb::Create => input.insert("associations".to_owned(), Value::Array(self.associated())),
                Verb::Update => input.insert("id".to_owned(), json!(self.id)),
            };
        }
        input
    }

    fn associated(&self) -> Vec<Value> {
        let one = |(id, kind): &(String, u32)| {
            json!({"to": {"id": id},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]})
        };
        self.associations.iter().map(one).collect()
    }
}

/// The request that exchanges a refresh token for a token; `None` when the token is fixed.
#[must_use]
pub fn refresh(settings: &HubspotSettings) -> Option<HttpRequest> {
    let HubspotAccess::Refresh { client_id, client_secret, refresh_token } = &settings.access else {
        return None;
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("client_id", client_id);
    form.append_pair("client_secret", client_secret);
    form.append_pair("refresh_token", refresh_token);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Some(HttpRequest {
        method: Method::Post,
        url: format!("{}/oauth/{VERSION}/token", settings.base_url),
        headers: vec![
            header("accept", "application/json"),
            header("content-type", "application/x-www-form-urlencoded"),
        ],
        body: Some(form.finish()),
    })
}
