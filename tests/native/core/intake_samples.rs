//! The sample world goes through intake without a complaint, and its people and companies are understood.

use lead_router_core::directory::{Import, ImportKind, parse};
use lead_router_core::facts::Field;
use lead_router_core::intake::{FieldMap, read};
use lead_router_core::lead::Lead;
use lead_router_core::normalize::{EmailKind, email};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn sample(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("sample").join(path)
}

fn directory() -> Import {
    parse(&fs::read(sample("accounts.csv")).unwrap(), ImportKind::Csv)
}

fn lead(name: &str) -> Lead {
    let body = fs::read(sample(&format!("leads/{name}.json"))).unwrap();
    let now = "2026-11-22T09:00:00Z".parse().unwrap();
    read(Some("application/json"), &body, &FieldMap::default(), now).unwrap()
}

#[test]
fn the_sample_directory_imports_without_problems() {
    let import = directory();
    assert_eq!(import.problems, []);
    let lines = fs::read_to_string(sample("accounts.csv")).unwrap().lines().count();
    assert_eq!(import.rows.len(), lines - 1);
    assert!(import.rows.iter().all(|row| row.name.is_some() && row.country.is_some() && row.industry.is_some()));
}

#[test]
fn no_company_of_the_sample_directory_counts_as_free_mail() {
    for row in directory().rows {
        let kind = email(&format!("someone@{}", row.domain)).map(|email| email.kind);
        assert_eq!(kind, Some(EmailKind::Business), "{}", row.domain);
    }
}

#[test]
fn names_of_the_sample_directory_lead_to_one_company_each() {
    let mut seen = BTreeMap::new();
    for row in directory().rows {
        let key = row.name_key().unwrap();
        assert_eq!(seen.insert(key, row.domain.clone()), None, "{}", row.domain);
    }
}

#[test]
fn every_sample_lead_is_accepted() {
    let mut count = 0;
    for entry in fs::read_dir(sample("leads")).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        assert!(lead(&name).notes.is_empty(), "{name}");
        count += 1;
    }
    assert!(count >= 14, "{count}");
}

#[test]
fn sample_people_and_companies_are_understood() {
    for (name, account, seniority, function, country) in [
        ("hidden-enterprise", "maya-lindholm@gmail.com", Some("vp"), Some("engineering"), Some("se")),
        ("owned-account", "siemens.com", Some("director"), Some("sales"), Some("de")),
        ("capacity", "sunforge-robotics.example", Some("director"), Some("sales"), Some("us")),
        ("named-account", "philips.com", Some("manager"), None, Some("nl")),
        ("dach-mid-market", "alpenwerk-maschinenbau.example", Some("director"), Some("sales"), Some("at")),
        ("us-mid-market", "prairie-grid.example", Some("c_level"), Some("finance"), Some("us")),
        ("small-business", "tinsmith-plumbing.example", Some("owner"), None, Some("us")),
        ("student", "westbrook-university.example", Some("student"), None, Some("us")),
        ("job-seeker", "noah-applicant@gmail.com", None, None, Some("gb")),
        ("minimal", "pixel-loft.example", None, None, None),
    ] {
        let lead = lead(name);
        let facts = lead.facts();
        assert_eq!(lead.account_key(), account, "{name}");
        assert_eq!(facts.text(Field::PersonSeniority), seniority, "{name}");
        assert_eq!(facts.text(Field::PersonFunction), function, "{name}");
        assert_eq!(facts.text(Field::LeadCountry), country, "{name}");
        assert!(facts.iter().all(|(_, fact)| fact.provider.as_str() == "form"));
    }
}

#[test]
fn the_hidden_enterprise_has_a_profile_and_a_company_that_the_directory_knows() {
    let lead = lead("hidden-enterprise");
    assert_eq!(lead.email.kind, EmailKind::Free);
    assert_eq!(lead.contact().linkedin_url.as_deref(), Some("linkedin.com/in/maya-lindholm-sample-0001"));
    assert_eq!(lead.facts().text(Field::CompanyDomain), None);
    let key = lead.company.as_deref().and_then(lead_router_core::normalize::company_key);
    let row = directory().rows.into_iter().find(|row| row.name_key() == key).unwrap();
    assert_eq!((row.domain.as_str(), row.employees), ("alfalaval.com", Some(17_883)));
}

#[test]
fn a_free_mail_address_with_a_website_belongs_to_the_website() {
    let read = |website: &str| {
        let body = format!("{{\"email\":\"ann@gmail.com\",\"website\":\"{website}\"}}");
        let now = "2026-11-22T09:00:00Z".parse().unwrap();
        read(Some("application/json"), body.as_bytes(), &FieldMap::default(), now).unwrap().account_key()
    };
    assert_eq!(read("https://www.siemens.com/x"), "siemens.com");
    assert_eq!(read("https://www.facebook.com/tinsmith"), "ann@gmail.com");
    assert_eq!(read("none"), "ann@gmail.com");
}
