//! The rubric that comes with the project decides the cases that people ask about first.

use crate::rubric_kit::{facts, now, shipped, with_signal};
use lead_router_core::facts::Facts;
use lead_router_core::rubric::condition::Scope;
use lead_router_core::rubric::model::Effect;
use lead_router_core::rubric::score::score;
use serde_json::json;

/// Override, tier by score, territory and team by route.
fn placed(facts: &Facts) -> (Option<String>, String, Option<String>, String) {
    let rubric = shipped();
    let scope = Scope::at(now());
    let tier = rubric.tier(score(&rubric, facts, now()).tier).id().clone();
    let territory = rubric.territory(facts, &scope).found.map(|territory| territory.id.clone());
    let route = rubric.route(&tier, territory.as_ref(), facts, &scope).found;
    let team = route.map_or(rubric.fallback_team(), |route| &route.team);
    let over = rubric.first_override(facts, &scope).found.map(|line| line.id.to_string());
    (over, tier.to_string(), territory.map(|id| id.to_string()), team.to_string())
}

fn check_placed(facts: &Facts, over: Option<&str>, tier: &str, territory: Option<&str>, team: &str) {
    let expected = (over.map(str::to_owned), tier.to_owned(), territory.map(str::to_owned), team.to_owned());
    assert_eq!(placed(facts), expected);
}

#[test]
fn a_vice_president_at_a_large_company_is_enterprise_from_a_free_mail_address_too() {
    let lead = facts(&[
        ("lead.email_kind", json!("free")),
        ("lead.country", json!("se")),
        ("person.seniority", json!("vp")),
        ("company.employees", json!(17_883)),
        ("company.country", json!("se")),
    ]);
    let rubric = shipped();
    let over = rubric.first_override(&lead, &Scope::at(now())).found.unwrap();
    let Effect::Place { tier: Some(tier), team: Some(team), .. } = &over.effect else { panic!("{over:?}") };
    assert_eq!((over.id.as_str(), tier.as_str(), team.as_str()), ("hidden_enterprise", "A", "named-accounts"));
}

#[test]
fn a_mid_market_company_goes_to_the_team_of_its_territory() {
    let lead = facts(&[
        ("lead.email_kind", json!("business")),
        ("lead.form", json!("demo")),
        ("company.employees", json!(380)),
        ("company.country", json!("us")),
        ("person.seniority", json!("director")),
    ]);
    check_placed(&with_signal(lead, "demo_request", 1), None, "A", Some("amer"), "amer-mid-market");
}

#[test]
fn the_country_of_the_company_counts_before_the_stated_one() {
    let lead =
        facts(&[("lead.country", json!("us")), ("company.country", json!("at")), ("company.employees", json!(320))]);
    check_placed(&lead, None, "C", Some("dach"), "dach");
    let lead = facts(&[("lead.country", json!("us")), ("lead.employees", json!(320))]);
    check_placed(&lead, None, "C", Some("amer"), "amer-mid-market");
}

#[test]
fn a_lead_of_which_nothing_is_known_goes_to_the_small_business_team() {
    check_placed(&Facts::default(), None, "C", None, "smb");
}

#[test]
fn people_who_do_not_buy_are_named_as_such() {
    for (path, value, expected) in [
        ("account.status", json!("competitor"), Some("competitor")),
        ("lead.title", json!("Student"), Some("student")),
        ("lead.title", json!("Student Success Manager"), None),
        ("lead.message", json!("I would like to apply for a job in your team"), Some("job_seeker")),
        ("lead.source", json!("partner"), Some("partner_referral")),
        ("account.status", json!("customer"), Some("customer_expansion")),
        ("account.named", json!(true), Some("named_account")),
        ("account.named", json!(false), None),
    ] {
        let over = placed(&facts(&[(path, value.clone())])).0;
        assert_eq!(over.as_deref(), expected, "{path} {value}");
    }
}
