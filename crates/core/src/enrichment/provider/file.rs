//! The file of a provider, as written and not yet checked.

use crate::enrichment::provider::field::FieldFile;
use crate::enrichment::provider::meaning::Meaning;
use crate::http;
use crate::id::ProviderId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// What stands before the key, with its space: `API `.
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
    pub body: Option<Value>,
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
    /// How long calls take, for planning: when it is time to ask someone else as well.
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

/// How the result is fetched from a provider that does not answer at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PollFile {
    /// Pointers to the id of the job in the first answer; the first one that leads to a text or a number counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub job: Vec<String>,
    /// The request for the result. Its templates know `{job}` and nothing else. Without it, the first request is
    /// repeated until its answer is no longer pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestFile>,
    /// From the first answer to the first question for the result, in milliseconds, 50 to 60,000.
    pub first_after_ms: u32,
    /// From one question to the next, in milliseconds, 50 to 60,000.
    pub every_ms: u32,
    /// Pointer to the state of the job. Without it the status says everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What states mean. Small and capital letters are the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, Meaning>,
    /// Whether only the second answer in a row counts that says that nothing was found, for providers that may say so
    /// before they have begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm_not_found: bool,
    /// What statuses of these answers mean. Those of the first answer do not count here, and 404 and 410 say that
    /// the job is gone, not that nothing was found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, Meaning>,
}

/// How a token is fetched. It goes into `Authorization`, after `Bearer `.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenFile {
    /// The request for a token. Its templates know `{key.name}` and `{key.password}`, what stands in the secret before
    /// and behind the first `:`, and nothing else.
    pub request: RequestFile,
    /// Pointer to the token in the answer.
    pub pointer: String,
    /// How long a token is valid, in seconds, 120 to 604,800 (a week).
    pub lifetime_s: u32,
}

/// A setting that templates of requests know as `{setting.<name>}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SettingFile {
    /// Name of the setting, such as `ACME_LIST`.
    pub setting: String,
    /// Value when it is not set. Without one, what names the setting is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the value is a list: JSON, or items between commas.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
    /// When it must be set: without it the provider is not set up, and is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_when: Option<NeededWhen>,
}

/// When a setting must be set: another one begins like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NeededWhen {
    /// The other one, by the name that templates use.
    pub name: String,
    /// How its value, or its default, begins.
    pub begins: String,
}

/// A place in the body that says what the answer means. It goes before the status: some providers answer 200 and
/// write the error into the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MeaningFile {
    /// Pointer to the place.
    pub pointer: String,
    /// The value, or a list of values, that is meant: texts, numbers or booleans. Small and capital letters are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// A part of the text that is meant. Small and capital letters are the same. Without `equals` and `contains`, any
    /// value is meant that is not null, not false and not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// What the answer means then.
    pub means: Meaning,
}
