//! Where a value stands in an answer: a JSON Pointer (RFC 6901) with two more kinds of steps, for lists.
//!
//! `*` is every item of a list, and `[key=value]` is every item whose `key` has this value: `/people/[current=true]/title`.

use serde_json::Value;

/// Most values that one pointer leads to; a larger list is read up to here.
const VALUES_MAX: usize = 2_000;

/// A checked pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<Hop>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hop {
    Name(String),
    Each,
    Where { key: String, value: String },
}

impl Pointer {
    /// Reads a pointer, or returns `None` when the text is none. The empty text is the whole answer.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        text.strip_prefix('/')?.split('/').map(hop).collect::<Option<_>>().map(Self)
    }

    /// The values that it leads to, in the order of the answer.
    pub(super) fn find<'a>(&self, json: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![json];
        for hop in &self.0 {
            found = match hop {
                Hop::Name(name) => found.into_iter().filter_map(|value| member(value, name)).collect(),
                Hop::Each => items(found).take(VALUES_MAX).collect(),
                Hop::Where { key, value } => {
                    let is_meant = |item: &&Value| member(item, key).is_some_and(|found| is_same(found, value));
                    items(found).filter(is_meant).take(VALUES_MAX).collect()
                }
            };
        }
        found
    }

    /// Whether it can lead to several values.
    pub(super) fn is_plural(&self) -> bool {
        self.0.iter().any(|hop| !matches!(hop, Hop::Name(_)))
    }
}

fn hop(text: &str) -> Option<Hop> {
    if text == "*" {
        return Some(Hop::Each);
    }
    let Some(inner) = text.strip_prefix('[') else {
        return Some(Hop::Name(text.replace("~1", "/").replace("~0", "~")));
    };
    let (key, value) = inner.strip_suffix(']')?.split_once('=')?;
    (!key.is_empty() && !value.is_empty()).then(|| Hop::Where { key: key.to_owned(), value: value.to_owned() })
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(entries) => entries.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn items(values: Vec<&Value>) -> impl Iterator<Item = &Value> {
    values.into_iter().filter_map(Value::as_array).flatten()
}

/// The text of a text, a number or a boolean; `None` for everything else.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value reads like `text`; small and capital letters are the same.
pub(super) fn is_same(value: &Value, text: &str) -> bool {
    scalar(value).is_some_and(|found| found.eq_ignore_ascii_case(text))
}

/// Whether nothing is said: null, `false`, an empty text, list or object.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(pointer: &str, json: &Value) -> Vec<Value> {
        Pointer::parse(pointer).unwrap().find(json).into_iter().cloned().collect()
    }

    #[test]
    fn names_and_places_lead_to_one_value() {
        let json = json!({"a": [{"b/c": 1}, {"~": 2}]});
        assert_eq!(find("/a/0/b~1c", &json), vec![json!(1)]);
        assert_eq!(find("/a/1/~0", &json), vec![json!(2)]);
        assert_eq!(find("", &json), vec![json.clone()]);
        for nowhere in ["/a/2", "/a/x", "/b", "/a/0/b~1c/d"] {
            assert_eq!(find(nowhere, &json), Vec::<Value>::new(), "{nowhere}");
        }
    }

    #[test]
    fn a_star_is_every_item_and_brackets_are_some() {
        let json = json!({"jobs": [{"now": true, "tags": ["x", "y"]}, {"now": false, "tags": ["z"]}, 7]});
        assert_eq!(find("/jobs/*/tags/*", &json), vec![json!("x"), json!("y"), json!("z")]);
        assert_eq!(find("/jobs/[now=TRUE]/tags/0", &json), vec![json!("x")]);
        assert_eq!(find("/jobs/[now=maybe]/tags", &json), Vec::<Value>::new());
        assert_eq!(find("/jobs/0/*", &json), Vec::<Value>::new());
    }

    #[test]
    fn a_long_list_is_read_up_to_the_limit() {
        let json = json!(vec![1; VALUES_MAX + 1]);
        assert_eq!(find("/*", &json).len(), VALUES_MAX);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["a", "/[a]", "/[a=b", "/[=b]", "/[a=]"] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
        assert!(Pointer::parse("/a/*").unwrap().is_plural());
        assert!(!Pointer::parse("/a/0").unwrap().is_plural());
    }
}
