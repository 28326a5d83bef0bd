//! What a CRM knows about a person and their company, in one form for all CRMs.

use crate::directory::AccountStatus;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What a CRM knows about a person and their company. Empty when it knows neither.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonState>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountState>,
}

/// What kind of record a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// A contact.
    Contact,
    /// A lead that was not converted, as Salesforce keeps them apart.
    Lead,
}

/// A person in a CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonState {
    /// Id of the record.
    pub id: String,
    /// Kind of the record.
    pub kind: PersonKind,
    /// Who owns the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerRef>,
    /// Who was last in touch with the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched: Option<LastTouch>,
}

/// The owner of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRef {
    /// Id of the owner in the CRM: what `crm_ids` of a rep holds.
    pub id: String,
    /// Whether the CRM says that the owner still works there; `true` when it does not say.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub active: bool,
}

const fn yes() -> bool {
    true
}

// serde hands over a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_true(flag: &bool) -> bool {
    *flag
}

impl OwnerRef {
    /// An owner who still works there, as far as is known; `None` for an empty id.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self { id: id.to_owned(), active: true })
    }
}

/// A call, mail or meeting with a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTouch {
    /// When.
    pub at: Timestamp,
    /// By whom, when the CRM says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<OwnerRef>,
}

/// A company in a CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// Id of the record.
    pub id: String,
    /// Name, when the CRM says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who owns the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerRef>,
    /// What the company is to the business, when the CRM says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AccountStatus>,
    /// Deals that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<Deal>,
}

/// An open deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deal {
    /// Id of the record.
    pub id: String,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerRef>,
    /// Stage, as the CRM names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// What a CRM is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CrmQuestion {
    /// The person's address, in the normal form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The company's registrable domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// Somebody who can own records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmUser {
    /// Id in the CRM.
    pub id: String,
    /// Work address, lower case, when the CRM says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether they still work there.
    pub active: bool,
}
