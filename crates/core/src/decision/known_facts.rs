//! What is known about a lead before anybody outside is asked: what it says itself, what is given with it, and
//! the business's own directory.
//!
//! For the command line, for backtests and for benches; in the service the waterfall learns the same facts, and those
//! of providers.

use crate::decision::attempts::AccountOwner;
use crate::directory::{DIRECTORY, DirectoryRow};
use crate::enrichment::provider::merge::{Facted, merge};
use crate::facts::{Facts, Field};
use crate::lead::Lead;
use crate::normalize::company_key;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The account directory in memory.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    by_domain: BTreeMap<String, DirectoryRow>,
    /// Domain of the one company with this name key; `None` where several share it.
    by_name: BTreeMap<String, Option<String>>,
}

impl Accounts {
    /// Builds the directory. Of two rows with one domain the last counts.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = DirectoryRow>) -> Self {
        let by_domain: BTreeMap<String, DirectoryRow> = rows.into_iter().map(|row| (row.domain.clone(), row)).collect();
        let mut by_name: BTreeMap<String, Option<String>> = BTreeMap::new();
        for row in by_domain.values() {
            if let Some(key) = row.name_key() {
                by_name.entry(key).and_modify(|only| *only = None).or_insert_with(|| Some(row.domain.clone()));
            }
        }
        Self { by_domain, by_name }
    }

    /// The company that a lead belongs to as far as `facts` say: that with its domain; when no domain is known, the
    /// one company with its stated name. Two companies of one name are no match: a wrong owner is worse than none.
    #[must_use]
    pub fn find(&self, facts: &Facts) -> Option<&DirectoryRow> {
        if let Some(domain) = facts.text(Field::CompanyDomain) {
            return self.by_domain.get(domain);
        }
        let key = facts.text(Field::LeadCompany).and_then(company_key)?;
        self.by_domain.get(self.by_name.get(&key)?.as_ref()?)
    }
}

/// Everything that is known about a lead without asking anybody outside, and who owns its account.
///
/// Steps: 1 what the lead says; 2 `given`, such as what a provider said; 3 a person's employer is the company when the
/// address names none; 4 the directory.
#[must_use]
pub fn known_facts(lead: &Lead, given: Facted, accounts: &Accounts, at: Timestamp) -> (Facts, Option<AccountOwner>) {
    let mut facts = lead.facts();
    for (field, fact) in given {
        merge(&mut facts, field, fact);
    }
    if facts.fact(Field::CompanyDomain).is_none()
        && let Some(employer) = facts.fact(Field::PersonEmployerDomain).cloned()
    {
        facts.set(Field::CompanyDomain, employer);
    }
    let row = accounts.find(&facts);
    for (field, fact) in row.map(|row| row.facts(at)).unwrap_or_default() {
        merge(&mut facts, field, fact);
    }
    let owner = row.and_then(|row| row.owner_rep_id.clone());
    (facts, owner.map(|rep_id| AccountOwner { rep_id, source: DIRECTORY.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{ImportKind, parse};
    use crate::facts::{Fact, FactValue};
    use crate::id::ProviderId;
    use crate::intake::{FieldMap, read};

    fn accounts(csv: &str) -> Accounts {
        let import = parse(csv.as_bytes(), ImportKind::Csv);
        assert_eq!(import.problems, vec![]);
        Accounts::new(import.rows)
    }

    fn lead(json: &str) -> Lead {
        read(Some("application/json"), json.as_bytes(), &FieldMap::default(), Timestamp::from_ms(0)).unwrap()
    }

    const ACME: &str = "domain,name,employees,owner_rep_id\nacme.example,Acme Inc.,700,ada\n";

    #[test]
    fn a_company_is_found_by_domain_and_without_one_by_its_only_name() {
        let accounts = accounts(ACME);
        for body in [
            r#"{"email": "x@acme.example"}"#,
            r#"{"email": "x@gmail.com", "company": "ACME"}"#,
            r#"{"email": "x@gmail.com", "website": "https://www.acme.example/about"}"#,
        ] {
            let (facts, owner) = known_facts(&lead(body), Vec::new(), &accounts, Timestamp::from_ms(0));
            assert_eq!(facts.value(Field::CompanyEmployees), Some(&FactValue::Number(700)), "{body}");
            assert_eq!(owner.unwrap().rep_id.as_str(), "ada", "{body}");
        }
    }

    #[test]
    fn a_name_that_two_companies_share_and_a_name_beside_another_domain_find_nothing() {
        let two = accounts(&format!("{ACME}acme.test,ACME GmbH,9,ben\n"));
        let by_name = lead(r#"{"email": "x@gmail.com", "company": "acme"}"#);
        assert_eq!(known_facts(&by_name, Vec::new(), &two, Timestamp::from_ms(0)).1, None);
        let elsewhere = lead(r#"{"email": "x@other.example", "company": "acme"}"#);
        assert_eq!(known_facts(&elsewhere, Vec::new(), &accounts(ACME), Timestamp::from_ms(0)).1, None);
    }

    #[test]
    fn the_employer_of_a_private_address_leads_to_the_account() {
        let fact = Fact {
            value: FactValue::Text("acme.example".to_owned()),
            provider: ProviderId::new("pdl_person").unwrap(),
            at: Timestamp::from_ms(0),
        };
        let given = vec![(Field::PersonEmployerDomain, fact)];
        let (_, owner) =
            known_facts(&lead(r#"{"email": "x@gmail.com"}"#), given, &accounts(ACME), Timestamp::from_ms(0));
        assert_eq!(owner.unwrap().rep_id.as_str(), "ada");
    }
}
