//! The account directory: a first-party list of companies, imported as CSV or NDJSON.
//!
//! It is a provider of enrichment that costs nothing, and the source of what only the business knows: which accounts
//! are named, who owns them, who is a customer. One row per registrable domain.

mod import;
mod lines;
mod row;

pub(crate) use import::delimiter;
pub use import::{Import, ImportKind, parse};

use crate::facts::{Fact, FactValue, Field, FieldSet};
use crate::id::{ProviderId, RepId};
use crate::normalize::company_key;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The provider of what the directory says.
pub const DIRECTORY: &str = "directory";

/// How an account stands to the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Not a customer yet.
    #[default]
    Prospect,
    /// A customer.
    Customer,
    /// A partner.
    Partner,
    /// A competitor.
    Competitor,
}

impl AccountStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Prospect, Self::Customer, Self::Partner, Self::Competitor];

    /// The value of the fact `account.status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Customer => "customer",
            Self::Partner => "partner",
            Self::Competitor => "competitor",
        }
    }
}

/// One company of the directory. A missing value is unknown, not zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRow {
    /// Registrable domain; the key.
    pub domain: String,
    /// Name as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Employees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employees: Option<i64>,
    /// Yearly revenue in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_usd: Option<i64>,
    /// Code of the industry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// Country of the headquarters, ISO 3166-1 alpha-2, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether it is on the named-account list.
    #[serde(default)]
    pub named_account: bool,
    /// Rep who owns the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_rep_id: Option<RepId>,
    /// How the account stands.
    #[serde(default)]
    pub status: AccountStatus,
}

impl DirectoryRow {
    /// The fields that a row can fill.
    pub const FILLS: FieldSet = FieldSet::EMPTY
        .with(Field::CompanyDomain)
        .with(Field::CompanyName)
        .with(Field::CompanyEmployees)
        .with(Field::CompanyRevenueUsd)
        .with(Field::CompanyIndustry)
        .with(Field::CompanyCountry)
        .with(Field::AccountNamed)
        .with(Field::AccountStatus)
        .with(Field::AccountOwned);

    /// The key under which the company is found by name, or `None` without a name.
    ///
    /// Several rows may share one; then a lead that gives only the name belongs to none of them.
    #[must_use]
    pub fn name_key(&self) -> Option<String> {
        self.name.as_deref().and_then(company_key)
    }

    /// The fields that the directory can fill.
    #[must_use]
    pub fn fields() -> FieldSet {
        [
            Field::CompanyDomain,
            Field::CompanyName,
            Field::CompanyEmployees,
            Field::CompanyRevenueUsd,
            Field::CompanyIndustry,
            Field::CompanyCountry,
            Field::AccountNamed,
            Field::AccountStatus,
            Field::AccountOwned,
        ]
        .into_iter()
        .collect()
    }

    /// What the row says, as facts of the provider `directory`, learned at `at`. Unknown values make no fact.
    #[must_use]
    pub fn facts(&self, at: Timestamp) -> Vec<(Field, Fact)> {
        let Ok(provider) = ProviderId::new(DIRECTORY) else { return Vec::new() };
        let text = |text: &Option<String>| text.clone().map(FactValue::Text);
        let values = [
            (Field::CompanyDomain, Some(FactValue::Text(self.domain.clone()))),
            (Field::CompanyName, text(&self.name)),
            (Field::CompanyEmployees, self.employees.map(FactValue::Number)),
            (Field::CompanyRevenueUsd, self.revenue_usd.map(FactValue::Number)),
            (Field::CompanyIndustry, text(&self.industry)),
            (Field::CompanyCountry, text(&self.country)),
            (Field::AccountNamed, Some(FactValue::Flag(self.named_account))),
            (Field::AccountStatus, Some(FactValue::Text(self.status.as_str().to_owned()))),
            (Field::AccountOwned, Some(FactValue::Flag(self.owner_rep_id.is_some()))),
        ];
        let fact = |value| Fact { value, provider: provider.clone(), at };
        values.into_iter().filter_map(|(field, value)| value.map(|value| (field, fact(value)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_it_knows_and_no_more() {
        let row = DirectoryRow {
            domain: "a.example".into(),
            name: Some("A, Inc.".into()),
            employees: Some(7),
            revenue_usd: None,
            industry: None,
            country: Some("us".into()),
            named_account: true,
            owner_rep_id: Some(RepId::new("ann").unwrap()),
            status: AccountStatus::Customer,
        };
        let facts = row.facts(Timestamp::from_ms(5));
        let paths: Vec<&str> = facts.iter().map(|(field, _)| field.path()).collect();
        assert_eq!(
            paths,
            [
                "company.domain",
                "company.name",
                "company.employees",
                "company.country",
                "account.named",
                "account.status",
                "account.owned"
            ]
        );
        assert!(facts.iter().all(|(field, fact)| fact.value.kind() == field.kind()));
        assert!(facts.iter().all(|(field, _)| DirectoryRow::FILLS.contains(*field)));
        assert!(facts.iter().all(|(field, _)| DirectoryRow::fields().contains(*field)));
        assert_eq!(row.name_key().as_deref(), Some("a"));
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<DirectoryRow>(&text).unwrap(), row);
    }
}
