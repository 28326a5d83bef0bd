//! One HTTP provider, checked.

use crate::enrichment::provider::condition::Rule;
use crate::enrichment::provider::field::FieldPlan;
use crate::enrichment::provider::file::{Auth, CacheFile, DescriptionFile, SubjectKind, TypicalLatency};
use crate::enrichment::provider::meaning::Meaning;
use crate::enrichment::provider::plan::{RequestPlan, TokenPlan};
use crate::enrichment::provider::pointer::Pointer;
use crate::enrichment::provider::poll::PollPlan;
use crate::enrichment::provider::template::TemplatePath;
use crate::facts::{Field, FieldSet};
use crate::id::ProviderId;
use std::collections::BTreeMap;

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
