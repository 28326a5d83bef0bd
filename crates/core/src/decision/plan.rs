//! What the rubric says about a lead: not for sales, or a tier, a team and what the rep must bring.

use crate::facts::{Facts, Field, FieldSet};
use crate::id::{RepId, RuleId, TeamId, TerritoryId, TierId};
use crate::roster::model::Needs;
use crate::rubric::Rubric;
use crate::rubric::condition::Scope;
use crate::rubric::file::OwnershipFile;
use crate::rubric::model::{Effect, Override};
use crate::rubric::score::{Score, score};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the rubric says about a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the rubric.
    pub rubric_version: String,
    /// Why the lead is not for sales; `None` when it is to be assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<RuleId>,
    /// Points, tier and confidence.
    pub score: ScoreCard,
    /// Time for the first touch, in minutes of the rep's working time.
    pub sla_minutes: u32,
    /// Territory of the lead, when it lies in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<TerritoryId>,
    /// The team.
    pub team: TeamId,
    /// The rep that an override names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<RepId>,
    /// Whether an override sends the lead past the owner of the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_account_owner: bool,
    /// What the rep must bring.
    pub needs: Needs,
    /// What happens when the owner of the account cannot.
    pub ownership: OwnershipFile,
    /// Why this tier and this team, the routing first, then every point.
    pub reasons: Vec<Reason>,
}

/// Points, tier and confidence of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreCard {
    /// Tier of the decision.
    pub tier: TierId,
    /// Points on what is known.
    pub points: i32,
    /// Fewest points that the unknown facts could leave.
    pub low: i32,
    /// Most points that the unknown facts could give.
    pub high: i32,
    /// Probability that the tier stands once everything is known, in ten-thousandths.
    pub confidence_bp: u16,
}

/// One line of the explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// Stable code: the id of a rubric line, or a code of the router.
    pub code: String,
    /// What a rep reads.
    pub text: String,
    /// Points given or taken, for lines that have some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i32>,
}

impl Reason {
    /// A line without points.
    #[must_use]
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into(), points: None }
    }
}

/// Applies a rubric to what is known about a lead. Total: there is always a tier and a team.
///
/// Steps: 1 score; 2 the first override that is true; 3 territory; 4 route, else the fallback team;
/// 5 what the rep must bring. Facts that are still missing count as they are: points that are not known
/// to be earned are not given, an override or route that is not known to apply does not.
#[must_use]
pub fn plan(rubric: &Rubric, facts: &Facts, now: Timestamp) -> Plan {
    let scope = Scope { now, open: FieldSet::EMPTY };
    let score = score(rubric, facts, now);
    let mut reasons = Vec::new();
    let hit = Hit::of(rubric, facts, &scope);
    if let Some(rule) = hit.rule {
        reasons.push(Reason::new(rule.id.as_str(), rule.reason.clone()));
    }
    let by_score = rubric.tier(score.tier);
    let tier = hit.tier.and_then(|id| rubric.tier_by_id(id)).unwrap_or(by_score);
    let territory = rubric.territory(facts, &scope).found.map(|line| line.id.clone());
    let team = match hit.team {
        Some(team) => team.clone(),
        None => team_by_route(rubric, tier.id(), territory.as_ref(), facts, &scope, &mut reasons),
    };
    reasons.extend(score_reasons(rubric, &score));
    Plan {
        rubric_version: rubric.version().to_owned(),
        rejected: hit.rule.filter(|_| hit.rejects).map(|rule| rule.id.clone()),
        sla_minutes: tier.sla_minutes(),
        score: card(&score, tier.id().clone(), hit.tier.is_some()),
        needs: needs(facts, territory.clone()),
        territory,
        team,
        rep: hit.rep.cloned(),
        ignore_account_owner: hit.ignore_account_owner,
        ownership: rubric.ownership().clone(),
        reasons,
    }
}

/// What the first override that is true asks for.
#[derive(Default)]
struct Hit<'a> {
    rule: Option<&'a Override>,
    rejects: bool,
    tier: Option<&'a TierId>,
    team: Option<&'a TeamId>,
    rep: Option<&'a RepId>,
    ignore_account_owner: bool,
}

impl<'a> Hit<'a> {
    fn of(rubric: &'a Rubric, facts: &Facts, scope: &Scope) -> Self {
        let Some(rule) = rubric.first_override(facts, scope).found else {
            return Self::default();
        };
        let hit = Self { rule: Some(rule), ..Self::default() };
        match &rule.effect {
            Effect::Reject => Self { rejects: true, ..hit },
            Effect::Place { tier, team, rep, ignore_account_owner } => Self {
                tier: tier.as_ref(),
                team: team.as_ref(),
                rep: rep.as_ref(),
                ignore_account_owner: *ignore_account_owner,
                ..hit
            },
        }
    }
}

/// A tier that an override fixed does not depend on the facts that are still missing.
fn card(score: &Score, tier: TierId, fixed: bool) -> ScoreCard {
    let confidence_bp = if fixed { 10_000 } else { score.confidence_bp };
    ScoreCard { tier, points: score.points, low: score.low, high: score.high, confidence_bp }
}

fn team_by_route(
    rubric: &Rubric,
    tier: &TierId,
    territory: Option<&TerritoryId>,
    facts: &Facts,
    scope: &Scope,
    reasons: &mut Vec<Reason>,
) -> TeamId {
    match rubric.route(tier, territory, facts, scope).found {
        Some(route) => {
            reasons.push(Reason::new(route.id.as_str(), route.reason.clone()));
            route.team.clone()
        }
        None => {
            reasons.push(Reason::new("fallback", "no route matches, so the fallback team gets the lead"));
            rubric.fallback_team().clone()
        }
    }
}

/// Every line that gave or took points, the largest first, and every line that could not be decided.
fn score_reasons(rubric: &Rubric, score: &Score) -> Vec<Reason> {
    let mut lines: Vec<Reason> = score
        .lines
        .iter()
        .map(|line| Reason {
            code: rubric.line_id(line).to_owned(),
            text: rubric.line_reason(line),
            points: Some(line.points),
        })
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.points.unwrap_or(0).abs()));
    lines
}

/// What the rep must bring: the lead's language, and its territory.
fn needs(facts: &Facts, territory: Option<TerritoryId>) -> Needs {
    Needs { language: facts.text(Field::LeadLanguage).map(str::to_owned), territory, skills: Vec::new() }
}
