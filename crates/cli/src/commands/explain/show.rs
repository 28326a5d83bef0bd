//! A decision as an outline.

use crate::output::tree::TextTree;
use lead_router_core::decision::attempts::AccountContext;
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::decision::plan::Plan;
use lead_router_core::decision::record::{Decision, Outcome, QueryResult};
use lead_router_core::facts::{Fact, FactSource, FactValue, Facts, Field};
use lead_router_core::roster::model::{Candidate, PickKind, PickOutcome};
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::condition::Scope;
use lead_router_core::rubric::model::Effect;
use lead_router_core::rubric::score::{LineRule, LineState, Score, ScoreLine, score};
use lead_router_core::time::Timestamp;

/// What the teams said.
pub struct Decided {
    pub decision: Decision,
    pub asked: Vec<QueryResult>,
    pub index: RosterIndex,
}

/// Everything that is shown.
pub struct ShownDecision<'a> {
    pub rubric: &'a Rubric,
    pub facts: &'a Facts,
    pub view: &'a AccountContext,
    pub plan: &'a Plan,
    pub at: Timestamp,
    pub decided: Option<&'a Decided>,
}

/// Facts that providers could still tell and that the rubric asks for.
pub fn unknown(rubric: &Rubric, facts: &Facts) -> impl Iterator<Item = Field> {
    let is_open = |field: &Field| field.source() == FactSource::Provider && facts.value(*field).is_none();
    rubric.reads().iter().filter(is_open)
}

impl ShownDecision<'_> {
    /// The outline.
    pub fn text(&self) -> String {
        let mut parts = vec![self.known(), self.score(), self.routing()];
        match self.decided {
            Some(decided) => {
                parts.push(self.asked(decided));
                parts.push(outcome(decided));
            }
            None => parts.push(TextTree::leaf("no team is asked without --roster")),
        }
        let title = format!("decision at {} with rubric {} ({})", self.at, self.rubric.name(), self.rubric.version());
        TextTree::new(title, parts).render()
    }

    fn known(&self) -> TextTree {
        let mut parts: Vec<TextTree> = self.facts.iter().map(|(field, fact)| fact_line(field.path(), fact)).collect();
        parts.extend(
            self.facts
                .fields
                .iter()
                .map(|(name, value)| TextTree::leaf(format!("lead.fields.{name} = {value:?} (form)"))),
        );
        parts.extend(
            self.facts
                .signals
                .iter()
                .map(|signal| TextTree::leaf(format!("signal {} at {}", signal.signal, signal.at))),
        );
        let missing: Vec<&str> = unknown(self.rubric, self.facts).map(Field::path).collect();
        if !missing.is_empty() {
            parts.push(TextTree::leaf(format!("unknown, and used by the rubric: {}", missing.join(", "))));
        }
        TextTree::new("facts", parts)
    }

    fn score(&self) -> TextTree {
        let score = score(self.rubric, self.facts, self.at);
        let card = &self.plan.score;
        let (whole, rest) = (card.confidence_bp / 100, card.confidence_bp % 100);
        let title = format!(
            "score {} (possible {} to {}), tier {}, confidence {whole}.{rest:02} %",
            card.points, card.low, card.high, card.tier,
        );
        TextTree::new(title, self.groups(&score))
    }

    fn groups(&self, score: &Score) -> Vec<TextTree> {
        let mut groups = Vec::new();
        for (index, group) in self.rubric.groups().iter().enumerate() {
            let lines: Vec<&ScoreLine> = score.lines.iter().filter(|line| self.group_of(line) == Some(index)).collect();
            if lines.is_empty() {
                continue;
            }
            let sum = lines.iter().fold(0_i32, |sum, line| sum.saturating_add(line.points));
            groups.push(TextTree::new(format!("{}: {sum:+}", group.id()), lines.iter().map(|line| self.line(line))));
        }
        if groups.is_empty() {
            groups.push(TextTree::leaf("no criterion applies"));
        }
        groups
    }

    fn group_of(&self, line: &ScoreLine) -> Option<usize> {
        match line.rule {
            LineRule::Cap { group } => Some(group),
            LineRule::Criterion { criterion, .. } => {
                let file = self.rubric.file().criteria.get(criterion)?;
                self.rubric.groups().iter().position(|group| group.id() == file.group)
            }
        }
    }

    fn line(&self, line: &ScoreLine) -> TextTree {
        let (id, reason) = (self.rubric.line_id(line), self.rubric.line_reason(line));
        match line.state {
            LineState::Counted => TextTree::leaf(format!("{:+} {id}: {reason}", line.points)),
            LineState::Capped => TextTree::leaf(format!("{:+} cap: {reason}", line.points)),
            LineState::Unknown { min, max } => {
                let waits: Vec<&str> = self.rubric.line_waits_for(line, self.facts).iter().map(Field::path).collect();
                let text =
                    format!("{:+} ({min:+} to {max:+}) {id}: {reason}; waits for {}", line.points, waits.join(", "));
                TextTree::leaf(text)
            }
        }
    }

    fn routing(&self) -> TextTree {
        let scope = Scope::at(self.at);
        let plan = self.plan;
        let over = self.rubric.first_override(self.facts, &scope);
        let mut parts = vec![TextTree::new(
            over.found
                .map_or_else(|| "override: none".to_owned(), |line| format!("override: {}, {}", line.id, line.reason)),
            over.unknown_before.iter().map(|line| undecided(line.id.as_str())),
        )];
        let territory = self.rubric.territory(self.facts, &scope);
        parts.push(TextTree::new(
            format!("territory: {}", territory.found.map_or("none", |line| line.id.as_str())),
            territory.unknown_before.iter().map(|line| undecided(line.id.as_str())),
        ));
        parts.push(self.route(over.found.map(|line| &line.effect), &scope));
        if let Some(owner) = &self.view.owner {
            let beaten = if plan.ignore_account_owner { ", whom the override ignores" } else { "" };
            parts.push(TextTree::leaf(format!("owner: {} ({}){beaten}", owner.rep_id, owner.source)));
        }
        if let Some(person) = &self.view.person {
            parts.push(TextTree::leaf(format!("same person: {}", person.rep_id)));
        }
        if let Some(language) = &plan.needs.language {
            parts.push(TextTree::leaf(format!("language: {language}")));
        }
        let title = match &plan.rejected {
            Some(rule) => format!("not for sales: {rule}"),
            None => format!("team {}, first touch within {} working minutes", plan.team, plan.sla_minutes),
        };
        TextTree::new(title, parts)
    }

    fn route(&self, over: Option<&Effect>, scope: &Scope) -> TextTree {
        if matches!(over, Some(Effect::Reject | Effect::Place { team: Some(_), .. })) {
            return TextTree::leaf("route: not used, the override decides");
        }
        let route = self.rubric.route(&self.plan.score.tier, self.plan.territory.as_ref(), self.facts, scope);
        let found = match route.found {
            Some(line) => format!("route: {}, {}", line.id, line.reason),
            None => "route: none matches, so the fallback team".to_owned(),
        };
        TextTree::new(found, route.unknown_before.iter().map(|line| undecided(line.id.as_str())))
    }

    fn asked(&self, decided: &Decided) -> TextTree {
        if decided.asked.is_empty() {
            return TextTree::leaf("no team was asked");
        }
        TextTree::new("teams asked, in order", decided.asked.iter().map(|asked| question(asked, &decided.index)))
    }
}

fn undecided(id: &str) -> TextTree {
    TextTree::leaf(format!("{id} would come first, but depends on unknown facts"))
}

fn fact_line(path: &str, fact: &Fact) -> TextTree {
    let value = match &fact.value {
        FactValue::Flag(flag) => flag.to_string(),
        FactValue::Number(number) => number.to_string(),
        FactValue::Text(text) => format!("{text:?}"),
        FactValue::Set(members) => members.join(", "),
    };
    TextTree::leaf(format!("{path} = {value} ({})", fact.provider))
}

fn question(asked: &QueryResult, index: &RosterIndex) -> TextTree {
    let whom = match &asked.attempt.kind {
        PickKind::Rotation => "next in rotation".to_owned(),
        PickKind::AnyShift => "next in rotation, on any shift".to_owned(),
        PickKind::Owner { rep_id, .. } | PickKind::Duplicate { rep_id } => index.rep_name(rep_id),
        PickKind::Manager => "the manager".to_owned(),
    };
    let answer = match &asked.pick.outcome {
        PickOutcome::Picked { rep_id, reason, .. } => format!("{} ({reason})", index.rep_name(rep_id)),
        PickOutcome::Nobody { wake_at: Some(at) } => format!("no one before {at}"),
        PickOutcome::Nobody { wake_at: None } => "nobody".to_owned(),
    };
    let title = format!("{}: {} for {whom} → {answer}", asked.attempt.code, index.team_name(&asked.attempt.team));
    let mut parts: Vec<TextTree> = asked.pick.candidates.iter().map(|one| candidate(one, asked, index)).collect();
    if asked.pick.omitted > 0 {
        parts.push(TextTree::leaf(format!("{} more, not shown", asked.pick.omitted)));
    }
    TextTree::new(title, parts)
}

fn candidate(one: &Candidate, asked: &QueryResult, index: &RosterIndex) -> TextTree {
    let is_chosen = matches!(&asked.pick.outcome, PickOutcome::Picked { rep_id, .. } if *rep_id == one.rep_id);
    let name = index.rep_name(&one.rep_id);
    let starts = match one.starts_in_minutes {
        Some(0) => "at work".to_owned(),
        Some(minutes) => format!("starts in {minutes} min"),
        None => "no next shift".to_owned(),
    };
    let facts = format!(
        "weight {}, ability {}, balance {} leads, {} open, {starts}",
        one.weight,
        one.ability,
        leads(one.balance_units),
        one.open_leads,
    );
    TextTree::leaf(match (&one.excluded, is_chosen) {
        (Some(code), _) => format!("✗ {name}: {code} ({facts})"),
        (None, true) => format!("→ {name}: {facts}"),
        (None, false) => format!("· {name}: {facts}"),
    })
}

/// Millionths of a lead as leads with two places.
pub fn leads(units: i64) -> String {
    let hundredths = units / 10_000;
    let sign = if hundredths < 0 { "-" } else { "+" };
    format!("{sign}{}.{:02}", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100)
}

fn outcome(decided: &Decided) -> TextTree {
    let decision = &decided.decision;
    let title = match (&decision.outcome, &decision.assignment) {
        (Outcome::Assigned, Some(assignment)) => {
            format!("assigned to {} of {}, due {}", assignment.rep_name, assignment.team, assignment.due_at)
        }
        (Outcome::Rejected, _) => "rejected".to_owned(),
        _ => format!("on hold, retried at {}", decision.retry_at.map(|at| at.to_string()).unwrap_or_default()),
    };
    let mut parts: Vec<TextTree> = decision
        .assignment
        .iter()
        .map(|assignment| TextTree::leaf(format!("the rep reads: {}", assignment.reason)))
        .collect();
    parts.extend(decision.reasons.iter().map(|reason| {
        let points = reason.points.map(|points| format!(" ({points:+})")).unwrap_or_default();
        TextTree::leaf(format!("{}: {}{points}", reason.code, reason.text))
    }));
    TextTree::new(title, parts)
}
