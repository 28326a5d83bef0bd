//! Lines of a score as text. Nothing here runs before somebody reads.

use crate::facts::{Facts, Field, FieldSet};
use crate::rubric::model::Rubric;
use crate::rubric::score::{LineRule, LineState, ScoreLine};

impl Rubric {
    /// Stable code of a line: the id of its criterion, or of its group for a cap.
    #[must_use]
    pub fn line_id(&self, line: &ScoreLine) -> &str {
        match line.rule {
            LineRule::Criterion { criterion, .. } => self.criteria.get(criterion).map_or("", |line| line.id.as_str()),
            LineRule::Cap { group } => self.groups.get(group).map_or("", |group| group.id()),
        }
    }

    /// What a line says, as a rep would read it.
    ///
    /// A counted line gives the reason of its outcome, an unknown one the reason of the criterion as a whole.
    #[must_use]
    pub fn line_reason(&self, line: &ScoreLine) -> String {
        match line.rule {
            LineRule::Criterion { criterion, outcome } => {
                let Some(criterion) = self.criteria.get(criterion) else { return String::new() };
                match line.state {
                    LineState::Unknown { .. } => format!("not known yet: {}", criterion.reason()),
                    LineState::Counted | LineState::Capped => {
                        criterion.outcomes.get(outcome).map_or_else(String::new, |outcome| outcome.reason().to_owned())
                    }
                }
            }
            LineRule::Cap { group } => {
                let id = self.groups.get(group).map_or("", |group| group.id());
                let bound = if line.points < 0 { "at most" } else { "at least" };
                let limit = self.groups.get(group).map_or(0, |g| if line.points < 0 { g.max } else { g.min });
                format!("the group `{id}` counts {bound} {limit} points")
            }
        }
    }

    /// The missing fields that an unknown line waits for; none for other lines.
    #[must_use]
    pub fn line_waits_for(&self, line: &ScoreLine, facts: &Facts) -> FieldSet {
        let (LineRule::Criterion { criterion, .. }, LineState::Unknown { .. }) = (line.rule, line.state) else {
            return FieldSet::EMPTY;
        };
        let reads = self.criteria.get(criterion).map_or(FieldSet::EMPTY, |criterion| criterion.reads());
        let is_missing = |field: &Field| facts.value(*field).is_none();
        reads.iter().filter(is_missing).collect()
    }
}
