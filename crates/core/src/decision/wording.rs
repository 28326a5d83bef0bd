//! What codes mean to people: one sentence for the rep who gets a lead, and lines for everybody else.

use crate::crm::owner::CrmOwner;
use crate::decision::index::RosterIndex;
use crate::decision::plan::Reason;
use crate::decision::record::{DecisionInputs, QueryResult};
use crate::roster::model::PickOutcome;

/// One sentence for the rep: why this tier and team, then why this person.
pub(super) fn sentence(c: &DecisionInputs<'_>, result: &QueryResult, why: &str) -> String {
    let who = match result.attempt.code.as_str() {
        "handed_on" => "it was reassigned to you".to_owned(),
        "same_rep" => "you already have this lead".to_owned(),
        "same_person" => "you already work with this person".to_owned(),
        "account_owner" => "you own this account".to_owned(),
        "owner_backup" => "you are covering for the owner of this account".to_owned(),
        "override_rep" => "a routing rule names you".to_owned(),
        "team_manager" => "no one else in the team is available".to_owned(),
        _ => to_the_rep(why).to_owned(),
    };
    match c.plan.reasons.first() {
        Some(first) => format!("tier {}: {}; {who}", c.plan.score.tier, first.text),
        None => format!("tier {}; {who}", c.plan.score.tier),
    }
}

/// What a reason of a pick means to the rep who was picked; a code of another version stands for itself.
fn to_the_rep(code: &str) -> &str {
    match code {
        "only_one_eligible" => "you are the only one available",
        "largest_shortfall" => "you are next in rotation and have capacity",
        "larger_share" => "tied for next in rotation, and your share is the largest",
        "longest_waiting" => "tied for next in rotation, and you have waited longest",
        "drawn_by_lot" => "tied for next in rotation, decided at random",
        "least_loaded" => "you have the most capacity",
        "best_fit" => "you are the best match",
        other => other,
    }
}

/// What a reason of a pick means to everybody else.
fn to_others(code: &str) -> &str {
    match code {
        "only_one_eligible" => "the only one available",
        "largest_shortfall" => "next in rotation, with capacity",
        "larger_share" => "tied for next in rotation, with the largest share",
        "longest_waiting" => "tied for next in rotation, and waiting longest",
        "drawn_by_lot" => "tied for next in rotation, decided at random",
        "least_loaded" => "has the most capacity",
        "best_fit" => "best match",
        other => other,
    }
}

/// What one question adds to the explanation: the outcome, and who was passed over and why.
pub(super) fn result_reasons(result: &QueryResult, c: &DecisionInputs<'_>, index: &RosterIndex) -> Vec<Reason> {
    let team = index.team_name(&result.attempt.team);
    let mut reasons = Vec::new();
    if let PickOutcome::Picked { rep_id, reason, .. } = &result.pick.outcome {
        let name = index.rep_name(rep_id);
        reasons.push(match (result.attempt.code.as_str(), &c.view.owner) {
            ("handed_on", _) => Reason::new("handed_on", format!("reassigned to {name}")),
            ("same_rep", _) => Reason::new("same_rep", format!("{name} already has this lead")),
            ("same_person", _) => Reason::new("same_person", format!("{name} already works with this person")),
            ("account_owner", Some(owner)) => {
                Reason::new("account_owner", format!("{name} {} ({})", owns(&owner.source), said_by(&owner.source)))
            }
            ("owner_backup", Some(owner)) => {
                let owner = index.rep_name(&owner.rep_id);
                Reason::new("owner_backup", format!("{name} covers for {owner}, who owns this account"))
            }
            ("override_rep", _) => Reason::new("override_rep", format!("a routing rule names {name}")),
            ("team_manager", _) => Reason::new("team_manager", format!("{name} manages {team}")),
            (code, _) => Reason::new(code, format!("{name} of {team}: {}", to_others(reason))),
        });
    } else {
        reasons.push(Reason::new(format!("{}_unavailable", result.attempt.code), format!("no eligible rep in {team}")));
    }
    let passed = result.pick.candidates.iter().filter_map(|candidate| {
        let code = candidate.excluded.as_ref()?;
        let name = index.rep_name(&candidate.rep_id);
        Some(Reason::new(code.clone(), format!("{name}: {}", excluded_text(code, candidate.open_leads))))
    });
    reasons.extend(passed);
    reasons
}

/// What the code of an exclusion means to a person.
fn excluded_text(code: &str, open_leads: u32) -> String {
    match code {
        "inactive" => "no longer active".to_owned(),
        "on_leave" => "on leave".to_owned(),
        "weight_zero" => "not in the rotation (weight 0)".to_owned(),
        "already_had_it" => "already had this lead".to_owned(),
        "open_leads_full" => format!("at the cap of {open_leads} open leads"),
        "day_full" => "at the daily cap".to_owned(),
        "tier_full" => "at the cap for this tier".to_owned(),
        "language" => "does not speak the lead's language".to_owned(),
        "territory" => "does not cover the territory".to_owned(),
        "skill" => "lacks a required skill".to_owned(),
        "off_shift" => "not on shift in time".to_owned(),
        "unknown_rep" => "not in the roster".to_owned(),
        "calendar_broken" => "has invalid working hours".to_owned(),
        "unresponsive" => format!("has {open_leads} open leads and left nearly all recent ones untouched"),
        other => other.replace('_', " "),
    }
}

/// What an owner owns, by who says so.
fn owns(source: &str) -> &'static str {
    match source {
        "crm_open_deal" => "has an open deal with this account",
        "crm_person" => "owns this person's record",
        "crm_last_touch" => "was last in touch with this person",
        _ => "owns this account",
    }
}

/// Who says so: every `crm_…` is the CRM.
fn said_by(source: &str) -> &str {
    if source.starts_with("crm_") { "crm" } else { source }
}

/// What it means that the CRM names an owner who cannot be one here.
pub(super) fn unknown_owner(owner: &CrmOwner) -> String {
    let what = match owner.code.as_str() {
        "crm_open_deal" => "an open deal with this account",
        "crm_person" => "this person's record",
        "crm_last_touch" => "the last contact with this person",
        _ => "this account",
    };
    format!("the CRM assigns {what} to someone who left or is not in the roster")
}
