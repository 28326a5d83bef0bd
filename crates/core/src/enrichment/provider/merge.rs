//! Putting together what several providers say.
//!
//! Of two values for a field the one from the more trusted provider counts; of two equally trusted providers the one that
//! costs less, so that the dearer one need not be asked, then the one whose id comes first; of one provider the later
//! answer. When a provider was asked says nothing about how old its data are. One provider that says a number must not be
//! called counts against all that do not. The order is total, so the same readings give the same facts in whatever order
//! they come, and it is known beforehand whether an answer could still replace what is known ([`replaces`]). Every fact
//! keeps its provider and time.

use crate::enrichment::provider::Offer;
use crate::enrichment::provider::SubjectKind;
use crate::facts::{Fact, FactValue, Facts, Field};
use crate::id::ProviderId;
use crate::normalize::company_key;
use std::cmp::{Ordering, Reverse};

/// What one provider said in one answer.
pub type Facted = Vec<(Field, Fact)>;

/// How much a provider is believed about a field, 0 to 100.
///
/// The lead itself is believed most about where it comes from (its domain), and least about what people tend to
/// embellish or shorten (title, name of the company). The account shard and the directory are the business's own knowledge. A
/// provider that is not known here counts 50.
#[must_use]
pub fn trust(provider: &ProviderId, field: Field) -> u8 {
    match (provider.as_str(), field) {
        ("crm", _) => 95,
        ("form", Field::CompanyDomain) => 90,
        ("directory", _) => 85,
        ("form", _) => 30,
        (id, _) => Offer::find(id).map_or(50, Offer::trust),
    }
}

/// Adds a fact, unless what is known counts more. A value of the wrong kind is ignored.
pub fn merge(facts: &mut Facts, field: Field, fact: Fact) {
    let counts_more = |known: &Fact| compare(field, &fact, known) != Ordering::Greater;
    if !facts.fact(field).is_some_and(counts_more) {
        facts.set(field, fact);
    }
}

/// Which of two facts counts more; equal only when they are the same.
fn compare(field: Field, one: &Fact, other: &Fact) -> Ordering {
    warns(field, one)
        .cmp(&warns(field, other))
        .then_with(|| rank(&one.provider, field).cmp(&rank(&other.provider, field)))
        .then(one.at.cmp(&other.at))
        .then_with(|| one.value.cmp(&other.value))
}

/// What a provider's word about a field counts, in an order without ties.
fn rank(provider: &ProviderId, field: Field) -> (u8, Reverse<u32>, Reverse<&ProviderId>) {
    let cost_usd_micros = Offer::find(provider.as_str()).map_or(0, Offer::cost_usd_micros);
    (trust(provider, field), Reverse(cost_usd_micros), Reverse(provider))
}

/// Whether what `one` says about a field counts more than what `other` says, whatever they say.
#[must_use]
pub fn ranks_above(one: &ProviderId, other: &ProviderId, field: Field) -> bool {
    rank(one, field) > rank(other, field)
}

/// Whether a fact forbids something that nobody else can allow.
fn warns(field: Field, fact: &Fact) -> bool {
    field == Field::PersonPhoneDoNotCall && fact.value == FactValue::Flag(true)
}

/// Whether an answer of `provider` could replace what `known` says about a field.
#[must_use]
pub fn replaces(provider: &ProviderId, field: Field, known: &Fact) -> bool {
    if field == Field::PersonPhoneDoNotCall && !warns(field, known) {
        return true;
    }
    !ranks_above(&known.provider, provider, field)
}

/// The facts of `base` together with all readings, whose order makes no difference.
///
/// A reading says which company it is about: the person's employer, or the domain of the record that a provider of companies
/// found for the one it was asked about. When that is another company (a consultant writes from a client's address, a
/// provider answers with a namesake), its `company.*` facts do not count, nor what the person does there: title, seniority,
/// function. Domains that differ in their ending only (`acme.com`, `acme.de`) are one company, and so are two with one name.
/// What a provider of companies says about the domain never becomes the lead's.
#[must_use]
pub fn merge_readings(base: &Facts, readings: &[Facted]) -> Facts {
    let mut facts = base.clone();
    let is_domain = |(field, fact): &&(Field, Fact)| *field == Field::CompanyDomain && !is_of_companies(&fact.provider);
    for (field, fact) in readings.iter().flatten().filter(is_domain) {
        merge(&mut facts, *field, fact.clone());
    }
    let company = facts.text(Field::CompanyDomain).map(str::to_owned);
    let name = facts.text(Field::LeadCompany).and_then(company_key);
    for reading in readings {
        let is_elsewhere = subject(reading).is_some_and(|subject| {
            let is_same = company.as_deref().is_some_and(|company| is_one_company(company, subject));
            let found_name = text_of(reading, Field::CompanyName).and_then(company_key);
            !is_same && (found_name.is_none() || found_name != name)
        });
        for (field, fact) in reading {
            let is_checked = *field == Field::CompanyDomain && is_of_companies(&fact.provider);
            let is_left_out = is_checked || (is_elsewhere && is_about_company(*field));
            if !is_left_out {
                merge(&mut facts, *field, fact.clone());
            }
        }
    }
    facts
}

/// The domain of the company that a reading is about, as far as it says.
fn subject(reading: &Facted) -> Option<&str> {
    let of_record = || {
        let found = reading.iter().find(|(field, _)| *field == Field::CompanyDomain)?;
        is_of_companies(&found.1.provider).then(|| found.1.value.as_text()).flatten()
    };
    text_of(reading, Field::PersonEmployerDomain).or_else(of_record)
}

fn text_of(reading: &Facted, field: Field) -> Option<&str> {
    reading.iter().find(|(found, _)| *found == field).and_then(|(_, fact)| fact.value.as_text())
}

/// Whether two domains belong to one company as far as their names say: they differ in the ending only.
fn is_one_company(one: &str, other: &str) -> bool {
    let label = |domain: &str| domain.split('.').next().map(str::to_owned);
    one == other || label(one) == label(other)
}

/// Whether a provider is asked about companies.
fn is_of_companies(provider: &ProviderId) -> bool {
    Offer::find(provider.as_str()).is_some_and(|offer| offer.kind() == SubjectKind::Company)
}

/// Whether a fact holds for a company, or for a person only as long as they work there.
fn is_about_company(field: Field) -> bool {
    field.path().starts_with("company.")
        || matches!(field, Field::PersonTitle | Field::PersonSeniority | Field::PersonFunction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FactValue;
    use crate::time::Timestamp;

    fn fact(provider: &str, at: i64, value: FactValue) -> Fact {
        Fact { value, provider: ProviderId::new(provider).unwrap(), at: Timestamp::from_ms(at) }
    }

    fn text(provider: &str, at: i64, value: &str) -> Fact {
        fact(provider, at, FactValue::Text(value.to_owned()))
    }

    fn employees(provider: &str, number: i64) -> (Field, Fact) {
        (Field::CompanyEmployees, fact(provider, 1, FactValue::Number(number)))
    }

    #[test]
    fn trust_goes_first_then_the_later_moment() {
        let mut facts = Facts::default();
        merge(&mut facts, Field::CompanyName, text("pdl_company", 9, "PDL"));
        merge(&mut facts, Field::CompanyName, text("form", 10, "Form"));
        assert_eq!(facts.text(Field::CompanyName), Some("PDL"));
        merge(&mut facts, Field::CompanyName, text("pdl_company", 8, "older"));
        assert_eq!(facts.text(Field::CompanyName), Some("PDL"));
        merge(&mut facts, Field::CompanyName, text("directory", 1, "Directory"));
        assert_eq!(facts.fact(Field::CompanyName).unwrap().provider.as_str(), "directory");
    }

    #[test]
    fn the_lead_is_believed_about_its_domain_only() {
        let form = ProviderId::new("form").unwrap();
        let person = ProviderId::new("pdl_person").unwrap();
        assert!(trust(&form, Field::CompanyDomain) > trust(&person, Field::CompanyDomain));
        assert!(trust(&form, Field::PersonTitle) < trust(&person, Field::PersonTitle));
    }

    #[test]
    fn an_employer_elsewhere_says_nothing_about_the_company() {
        let mut base = Facts::default();
        base.set(Field::CompanyDomain, text("form", 0, "client.example"));
        let person = vec![
            (Field::PersonTitle, text("pdl_person", 1, "Consultant")),
            (Field::PersonEmployerDomain, text("pdl_person", 1, "bigco.example")),
            (Field::CompanyDomain, text("pdl_person", 1, "bigco.example")),
            employees("pdl_person", 5_000),
        ];
        let facts = merge_readings(&base, std::slice::from_ref(&person));
        assert_eq!(facts.text(Field::CompanyDomain), Some("client.example"));
        assert_eq!(facts.value(Field::CompanyEmployees), None);
        assert_eq!(facts.text(Field::PersonTitle), None);
        let facts = merge_readings(&Facts::default(), &[person]);
        assert_eq!(facts.value(Field::CompanyEmployees), Some(&FactValue::Number(5_000)));
    }

    #[test]
    fn a_record_of_another_company_than_was_asked_for_does_not_count() {
        let mut base = Facts::default();
        base.set(Field::CompanyDomain, text("form", 0, "acme.example"));
        base.set(Field::LeadCompany, text("form", 0, "Acme Robotics GmbH"));
        base.set(Field::CompanyName, text("form", 0, "Acme Robotics GmbH"));
        let record = |domain: &str, name: &str| {
            vec![
                (Field::CompanyDomain, text("apollo_company", 1, domain)),
                (Field::CompanyName, text("apollo_company", 1, name)),
                employees("apollo_company", 5_000),
            ]
        };
        for (domain, name, is_used) in [
            ("acme.example", "Acme", true),
            ("acme.com", "Acme", true),
            ("acme-robotics.com", "ACME Robotics", true),
            ("globex.com", "Globex", false),
        ] {
            let facts = merge_readings(&base, &[record(domain, name)]);
            assert_eq!(facts.value(Field::CompanyEmployees).is_some(), is_used, "{domain}");
            assert_eq!(facts.text(Field::CompanyDomain), Some("acme.example"), "{domain}");
            let shown = if is_used { name } else { "Acme Robotics GmbH" };
            assert_eq!(facts.text(Field::CompanyName), Some(shown), "{domain}");
        }
        // Of an employer that only a provider of persons knows, the same holds.
        let employer = vec![
            (Field::CompanyDomain, text("pdl_person", 1, "bigco.example")),
            (Field::PersonEmployerDomain, text("pdl_person", 1, "bigco.example")),
        ];
        let facts = merge_readings(&Facts::default(), &[employer, record("globex.com", "Globex")]);
        assert_eq!(facts.text(Field::CompanyDomain), Some("bigco.example"));
        assert_eq!(facts.value(Field::CompanyEmployees), None);
    }

    #[test]
    fn one_warning_counts_against_all_that_do_not_warn() {
        let says = |provider: &str, flag| fact(provider, 1, FactValue::Flag(flag));
        let field = Field::PersonPhoneDoNotCall;
        for order in [["lusha_person", "zoominfo_person"], ["zoominfo_person", "lusha_person"]] {
            let mut facts = Facts::default();
            order.iter().for_each(|id| merge(&mut facts, field, says(id, *id == "lusha_person")));
            assert_eq!(facts.value(field), Some(&FactValue::Flag(true)), "{order:?}");
        }
        let less_trusted = ProviderId::new("lusha_person").unwrap();
        assert!(replaces(&less_trusted, field, &says("zoominfo_person", false)));
        assert!(!replaces(&less_trusted, field, &says("zoominfo_person", true)));
    }

    #[test]
    fn a_value_of_the_wrong_kind_changes_nothing() {
        let mut facts = Facts::default();
        merge(&mut facts, Field::CompanyEmployees, text("directory", 1, "many"));
        assert_eq!(facts, Facts::default());
    }
}
