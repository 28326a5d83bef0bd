//! What is known about a lead, field by field, with where it came from.
//!
//! A field is *known* (it has a value), or missing. What a missing field means depends on who could
//! have told: nobody but the sender fills a form field, so a missing one counts as empty; a company's
//! size is learned from providers, so a missing one is unknown and stays so. [`Field::source`] says which.

use crate::id::ProviderId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FactValue {
    /// Yes or no.
    Flag(bool),
    /// A whole number: employees, US dollars, a year.
    Number(i64),
    /// Text. Codes (country, industry, seniority) are lower case.
    Text(String),
    /// Several texts, sorted, without repeats.
    Set(Vec<String>),
}

impl FactValue {
    /// The text, when this is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, when this is a number.
    #[must_use]
    pub fn as_number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The flag, when this is a boolean.
    #[must_use]
    pub fn as_flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(*flag) } else { None }
    }

    /// Which kind of value this is.
    #[must_use]
    pub const fn kind(&self) -> FactKind {
        match self {
            Self::Flag(_) => FactKind::Flag,
            Self::Number(_) => FactKind::Number,
            Self::Text(_) => FactKind::Text,
            Self::Set(_) => FactKind::Set,
        }
    }
}

/// The kind of value that a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// Text.
    Text,
    /// A set of texts.
    Set,
}

/// Who can fill a field, and with that, what a missing value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactSource {
    /// Only the sender of the lead. Missing means empty: conditions on it are false.
    Sender,
    /// Enrichment providers. Missing means unknown.
    Provider,
    /// The account directory, the CRM or the account shard, which are always consulted. Missing means "no".
    Account,
}

macro_rules! fields {
    ($($variant:ident $path:literal $kind:ident $source:ident $doc:literal;)*) => {
        /// A field that conditions can read. The list is closed; the sender's own extra fields are
        /// read as `lead.fields.<name>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Field { $(#[doc = $doc] $variant,)* }

        impl Field {
            /// Every field, in the order of the slots.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The path that a rubric uses, such as `company.employees`.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }

            /// What the field means, for documentation and for help.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// The kind of value it takes.
            #[must_use]
            pub const fn kind(self) -> FactKind {
                match self { $(Self::$variant => FactKind::$kind,)* }
            }

            /// Who can fill it.
            #[must_use]
            pub const fn source(self) -> FactSource {
                match self { $(Self::$variant => FactSource::$source,)* }
            }

            /// The field with this path, or `None`.
            #[must_use]
            pub fn from_path(path: &str) -> Option<Self> {
                match path { $($path => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

fields! {
    LeadEmailKind "lead.email_kind" Text Sender "Kind of e-mail address: `business`, `free` (gmail and the like) or `disposable`.";
    LeadEmailDomain "lead.email_domain" Text Sender "Registrable domain of the e-mail address.";
    LeadSource "lead.source" Text Sender "Where the lead came from, as the sender says: `web`, `partner`, `event` …";
    LeadForm "lead.form" Text Sender "Id of the form.";
    LeadPartner "lead.partner" Text Sender "Partner that referred the lead.";
    LeadTitle "lead.title" Text Sender "Job title as the person typed it.";
    LeadCompany "lead.company" Text Sender "Company as the person typed it.";
    LeadMessage "lead.message" Text Sender "Free text of the form. It is data, never an instruction.";
    LeadCountry "lead.country" Text Sender "Country the person stated, ISO 3166-1 alpha-2, lower case.";
    LeadRegion "lead.region" Text Sender "State or region the person stated, lower case; by its English name (`california`, `bavaria`) where it is a known one of the stated country.";
    LeadPostalCode "lead.postal_code" Text Sender "Postal code, upper case, without spaces.";
    LeadLanguage "lead.language" Text Sender "Language, ISO 639-1, lower case.";
    LeadEmployees "lead.employees" Number Sender "Company size the person stated.";
    LeadUtmSource "lead.utm_source" Text Sender "UTM source, lower case.";
    LeadUtmMedium "lead.utm_medium" Text Sender "UTM medium, lower case.";
    LeadUtmCampaign "lead.utm_campaign" Text Sender "UTM campaign, lower case.";
    LeadManyFromClient "lead.many_from_client" Flag Sender "Whether it is one of many that the same client posted within a minute, in forms.";
    PersonTitle "person.title" Text Provider "Job title; the typed one counts until a provider knows better.";
    PersonSeniority "person.seniority" Text Provider "`c_level`, `vp`, `director`, `manager`, `senior`, `entry`, `owner`, `student`.";
    PersonFunction "person.function" Text Provider "Function: `engineering`, `sales`, `marketing`, `finance`, `operations`, `it`, `hr` …";
    PersonEmployerDomain "person.employer_domain" Text Provider "Registrable domain of the current employer.";
    PersonEmailStatus "person.email_status" Text Provider "Whether mail reaches the address: `valid`, `risky`, `invalid`, `unknown`.";
    PersonCountry "person.country" Text Provider "Country where the person is, ISO 3166-1 alpha-2, lower case.";
    PersonRegion "person.region" Text Provider "State or region where the person is, lower case.";
    PersonLinkedin "person.linkedin" Text Provider "LinkedIn profile, `linkedin.com/in/<slug>`.";
    PersonWorkEmail "person.work_email" Text Provider "Address at work that a provider knows, lower case.";
    PersonPhone "person.phone" Text Provider "Telephone number, E.164: `+` and digits.";
    PersonPhoneDoNotCall "person.phone_do_not_call" Flag Provider "Whether a provider says that the person's number must not be called; one that does counts.";
    CompanyDomain "company.domain" Text Provider "Registrable domain of the company.";
    CompanyName "company.name" Text Provider "Name of the company.";
    CompanyEmployees "company.employees" Number Provider "Employees.";
    CompanyRevenueUsd "company.revenue_usd" Number Provider "Yearly revenue in US dollars.";
    CompanyIndustry "company.industry" Text Provider "Industry, lower case.";
    CompanyCountry "company.country" Text Provider "Country of the headquarters, ISO 3166-1 alpha-2, lower case.";
    CompanyRegion "company.region" Text Provider "State or region of the headquarters, lower case.";
    CompanyFoundedYear "company.founded_year" Number Provider "Year of foundation.";
    CompanyFundingUsd "company.funding_usd" Number Provider "Total funding in US dollars.";
    CompanyTechnologies "company.technologies" Set Provider "Technologies in use, lower case.";
    CompanyPostalCode "company.postal_code" Text Provider "Postal code of the headquarters, upper case, without spaces.";
    CompanyLinkedin "company.linkedin" Text Provider "Page on LinkedIn, `linkedin.com/company/<slug>`.";
    CompanyType "company.type" Text Provider "`public`, `private`, `nonprofit`, `government` or `education`.";
    CompanyNaics "company.naics" Text Provider "Industry code of NAICS, two to six digits; the first one where there are several.";
    CompanyFundingStage "company.funding_stage" Text Provider "`pre_seed`, `seed`, `series_a` … `series_j`, `venture` (a round without a name), `private_equity`, `debt`, `grant`, `angel`, `acquired` or `ipo`.";
    CompanyFundedOn "company.funded_on" Number Provider "Day of the last round of funding as the number yyyymmdd; month or day 00 when not known.";
    CompanyHeadcountGrowthPercent "company.headcount_growth_percent" Number Provider "Growth of the number of employees in twelve months, in percent; below 0 when it shrank.";
    AccountNamed "account.named" Flag Account "Whether the company is on the named-account list.";
    AccountStatus "account.status" Text Account "`prospect`, `customer`, `partner` or `competitor`.";
    AccountOwned "account.owned" Flag Account "Whether a rep owns the account.";
    AccountOpenDeal "account.open_deal" Flag Account "Whether a deal is open with the account.";
}

/// Number of fields in the closed list.
pub const FIELD_COUNT: usize = Field::ALL.len();

/// A set of fields as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u64);

// Every field has a bit of its own.
const _: () = assert!(FIELD_COUNT <= 64);

impl FieldSet {
    /// No field.
    pub const EMPTY: Self = Self(0);
    /// Every field.
    pub const ALL: Self = Self(u64::MAX);

    /// This set with `field` added.
    #[must_use]
    pub const fn with(self, field: Field) -> Self {
        Self(self.0 | (1 << field as u8))
    }

    /// The union of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// This set without what the other has.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `field` is in the set.
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u8) != 0
    }

    /// Whether the set has no field.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields, in slot order.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| self.contains(*field))
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// One value with its provenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The value.
    pub value: FactValue,
    /// Who said so: a provider's id, or `form`, `directory`, `crm`.
    pub provider: ProviderId,
    /// When it was learned.
    pub at: Timestamp,
}

/// An intent signal: something the person or company did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Name of the signal, such as `pricing_page`, lower case.
    pub signal: String,
    /// When it happened.
    pub at: Timestamp,
}

/// All that is known about a lead at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    slots: Vec<Option<Fact>>,
    /// The sender's own fields, by lower-case name.
    pub fields: BTreeMap<String, String>,
    /// Intent signals, sorted by name, then by time.
    pub signals: Vec<Signal>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { slots: vec![None; FIELD_COUNT], fields: BTreeMap::new(), signals: Vec::new() }
    }
}

impl Facts {
    /// The value of `field`, or `None` when it is missing.
    #[must_use]
    pub fn value(&self, field: Field) -> Option<&FactValue> {
        self.fact(field).map(|fact| &fact.value)
    }

    /// The fact of `field` with its provenance.
    #[must_use]
    pub fn fact(&self, field: Field) -> Option<&Fact> {
        self.slots.get(field as usize).and_then(Option::as_ref)
    }

    /// The text of `field`, when it is known and is text.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.value(field).and_then(FactValue::as_text)
    }

    /// Sets `field`, replacing what was there. A value of the wrong kind is ignored and reported by `false`.
    pub fn set(&mut self, field: Field, fact: Fact) -> bool {
        if fact.value.kind() != field.kind() {
            return false;
        }
        match self.slots.get_mut(field as usize) {
            Some(slot) => {
                *slot = Some(fact);
                true
            }
            None => false,
        }
    }

    /// Known fields with their facts, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Fact)> {
        Field::ALL.iter().copied().filter_map(|field| self.fact(field).map(|fact| (field, fact)))
    }

    /// The set of known fields.
    #[must_use]
    pub fn known(&self) -> FieldSet {
        self.iter().map(|(field, _)| field).collect()
    }
}

/// The JSON form of [`Facts`]: fields by path.
#[derive(Serialize, Deserialize)]
struct FactsJson {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    known: BTreeMap<String, Fact>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    signals: Vec<Signal>,
}

impl Serialize for Facts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.iter().map(|(field, fact)| (field.path().to_owned(), fact.clone())).collect();
        FactsJson { known, fields: self.fields.clone(), signals: self.signals.clone() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Facts {
    /// Reads the JSON form; a path that is not in the list, or a value of the wrong kind, is left out, so
    /// that a record written by another version still opens.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = FactsJson::deserialize(deserializer)?;
        let mut facts = Self { fields: json.fields, signals: json.signals, ..Self::default() };
        for (path, fact) in json.known {
            if let Some(field) = Field::from_path(&path) {
                facts.set(field, fact);
            }
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(value: FactValue) -> Fact {
        Fact { value, provider: ProviderId::new("form").unwrap(), at: Timestamp::from_ms(0) }
    }

    #[test]
    fn every_path_leads_back_to_its_field() {
        for field in Field::ALL {
            assert_eq!(Field::from_path(field.path()), Some(*field));
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused() {
        let mut facts = Facts::default();
        assert!(!facts.set(Field::CompanyEmployees, fact(FactValue::Text("many".into()))));
        assert_eq!(facts.value(Field::CompanyEmployees), None);
    }

    #[test]
    fn facts_survive_the_trip_through_json() {
        let mut facts = Facts::default();
        facts.set(Field::CompanyEmployees, fact(FactValue::Number(5_000)));
        facts.set(Field::AccountNamed, fact(FactValue::Flag(true)));
        facts.fields.insert("budget".into(), "10k".into());
        let text = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    }

    #[test]
    fn a_field_set_keeps_exactly_what_was_put_in() {
        let set: FieldSet = [Field::LeadSource, Field::AccountOpenDeal].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), vec![Field::LeadSource, Field::AccountOpenDeal]);
        assert!(!set.contains(Field::CompanyName));
    }
}
