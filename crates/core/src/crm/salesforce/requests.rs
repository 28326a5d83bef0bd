//! Requests to the data of an organisation.

use crate::http::{HttpRequest, Method, encode};
use serde_json::{Value, json};

/// Most records in one call for a collection.
pub const RECORDS_MAX: usize = 200;
/// Most queries in one call that holds several.
pub const QUERIES_MAX: usize = 5;

/// Where an organisation's data are, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct SalesforceApi<'a> {
    /// Address of the organisation, without a final `/`.
    pub base_url: &'a str,
    /// Version, such as `v65.0`.
    pub version: &'a str,
    /// Token.
    pub token: &'a str,
}

/// What a rule for duplicates may do to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// It may stop the write.
    Stop,
    /// Its warning is not heard; only a rule that blocks stops the write.
    Pass,
}

impl SalesforceApi<'_> {
    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> HttpRequest {
        let mut headers = vec![
            ("Authorization".to_owned(), format!("Bearer {}", self.token)),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let url = format!("{}{path}", self.base_url);
        HttpRequest { method, url, headers, body: body.map(Value::to_string) }
    }

    /// A path below the version.
    fn path(&self, rest: &str) -> String {
        format!("/services/data/{}{rest}", self.version)
    }

    /// One query.
    #[must_use]
    pub fn query(&self, soql: &str) -> HttpRequest {
        self.request(Method::Get, &self.path(&format!("/query?q={}", encode(soql))), None)
    }

    /// The next page of a query: the path that the page before named.
    #[must_use]
    pub fn next_page(&self, path: &str) -> HttpRequest {
        self.request(Method::Get, path, None)
    }

    /// Several queries in one call, at most [`QUERIES_MAX`], by name.
    #[must_use]
    pub fn queries(&self, queries: &[(&str, String)]) -> HttpRequest {
        let parts: Vec<Value> = queries
            .iter()
            .map(|(name, soql)| {
                let url = self.path(&format!("/query?q={}", encode(soql)));
                json!({"method": "GET", "url": url, "referenceId": name})
            })
            .collect();
        let body = json!({"allOrNone": false, "compositeRequest": parts});
        self.request(Method::Post, &self.path("/composite"), Some(&body))
    }

    /// Updates records by id, at most [`RECORDS_MAX`], each for itself.
    #[must_use]
    pub fn update(&self, records: &[Value]) -> HttpRequest {
        let body = json!({"allOrNone": false, "records": records});
        // Whoever changes a record that is there makes no duplicate.
        self.write(self.request(Method::Patch, &self.path("/composite/sobjects"), Some(&body)), Duplicates::Pass)
    }

    /// Makes or updates records of one kind by an external id, at most [`RECORDS_MAX`], each for itself.
    #[must_use]
    pub fn upsert(&self, kind: &str, by: &str, records: &[Value], duplicates: Duplicates) -> HttpRequest {
        let body = json!({"allOrNone": false, "records": records});
        let path = self.path(&format!("/composite/sobjects/{kind}/{by}"));
        self.write(self.request(Method::Patch, &path, Some(&body)), duplicates)
    }

    /// Makes or updates one record by an external id. Unlike a collection it says which duplicates a rule found.
    #[must_use]
    pub fn upsert_one(&self, kind: &str, by: (&str, &str), fields: &Value, duplicates: Duplicates) -> HttpRequest {
        let path = self.path(&format!("/sobjects/{kind}/{}/{}", by.0, encode(by.1)));
        self.write(self.request(Method::Patch, &path, Some(fields)), duplicates)
    }

    /// The headers of every write: assignment rules would give the record to someone else.
    fn write(&self, mut request: HttpRequest, duplicates: Duplicates) -> HttpRequest {
        let _ = self;
        let allow = matches!(duplicates, Duplicates::Pass);
        request.headers.push(("Sforce-Auto-Assign".to_owned(), "FALSE".to_owned()));
        let rule = format!("allowSave={allow}, includeRecordDetails=true");
        request.headers.push(("Sforce-Duplicate-Rule-Header".to_owned(), rule));
        request
    }

    /// What an object is made of.
    #[must_use]
    pub fn describe(&self, kind: &str) -> HttpRequest {
        self.request(Method::Get, &self.path(&format!("/sobjects/{kind}/describe")), None)
    }

    /// What is left of the limits.
    #[must_use]
    pub fn limits(&self) -> HttpRequest {
        self.request(Method::Get, &self.path("/limits"), None)
    }
}
