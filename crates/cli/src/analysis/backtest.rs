//! Two rubrics on the same leads: where each lead goes, and what changes.
//!
//! Only what the rubric says is compared here. Who gets a lead also depends on the roster and on the leads before it:
//! that is [`simulate`](crate::analysis::simulate), run once for each rubric on the same leads.

use lead_router_core::decision::attempts::AccountOwner;
use lead_router_core::decision::plan::plan;
use lead_router_core::facts::Facts;
use lead_router_core::id::{RuleId, TeamId, TierId};
use lead_router_core::rubric::Rubric;
use lead_router_core::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// A lead of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacktestCase {
    /// What it is called in the result, such as its line.
    pub name: String,
    /// When it arrived.
    pub at: Timestamp,
    /// What was known.
    pub facts: Facts,
    /// Who owned the account.
    pub owner: Option<AccountOwner>,
}

/// What a rubric says about a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The line that rejects it.
    pub rejected: Option<RuleId>,
    /// Tier.
    pub tier: TierId,
    /// Team; the owner of the account may still get it.
    pub team: TeamId,
    /// Points.
    pub score: i32,
    /// Time for the first touch, in working minutes.
    pub sla_minutes: u32,
}

/// A lead under both rubrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BacktestLine {
    /// What it is called.
    pub name: String,
    /// Under the old rubric.
    pub old: Placement,
    /// Under the new one.
    pub new: Placement,
}

impl BacktestLine {
    /// Whether tier, team or acceptance differ.
    #[must_use]
    pub fn moved(&self) -> bool {
        let place =
            |placement: &Placement| (placement.rejected.is_some(), placement.tier.clone(), placement.team.clone());
        place(&self.old) != place(&self.new)
    }
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    /// Leads.
    pub leads: u32,
    /// Leads that moved; see [`BacktestLine::moved`].
    pub moved: u32,
    /// Leads by old and new tier; `rejected` stands for those that are not for sales.
    pub tiers: BTreeMap<String, BTreeMap<String, u32>>,
    /// Leads by old and new team.
    pub teams: BTreeMap<String, BTreeMap<String, u32>>,
    /// Every lead, in order.
    pub lines: Vec<BacktestLine>,
}

/// In place of tier and team of a lead that is rejected.
pub const REJECTED: &str = "rejected";

/// Compares two rubrics on some leads, each at the time it arrived.
#[must_use]
pub fn compare(old: &Rubric, new: &Rubric, cases: &[BacktestCase]) -> Comparison {
    let mut comparison = Comparison::default();
    for case in cases {
        let line = BacktestLine { name: case.name.clone(), old: placement(old, case), new: placement(new, case) };
        comparison.leads = comparison.leads.saturating_add(1);
        comparison.moved = comparison.moved.saturating_add(u32::from(line.moved()));
        let tier = |placement: &Placement| shown(placement, placement.tier.as_str());
        let team = |placement: &Placement| shown(placement, placement.team.as_str());
        add(&mut comparison.tiers, tier(&line.old), tier(&line.new));
        add(&mut comparison.teams, team(&line.old), team(&line.new));
        comparison.lines.push(line);
    }
    comparison
}

fn shown(placement: &Placement, name: &str) -> String {
    if placement.rejected.is_some() { REJECTED.to_owned() } else { name.to_owned() }
}

fn add(matrix: &mut BTreeMap<String, BTreeMap<String, u32>>, old: String, new: String) {
    let count = matrix.entry(old).or_default().entry(new).or_default();
    *count = count.saturating_add(1);
}

fn placement(rubric: &Rubric, case: &BacktestCase) -> Placement {
    let plan = plan(rubric, &case.facts, case.at);
    Placement {
        rejected: plan.rejected,
        tier: plan.score.tier,
        team: plan.team,
        score: plan.score.points,
        sla_minutes: plan.sla_minutes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lead_router_core::rubric::load;
    use serde_json::json;

    fn rubric(points: i32, rejects: bool) -> Rubric {
        let mut text = json!({
            "name": "desk", "groups": {"points": {}},
            "criteria": [{"id": "big", "group": "points", "when": {"fact": "lead.employees", "at_least": 100}, "points": points}],
            "tiers": [{"id": "A", "at_least": 10, "sla_minutes": 60}, {"id": "B", "sla_minutes": 480}],
            "fallback": {"team": "desk"},
        });
        if rejects {
            let tiny = json!({"fact": "lead.employees", "at_most": 4});
            text["overrides"] = json!([{"id": "tiny", "when": tiny, "reject": true}]);
        }
        load(&text.to_string()).unwrap()
    }

    fn cases(sizes: &[i64]) -> Vec<BacktestCase> {
        let case = |size: &i64| {
            let known = json!({"lead.employees": {"value": size, "provider": "form", "at": "2026-11-18T12:00:00Z"}});
            let facts = serde_json::from_value(json!({ "known": known })).unwrap();
            BacktestCase { name: size.to_string(), at: Timestamp::default(), facts, owner: None }
        };
        sizes.iter().map(case).collect()
    }

    #[test]
    fn leads_are_counted_by_where_they_went_and_where_they_go() {
        let comparison = compare(&rubric(9, false), &rubric(10, true), &cases(&[3, 50, 150, 500]));
        assert_eq!((comparison.leads, comparison.moved), (4, 3));
        let expected = json!({"B": {"A": 2, "B": 1, "rejected": 1}});
        assert_eq!(serde_json::to_value(&comparison.tiers).unwrap(), expected);
        let moved: Vec<&str> =
            comparison.lines.iter().filter(|line| line.moved()).map(|line| line.name.as_str()).collect();
        assert_eq!(moved, vec!["3", "150", "500"]);
    }

    #[test]
    fn the_same_rubric_moves_nothing_and_no_leads_are_no_matter() {
        let rubric = rubric(10, true);
        let comparison = compare(&rubric, &rubric, &cases(&[3, 50, 150]));
        assert_eq!(comparison.moved, 0);
        assert_eq!(compare(&rubric, &rubric, &[]), Comparison::default());
    }
}
