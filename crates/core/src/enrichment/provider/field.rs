//! One field of a record: where its value stands, and how it becomes a fact.

use crate::enrichment::provider::pointer::{Pointer, scalar};
use crate::enrichment::provider::transform::Transform;
use crate::facts::FactValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where the value of a field stands in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldFile {
    /// Pointers; the first one that yields a value counts. A step `*` is every item of a list, a step `[key=value]` every
    /// item whose `key` has this value.
    pub from: Vec<String>,
    /// How the value is brought into its one spelling.
    #[serde(rename = "as")]
    pub transform: Transform,
    /// The provider's codes and what they become before `as`; an empty text drops one. Small and capital letters are the
    /// same. A value that is not listed goes on as it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, String>,
    /// What numbers are multiplied by, such as 1,000 for a provider that counts in thousands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPlan {
    pub(super) from: Vec<Pointer>,
    pub(super) transform: Transform,
    /// Keys in lower case.
    pub(super) map: BTreeMap<String, String>,
    pub(super) times: Option<u32>,
}

impl FieldPlan {
    /// The fact in an answer, or `None`.
    pub(super) fn read(&self, json: &Value) -> Option<FactValue> {
        self.from.iter().find_map(|pointer| {
            let found = pointer.find(json);
            if pointer.is_plural() {
                // Lists in a list are left out, so that only texts and numbers are copied.
                let single = found.into_iter().filter(|value| scalar(value).is_some()).cloned();
                self.fact(&Value::Array(single.collect()))
            } else {
                self.fact(found.first()?)
            }
        })
    }

    fn fact(&self, value: &Value) -> Option<FactValue> {
        let fact = if self.map.is_empty() {
            self.transform.apply(value)?
        } else {
            self.transform.apply(&self.mapped(value))?
        };
        match (fact, self.times) {
            (FactValue::Number(number), Some(times)) => number.checked_mul(i64::from(times)).map(FactValue::Number),
            (fact, _) => Some(fact),
        }
    }

    fn mapped(&self, value: &Value) -> Value {
        if let Value::Array(items) = value {
            return items.iter().filter(|item| !item.is_array()).map(|item| self.mapped(item)).collect();
        }
        let listed = scalar(value).and_then(|code| self.map.get(&code.to_lowercase()));
        listed.map_or_else(|| value.clone(), |meant| Value::String(meant.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(from: &str, transform: Transform) -> FieldPlan {
        FieldPlan { from: vec![Pointer::parse(from).unwrap()], transform, map: BTreeMap::new(), times: None }
    }

    #[test]
    fn a_map_replaces_or_drops_codes_and_leaves_the_rest() {
        let map = [("r_1", "1000000"), ("true", "5"), ("7", "")];
        let map = map.into_iter().map(|(code, meant)| (code.to_owned(), meant.to_owned())).collect();
        let plan = FieldPlan { map, ..plan("/r", Transform::Dollars) };
        for (json, number) in [
            (json!({"r": "R_1"}), Some(1_000_000)),
            (json!({"r": ["x", "r_1"]}), Some(1_000_000)),
            (json!({"r": true}), Some(5)),
            (json!({"r": 7}), None),
            (json!({"r": "$2M"}), Some(2_000_000)),
            (json!({"r": "many"}), None),
            (json!({"r": null}), None),
            (json!({"r": [["r_1"]]}), None),
        ] {
            assert_eq!(plan.read(&json), number.map(FactValue::Number), "{json}");
        }
    }

    #[test]
    fn a_unit_multiplies_and_never_overflows() {
        let plan = FieldPlan { times: Some(1_000), ..plan("/revenue", Transform::Dollars) };
        assert_eq!(plan.read(&json!({"revenue": 1_234_567})), Some(FactValue::Number(1_234_567_000)));
        assert_eq!(plan.read(&json!({"revenue": i64::MAX})), None);
    }

    #[test]
    fn objects_of_a_list_become_a_set_of_one_of_their_members() {
        let plan = plan("/paths/*/tech/*/name", Transform::Set);
        let json = json!({"paths": [{"tech": [{"name": "React"}, {"name": ["no"]}]}, {"tech": [{"name": "aws"}, {}]}]});
        assert_eq!(plan.read(&json), Some(FactValue::Set(vec!["aws".into(), "react".into()])));
        assert_eq!(plan.read(&json!({"paths": []})), None);
    }
}
