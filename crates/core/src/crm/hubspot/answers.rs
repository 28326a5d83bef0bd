//! The answers, read without trusting their shape: what is missing is not there.

use crate::crm::hubspot::errors::ErrorBody;
use crate::crm::hubspot::properties::Described;
use crate::time::Timestamp;
use crate::vendor::DeliveryError;
use crate::vendor::rate_limit::KeptToken;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// How long before its end a token is renewed, in milliseconds. The limiter renews a minute before the end that it is told,
/// so this is the rest of the five minutes that the vendor recommends.
const RENEW_EARLIER_MS: i64 = 240_000;

/// A record. It has no debug form: it holds a person.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HubspotRecord {
    /// Id.
    #[serde(deserialize_with = "plain")]
    pub id: String,
    properties: BTreeMap<String, Value>,
    associations: BTreeMap<String, AssociationLinks>,
    object_write_trace_id: Option<String>,
}

#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct AssociationLinks {
    results: Vec<AssociationLink>,
}

/// A record that another is associated with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AssociationLink {
    /// Its id.
    #[serde(deserialize_with = "plain")]
    pub id: String,
    /// Kind of the association, such as `contact_to_company`, which is the primary one.
    #[serde(rename = "type")]
    pub kind: String,
}

impl HubspotRecord {
    /// A property; empty when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Every property that has a value.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.properties.iter().filter_map(|(name, value)| value.as_str().map(|text| (name.as_str(), text)))
    }

    /// A property that is a time: RFC 3339, or milliseconds since 1970.
    #[must_use]
    pub fn timestamp(&self, name: &str) -> Option<Timestamp> {
        let text = self.get(name);
        text.parse().ok().or_else(|| text.parse().ok().map(Timestamp::from_ms))
    }

    /// Records of a kind that it is associated with, the primary one first.
    #[must_use]
    pub fn linked(&self, kind: &str) -> Vec<&AssociationLink> {
        let mut links: Vec<&AssociationLink> =
            self.associations.get(kind).map(|links| links.results.iter().collect()).unwrap_or_default();
        links.sort_by_key(|link| link.kind.ends_with("_unlabeled"));
        links
    }

    /// Whether this is the record that was asked for by id, or by a unique property. An address may also be one of the
    /// contact's others.
    #[must_use]
    pub fn is_called(&self, property: Option<&str>, id: &str) -> bool {
        match property {
            None => self.id == id,
            Some("email") => {
                let others = self.get("hs_additional_emails").split(';');
                others.chain([self.get("email")]).any(|own| own.trim().eq_ignore_ascii_case(id))
            }
            Some(property) => self.get(property) == id,
        }
    }

    /// The key of the input that this is the answer to, when the vendor repeats it.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.object_write_trace_id.as_deref()
    }
}

/// Records, of a batch, a list or a search. It has no debug form: it holds persons.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct HubspotAnswer {
    /// The records.
    pub results: Vec<HubspotRecord>,
    /// What is wrong with the rest.
    pub errors: Vec<ErrorBody>,
    paging: Option<Paging>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Paging {
    next: Option<NextPage>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NextPage {
    #[serde(deserialize_with = "plain")]
    after: String,
}

fn after(paging: Option<&Paging>) -> &str {
    paging.and_then(|paging| paging.next.as_ref()).map(|next| next.after.as_str()).unwrap_or_default()
}

impl HubspotAnswer {
    /// The mark of the next page; empty after the last one.
    #[must_use]
    pub fn after(&self) -> &str {
        after(self.paging.as_ref())
    }
}

/// Somebody who can own records.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct HubspotOwner {
    /// Id.
    #[serde(deserialize_with = "plain")]
    pub id: String,
    /// Address.
    pub email: Option<String>,
    /// Whether they left.
    pub archived: bool,
}

/// A page of owners.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Owners {
    /// The owners.
    pub results: Vec<HubspotOwner>,
    paging: Option<Paging>,
}

impl Owners {
    /// The mark of the next page; empty after the last one.
    #[must_use]
    pub fn after(&self) -> &str {
        after(self.paging.as_ref())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Associations {
    results: Vec<Association>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Association {
    from: AssociationLink,
    to: Vec<To>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct To {
    #[serde(deserialize_with = "plain")]
    to_object_id: String,
    association_types: Vec<AssociationType>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AssociationType {
    label: Option<String>,
}

/// Ids by the id of the record that they are associated with, the primary ones first.
pub type Associated = BTreeMap<String, Vec<String>>;

/// A token as the vendor hands it out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AccessToken {
    access_token: String,
    expires_in: i64,
}

/// How often private apps called today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Usage {
    /// Calls.
    pub current_usage: i64,
    /// Most calls.
    pub usage_limit: i64,
}

#[derive(Deserialize)]
struct List<T> {
    results: Vec<T>,
}

/// A number or a text as a text: `HubSpot` writes ids both ways.
fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, DeliveryError> {
    serde_json::from_slice(body).map_err(|_| unreadable())
}

/// What a success is that is no JSON of the documented shape: something between us and the vendor answered.
fn unreadable() -> DeliveryError {
    DeliveryError::retryable("unreadable", None)
}

/// Reads one record.
///
/// # Errors
/// `unreadable`, as for every function here.
pub fn record(body: &[u8]) -> Result<HubspotRecord, DeliveryError> {
    let record: HubspotRecord = json(body)?;
    if record.id.is_empty() { Err(unreadable()) } else { Ok(record) }
}

/// Reads records.
///
/// # Errors
/// `unreadable`.
pub fn records(body: &[u8]) -> Result<HubspotAnswer, DeliveryError> {
    json(body)
}

/// Reads owners.
///
/// # Errors
/// `unreadable`.
pub fn owners(body: &[u8]) -> Result<Owners, DeliveryError> {
    json(body)
}

/// Reads associations.
///
/// # Errors
/// `unreadable`.
pub fn associated(body: &[u8]) -> Result<Associated, DeliveryError> {
    let answer: Associations = json(body)?;
    let ids = |mut to: Vec<To>| {
        let is_primary = |to: &To| to.association_types.iter().any(|kind| kind.label.as_deref() == Some("Primary"));
        to.sort_by_key(|to| !is_primary(to));
        to.into_iter().map(|to| to.to_object_id).collect()
    };
    Ok(answer.results.into_iter().map(|one| (one.from.id, ids(one.to))).collect())
}

/// Reads properties as they are described.
///
/// # Errors
/// `unreadable`.
pub fn properties(body: &[u8]) -> Result<Vec<Described>, DeliveryError> {
    json(body).map(|list: List<Described>| list.results)
}

/// Reads how often private apps called today; `None` when the account does not say.
///
/// # Errors
/// `unreadable`.
pub fn usage(body: &[u8]) -> Result<Option<Usage>, DeliveryError> {
    json(body).map(|list: List<Usage>| list.results.first().copied())
}

/// Reads a token.
///
/// # Errors
/// `unreadable`.
pub fn token(body: &[u8], now: Timestamp) -> Result<KeptToken, DeliveryError> {
    let token: AccessToken = json(body)?;
    let is_good = !token.access_token.is_empty() && token.access_token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_good {
        return Err(unreadable());
    }
    let lasts_ms = token.expires_in.saturating_mul(1_000).saturating_sub(RENEW_EARLIER_MS);
    Ok(KeptToken { value: token.access_token, until: now.plus_ms(lasts_ms), base_url: String::new() })
}
