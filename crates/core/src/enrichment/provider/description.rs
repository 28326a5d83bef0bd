//! One HTTP provider, as its file describes it and as checked.

use crate::enrichment::provider::condition::{MeaningFile, Rule};
use crate::enrichment::provider::field::{FieldFile, FieldPlan};
use crate::enrichment::provider::pointer::Pointer;
use crate::enrichment::provider::poll::{PollFile, PollPlan};
use crate::enrichment::provider::setting::SettingFile;
use crate::enrichment::provider::template::{Body, Template, TemplatePath};
use crate::enrichment::provider::token::{TokenFile, TokenPlan};
use crate::error::Problem;
use crate::facts::{Field, FieldSet};
use crate::http;
use crate::id::ProviderId;
use crate::rubric::read::faults_of_form;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a provider is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A person. Answers are kept by a keyed hash of the person.
    Person,
    /// A company. Answers are kept by its domain.
    Company,
}

/// Where the key goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// Into the header with this name.
    Header(String),
    /// Into a header, after a word of its own.
    Prefixed(PrefixedHeader),
    /// Into the query, under this name.
    Query(String),
    /// Into `Authorization`, after `Bearer `.
    Bearer,
    /// Into `Authorization`, as a user name without a password. A key that holds `:` is name and password.
    Basic,
    /// Into the JSON body, under this name.
    Body(String),
    /// Exchanged for a token, which goes into `Authorization`, after `Bearer `. A key that holds no `:` is a token already.
    Token(Box<TokenFile>),
}

/// A header in which something stands before the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrefixedHeader {
    /// Name of the header.
    pub header: String,
    /// What stands before the key, with its blank: `API `.
    pub prefix: String,
}

/// The method of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum ProviderMethod {
    /// GET.
    Get,
    /// POST.
    Post,
}

impl From<ProviderMethod> for http::Method {
    fn from(method: ProviderMethod) -> Self {
        match method {
            ProviderMethod::Get => Self::Get,
            ProviderMethod::Post => Self::Post,
        }
    }
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The body holds a record.
    Found,
    /// The provider knows nothing. Kept, so that it is not asked again soon.
    NotFound,
    /// The provider is still looking.
    Pending,
    /// No credit left. An operator has to act; asking again is useless.
    Quota,
    /// The key is wrong or lacks a right. An operator has to act.
    BadKey,
    /// Too many requests, or a fault at the provider.
    TryLater,
    /// The provider does not understand the request: the description is wrong.
    BadRequest,
    /// The person must not be looked up: the law, or an objection of the person, stands against it. That counts for
    /// other providers as well.
    Blocked,
}

impl Meaning {
    /// What a list says about a status or its class.
    pub(super) fn listed(statuses: &BTreeMap<String, Self>, status: u16) -> Option<Self> {
        let class = status.checked_div(100).map(|class| format!("{class}xx"));
        let listed = statuses.get(&status.to_string());
        listed.or_else(|| class.and_then(|class| statuses.get(&class))).copied()
    }

    /// What a status usually means. `None` for one that no provider should send, such as a redirect.
    pub(super) const fn usual(status: u16) -> Option<Self> {
        match status {
            202 => Some(Self::Pending),
            200..=299 => Some(Self::Found),
            401 | 403 => Some(Self::BadKey),
            402 => Some(Self::Quota),
            404 => Some(Self::NotFound),
            408 | 425 | 429 | 500..=599 => Some(Self::TryLater),
            451 => Some(Self::Blocked),
            400..=499 => Some(Self::BadRequest),
            _ => None,
        }
    }
}

/// The request of a description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestFile {
    /// Method.
    pub method: ProviderMethod,
    /// Path behind the base URL. Templates such as `{company.domain}` are filled in and percent-encoded; when the fact is
    /// missing, the provider is not asked.
    pub path: String,
    /// Query, not yet encoded. An entry whose template lacks a fact is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Headers. An entry whose template lacks a fact is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// JSON body. Texts in it are templates; an entry or item whose template lacks a fact is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
}

/// How long answers are kept, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CacheFile {
    /// A record, 60 to 31,536,000 (a year).
    pub found_s: u32,
    /// The knowledge that there is none, 60 to 31,536,000.
    pub not_found_s: u32,
}

/// How long calls take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TypicalLatency {
    /// Half of the answers come within so many milliseconds, the waiting for a result included.
    pub typical_ms: u32,
    /// 95 of 100 answers come within so many milliseconds, at most 600,000.
    pub p95_ms: u32,
}

/// The file of a provider, nothing checked yet. Unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DescriptionFile {
    /// Where editors find the schema. Not read by the router.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Id; rubrics name it in their stages.
    pub id: ProviderId,
    /// Name of the vendor, for people.
    pub vendor: String,
    /// What it is asked about.
    pub kind: SubjectKind,
    /// Base URL, `https://…`, without a query.
    pub base_url: String,
    /// Setting that replaces the base URL.
    pub base_url_setting: String,
    /// Secret that holds the key. Without it the provider is not asked.
    pub key_setting: String,
    /// Where the key goes.
    pub auth: Auth,
    /// Settings that are the business's own, by the name that templates use: `{setting.<name>}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, SettingFile>,
    /// What must be known before it can be asked: of every group at least one.
    pub requires: Vec<Vec<String>>,
    /// The request.
    pub request: RequestFile,
    /// Longest time for one call, in milliseconds, 100 to 20,000.
    pub timeout_ms: u32,
    /// How long calls take, for planning: when it is time to ask somebody else as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<TypicalLatency>,
    /// Price of a record that was found, in millionths of a US dollar.
    pub cost_usd_micros: u32,
    /// How long answers are kept.
    pub cache: CacheFile,
    /// What statuses mean: `404`, or `5xx` for a whole class. Those that are not listed mean what they usually do.
    #[serde(default)]
    pub statuses: BTreeMap<String, Meaning>,
    /// What the body means, whatever the status; the first one that applies counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meanings: Vec<MeaningFile>,
    /// Pointer that must lead to a value (not null, not false, not empty) for the answer to count as found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_when: Option<String>,
    /// How the result is fetched, for a provider that does not answer at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollFile>,
    /// Fields by fact path.
    pub fields: BTreeMap<String, FieldFile>,
    /// How much it is believed when providers differ, 0 to 100.
    pub trust: u8,
}

/// The request, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RequestPlan {
    pub(super) method: ProviderMethod,
    pub(super) path: Template,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Option<Body>,
}

impl RequestPlan {
    /// Whether something is filled in anywhere.
    pub(super) fn has_places(&self) -> bool {
        let entries = self.query.iter().chain(&self.headers);
        self.path.has_places()
            || entries.into_iter().any(|(_, template)| template.has_places())
            || self.body.as_ref().is_some_and(Body::has_places)
    }
}

/// A checked provider. Made by [`Description::parse`] only.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Id.
    pub id: ProviderId,
    /// Name of the vendor.
    pub vendor: String,
    /// What it is asked about.
    pub kind: SubjectKind,
    /// Base URL without a final `/`.
    pub base_url: String,
    /// Setting that replaces the base URL.
    pub base_url_setting: String,
    /// Secret that holds the key.
    pub key_setting: String,
    /// Where the key goes.
    pub auth: Auth,
    /// Longest time for one call, in milliseconds.
    pub timeout_ms: u32,
    /// How long calls take, when that is known.
    pub latency: Option<TypicalLatency>,
    /// Price of a record that was found, in millionths of a US dollar.
    pub cost_usd_micros: u32,
    /// How long answers are kept.
    pub cache: CacheFile,
    /// How much it is believed, 0 to 100.
    pub trust: u8,
    pub(super) requires: Vec<Vec<TemplatePath>>,
    pub(super) request: RequestPlan,
    pub(super) statuses: BTreeMap<String, Meaning>,
    pub(super) meanings: Vec<Rule>,
    pub(super) found_when: Option<Pointer>,
    pub(super) poll: Option<PollPlan>,
    pub(super) token: Option<TokenPlan>,
    /// The file, when it has settings that are filled in later.
    pub(super) file: Option<Box<DescriptionFile>>,
    pub(super) fields: Vec<(Field, FieldPlan)>,
}

impl Description {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// Every problem at once, with its path in the file; a file that is not JSON of this shape has one, with the line.
    /// Repeated keys are refused first: of two fields or codes with one name, nobody knows which one is meant.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let faults = faults_of_form(text);
        match serde_json::from_str::<DescriptionFile>(text) {
            Ok(file) if faults.is_empty() => Self::from_file(&file, |_| None),
            Ok(_) => Err(faults),
            Err(_) if faults.iter().any(|fault| fault.code == "repeated_key") => Err(faults),
            Err(error) => {
                let line = u32::try_from(error.line()).ok();
                Err(vec![Problem { line, ..Problem::new("file", "invalid_description", error.to_string()) }])
            }
        }
    }

    /// The fields that it can fill. Where a provider of companies says which domain its record belongs to, that is compared
    /// with the one it was asked about, and fills nothing.
    #[must_use]
    pub fn fills(&self) -> FieldSet {
        let filled = self.fields.iter().map(|(field, _)| *field).filter(|field| !self.is_subject(*field));
        filled.collect()
    }

    /// Whether a field only says which company a record is about.
    pub(super) fn is_subject(&self, field: Field) -> bool {
        self.kind == SubjectKind::Company && field == Field::CompanyDomain
    }

    /// The facts without which it may not be asked, as far as it names facts.
    #[must_use]
    pub fn needs(&self) -> FieldSet {
        let fields = self.requires.iter().flatten().filter_map(|path| match path {
            TemplatePath::Fact(field) => Some(*field),
            TemplatePath::Contact(_) | TemplatePath::Job | TemplatePath::KeyName | TemplatePath::KeyPassword => None,
        });
        fields.collect()
    }

    /// How the result is fetched, when the provider does not answer at once.
    #[must_use]
    pub const fn poll(&self) -> Option<&PollPlan> {
        self.poll.as_ref()
    }

    /// Whether one question may take several calls, each with its own limit: for a token or for the result of a job.
    #[must_use]
    pub const fn takes_several_calls(&self) -> bool {
        self.poll.is_some() || self.token.is_some()
    }

    /// What the body of an answer says about its meaning, by the first rule that applies.
    pub(super) fn said(&self, json: Option<&serde_json::Value>) -> Option<Meaning> {
        json.and_then(|json| self.meanings.iter().find_map(|rule| rule.read(json)))
    }

    /// What a status means: as the description says for it or its class, otherwise what it usually means.
    pub(super) fn meaning(&self, status: u16) -> Option<Meaning> {
        Meaning::listed(&self.statuses, status).or_else(|| Meaning::usual(status))
    }
}
