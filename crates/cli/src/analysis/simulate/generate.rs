//! Leads that nobody sent: facts drawn from plain shares, for trying out a roster before there is any history.
//!
//! The shares are those of a business that sells software to companies in several countries. They shape how many leads
//! go to which team; for a business's own mix, give its own leads.

use crate::analysis::random::Random;
use lead_router_core::decision::attempts::AccountOwner;
use lead_router_core::facts::{Fact, FactValue, Facts, Field, Signal};
use lead_router_core::id::{ProviderId, RepId};
use lead_router_core::time::{HOUR_MS, Timestamp};

/// A lead before it arrives: what is known, and who owns the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    /// What is known.
    pub facts: Facts,
    /// Who owns the account.
    pub owner: Option<AccountOwner>,
}

/// Percent of leads from accounts that a rep owns.
const OWNED_PERCENT: u32 = 8;
/// Percent of companies that no provider knows.
const UNKNOWN_COMPANY_PERCENT: u32 = 35;

const EMAIL_KINDS: [(&str, u32); 3] = [("business", 68), ("free", 30), ("disposable", 2)];
const COUNTRIES: [(&str, u32); 16] = [
    ("us", 32),
    ("gb", 9),
    ("de", 14),
    ("at", 3),
    ("ch", 4),
    ("fr", 7),
    ("nl", 5),
    ("se", 4),
    ("es", 4),
    ("ca", 4),
    ("br", 3),
    ("in", 4),
    ("au", 3),
    ("jp", 2),
    ("sg", 1),
    ("za", 1),
];
/// Lower end of a size band and its share; the size is drawn within a factor of three above.
const SIZES: [(i64, u32); 6] = [(1, 22), (5, 26), (25, 24), (150, 16), (900, 8), (5_000, 4)];
const SENIORITIES: [(&str, u32); 7] =
    [("entry", 14), ("senior", 16), ("manager", 28), ("director", 16), ("vp", 8), ("c_level", 10), ("owner", 8)];
const FUNCTIONS: [(&str, u32); 6] =
    [("sales", 24), ("marketing", 22), ("operations", 16), ("it", 16), ("engineering", 12), ("finance", 10)];
const INDUSTRIES: [(&str, u32); 6] = [
    ("software", 26),
    ("business_services", 20),
    ("industrial", 18),
    ("retail", 16),
    ("healthcare", 12),
    ("education", 8),
];
const FORMS: [(&str, u32); 5] = [("contact", 30), ("demo", 22), ("newsletter", 24), ("whitepaper", 16), ("pricing", 8)];
const SOURCES: [(&str, u32); 5] = [("web", 70), ("google_ads", 14), ("event", 7), ("referral", 6), ("partner", 3)];
const SIGNALS: [(&str, u32); 4] = [("pricing_page", 40), ("docs_visit", 30), ("webinar", 20), ("trial_started", 10)];

/// Draws one lead that arrives at `at`; `reps` are those who may own accounts.
pub fn prospect(at: Timestamp, reps: &[RepId], random: &mut Random) -> Prospect {
    let mut facts = Facts::default();
    if let Ok(provider) = ProviderId::new("generated") {
        let mut put = |field: Field, value: FactValue| {
            facts.set(field, Fact { value, provider: provider.clone(), at });
        };
        let mut text = |field: Field, shares: &[(&str, u32)], random: &mut Random| {
            if let Some(value) = random.weighted(shares) {
                put(field, FactValue::Text((*value).to_owned()));
            }
        };
        text(Field::LeadEmailKind, &EMAIL_KINDS, random);
        text(Field::LeadForm, &FORMS, random);
        text(Field::LeadSource, &SOURCES, random);
        text(Field::LeadCountry, &COUNTRIES, random);
        text(Field::PersonSeniority, &SENIORITIES, random);
        text(Field::PersonFunction, &FUNCTIONS, random);
        if !random.percent(UNKNOWN_COMPANY_PERCENT) {
            text(Field::CompanyCountry, &COUNTRIES, random);
            text(Field::CompanyIndustry, &INDUSTRIES, random);
            put(Field::CompanyEmployees, FactValue::Number(employees(random)));
        }
    }
    if random.percent(40)
        && let Some(signal) = random.weighted(&SIGNALS)
    {
        let hours = i64::try_from(random.below(21 * 24)).unwrap_or(0);
        facts.signals.push(Signal { signal: (*signal).to_owned(), at: at.plus_ms(hours.saturating_mul(-HOUR_MS)) });
    }
    let owner = if random.percent(OWNED_PERCENT) { random.one_of(reps).cloned() } else { None };
    Prospect { facts, owner: owner.map(|rep_id| AccountOwner { rep_id, source: "generated".to_owned() }) }
}

fn employees(random: &mut Random) -> i64 {
    let low = random.weighted(&SIZES).copied().unwrap_or(1);
    let spread = u64::try_from(low).unwrap_or(1).saturating_mul(2).saturating_add(1);
    low.saturating_add(i64::try_from(random.below(spread)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_tables() {
        let mut random = Random::new(5, "prospects");
        let reps = [RepId::new("ada").unwrap()];
        let at = "2026-11-18T12:00:00Z".parse().unwrap();
        let leads: Vec<Prospect> = (0..5_000).map(|_| prospect(at, &reps, &mut random)).collect();
        let share = |is: &dyn Fn(&Prospect) -> bool| leads.iter().filter(|lead| is(lead)).count() as f64 / 5_000.0;
        assert!((share(&|lead| lead.owner.is_some()) - 0.08).abs() < 0.02);
        assert!((share(&|lead| lead.facts.value(Field::CompanyEmployees).is_none()) - 0.35).abs() < 0.03);
        assert!((share(&|lead| lead.facts.text(Field::LeadEmailKind) == Some("free")) - 0.30).abs() < 0.03);
        assert!(leads.iter().all(|lead| lead.facts.signals.iter().all(|signal| signal.at <= at)));
    }

    #[test]
    fn nobody_owns_an_account_where_there_is_no_rep() {
        let mut random = Random::new(5, "prospects");
        let at = "2026-11-18T12:00:00Z".parse().unwrap();
        assert!((0..200).all(|_| prospect(at, &[], &mut random).owner.is_none()));
    }
}
