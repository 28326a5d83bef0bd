//! Requests.

use crate::http::{HttpRequest, Method, encode};
use crate::time::Timestamp;
use crate::vendor::{Bucket, DeliveryError};
use serde_json::Value;
use std::fmt;

/// Where a company's data are, and who asks. The debug form shows no token.
#[derive(Clone, PartialEq, Eq)]
pub struct PipedriveApi {
    base_url: String,
    token: String,
    /// Key of the field of persons that holds our id: 40 hexadecimal digits.
    pub person_field: String,
}

impl fmt::Debug for PipedriveApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Most records of a page.
pub const PAGE_MAX: usize = 20;
/// Bucket of every call: 20 in two seconds, the smallest plan's limit for one user.
const ALL: (&str, u32) = ("all", 20);
/// Bucket of searches: ten in two seconds.
const SEARCH: (&str, u32) = ("search", 10);

impl PipedriveApi {
    /// Reads the settings by name.
    ///
    /// # Errors
    /// `not_set_up`, naming the setting.
    pub fn read(setting: impl Fn(&str) -> Option<String>) -> Result<Self, DeliveryError> {
        let given = |name: &str| setting(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let needed =
            |name: &str| given(name).ok_or_else(|| DeliveryError::config("not_set_up", format!("set `{name}`")));
        let token = needed("PIPEDRIVE_API_TOKEN")?;
        let person_field = needed("PIPEDRIVE_PERSON_FIELD")?.to_lowercase();
        if person_field.len() != 40 || !person_field.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(DeliveryError::config(
                "not_set_up",
                "`PIPEDRIVE_PERSON_FIELD` must be the API key of a field of persons, 40 hexadecimal digits",
            ));
        }
        let base_url = given("PIPEDRIVE_BASE_URL").unwrap_or_else(|| "https://api.pipedrive.com".to_owned());
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), token, person_field })
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> HttpRequest {
        let mut headers =
            vec![("x-api-token".to_owned(), self.token.clone()), ("Accept".to_owned(), "application/json".to_owned())];
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        HttpRequest { method, url: format!("{}{path}", self.base_url), headers, body: body.map(Value::to_string) }
    }

    fn get(&self, path: &str) -> HttpRequest {
        self.request(Method::Get, path, None)
    }

    /// Persons with exactly this text in a kind of field: `email` or `custom_fields`.
    #[must_use]
    pub fn search(&self, term: &str, fields: &str) -> HttpRequest {
        let term = encode(term);
        self.get(&format!("/api/v2/persons/search?term={term}&fields={fields}&exact_match=true&limit=10"))
    }

    /// Persons whose address holds this text.
    #[must_use]
    pub fn search_colleagues(&self, domain: &str) -> HttpRequest {
        self.get(&format!("/api/v2/persons/search?term={}&fields=email&limit=20", encode(domain)))
    }

    /// A person.
    #[must_use]
    pub fn person(&self, id: u64) -> HttpRequest {
        self.get(&format!("/api/v2/persons/{id}"))
    }

    /// Some person of an organisation.
    #[must_use]
    pub fn member(&self, org_id: u64) -> HttpRequest {
        self.get(&format!("/api/v2/persons?org_id={org_id}&limit=1"))
    }

    /// Makes a person.
    #[must_use]
    pub fn add_person(&self, person: &Value) -> HttpRequest {
        self.request(Method::Post, "/api/v2/persons", Some(person))
    }

    /// Changes a person.
    #[must_use]
    pub fn change_person(&self, id: u64, change: &Value) -> HttpRequest {
        self.request(Method::Patch, &format!("/api/v2/persons/{id}"), Some(change))
    }

    /// Activities of a person, the latest first.
    #[must_use]
    pub fn activities(&self, person_id: u64) -> HttpRequest {
        self.get(&format!("/api/v2/activities?person_id={person_id}&sort_by=add_time&sort_direction=desc&limit=100"))
    }

    /// Makes an activity.
    #[must_use]
    pub fn add_activity(&self, activity: &Value) -> HttpRequest {
        self.request(Method::Post, "/api/v2/activities", Some(activity))
    }

    /// An organisation.
    #[must_use]
    pub fn organization(&self, id: u64) -> HttpRequest {
        self.get(&format!("/api/v2/organizations/{id}"))
    }

    /// Open deals of an organisation, the one that changed last first.
    #[must_use]
    pub fn open_deals(&self, org_id: u64) -> HttpRequest {
        self.get(&format!("/api/v2/deals?org_id={org_id}&status=open&sort_by=update_time&sort_direction=desc&limit=5"))
    }

    /// A page of what changed: `persons` or `deals`.
    #[must_use]
    pub fn changed(&self, what: &str, since: Timestamp, cursor: &str) -> HttpRequest {
        let since = since.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let cursor = if cursor.is_empty() { String::new() } else { format!("&cursor={}", encode(cursor)) };
        let since = encode(&since);
        self.get(&format!(
            "/api/v2/{what}?updated_since={since}&sort_by=update_time&sort_direction=asc&limit={PAGE_MAX}{cursor}"
        ))
    }

    /// Everybody.
    #[must_use]
    pub fn users(&self) -> HttpRequest {
        self.get("/v1/users")
    }

    /// The user whose token it is.
    #[must_use]
    pub fn me(&self) -> HttpRequest {
        self.get("/v1/users/me")
    }

    /// The fields of persons.
    #[must_use]
    pub fn person_fields(&self) -> HttpRequest {
        self.get("/v1/personFields?limit=500")
    }
}

/// The buckets of a request.
#[must_use]
pub fn buckets(request: &HttpRequest) -> Vec<Bucket> {
    let bucket = |(name, max): (&str, u32)| Bucket { name: name.to_owned(), window_ms: 2_000, max };
    let mut buckets = vec![bucket(ALL)];
    if request.url.contains("/search?") {
        buckets.push(bucket(SEARCH));
    }
    buckets
}
