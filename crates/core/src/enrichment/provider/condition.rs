//! What the body of an answer says, whatever its status.

use crate::enrichment::provider::meaning::Meaning;
use crate::enrichment::provider::pointer::{Pointer, is_nothing, is_same, scalar};
use serde_json::Value;

/// A place in the body that says what the answer means, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) pointer: Pointer,
    pub(super) condition: AnswerCondition,
    pub(super) means: Meaning,
}

impl Rule {
    /// What an answer means by this rule, or `None` when the rule does not apply.
    pub(super) fn read(&self, json: &Value) -> Option<Meaning> {
        self.condition.holds(&self.pointer.find(json)).then_some(self.means)
    }
}

/// What is asked about the values at a place; one that fits is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnswerCondition {
    /// There is something.
    Something,
    /// It reads like one of these.
    Equals(Vec<String>),
    /// It is a text that contains this, in lower case.
    Contains(String),
}

impl AnswerCondition {
    pub(super) fn holds(&self, values: &[&Value]) -> bool {
        values.iter().any(|value| match self {
            Self::Something => !is_nothing(value),
            Self::Equals(texts) => texts.iter().any(|text| is_same(value, text)),
            Self::Contains(part) => scalar(value).is_some_and(|text| text.to_lowercase().contains(part.as_str())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_value_that_fits_is_enough() {
        let equals = AnswerCondition::Equals(vec!["no_match".to_owned(), "-2".to_owned()]);
        let contains = AnswerCondition::Contains("credit".to_owned());
        for (condition, value, expected) in [
            (&equals, json!(["x", "NO_MATCH"]), true),
            (&equals, json!([-2]), true),
            (&equals, json!([null, {}]), false),
            (&contains, json!(["Out of Credits"]), true),
            (&contains, json!(["out of luck", 7]), false),
            (&AnswerCondition::Something, json!([null, "", {}, false]), false),
            (&AnswerCondition::Something, json!([0]), true),
            (&AnswerCondition::Something, json!([]), false),
        ] {
            let values: Vec<&Value> = value.as_array().unwrap().iter().collect();
            assert_eq!(condition.holds(&values), expected, "{condition:?} {value}");
        }
    }
}
