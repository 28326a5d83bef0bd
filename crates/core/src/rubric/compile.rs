//! From a condition as written to a [`Condition`], with everything that is wrong with it.

use crate::facts::{FactKind, Field};
use crate::rubric::condition::{Condition, Node, Test};
use crate::rubric::file::{ConditionFile, ScalarFile};
use crate::rubric::limits::{CONDITION_DEPTH_MAX, DAYS_MAX, PARTS_MAX, VALUE_BYTES_MAX, VALUES_MAX};
use crate::rubric::model::days_to_ms;
use crate::rubric::problems::{JsonPath, Problems};
use crate::rubric::suggest;
use crate::rubric::words::{WordPhrase, fold};

/// Path prefix of the sender's own fields.
pub(super) const OWN_PREFIX: &str = "lead.fields.";

/// Compiles a condition; `None` when it has a problem, which is then in `problems`.
pub(super) fn condition(file: &ConditionFile, path: &JsonPath<'_>, problems: &mut Problems) -> Option<Condition> {
    node(file, path, 1, problems).map(Condition::new)
}

fn node(file: &ConditionFile, path: &JsonPath<'_>, depth: usize, problems: &mut Problems) -> Option<Node> {
    if depth > CONDITION_DEPTH_MAX {
        problems.add(path, "too_deep", format!("conditions may be nested {CONDITION_DEPTH_MAX} deep at most"));
        return None;
    }
    let kinds = [
        ("all", file.all.is_some()),
        ("any", file.any.is_some()),
        ("not", file.not.is_some()),
        ("fact", file.fact.is_some()),
        ("signal", file.signal.is_some()),
    ];
    let given: Vec<_> = kinds.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
    if given.len() != 1 {
        let found = if given.is_empty() { "none".to_owned() } else { format!("`{}`", given.join("` and `")) };
        let message = format!("expected exactly one of `all`, `any`, `not`, `fact`, `signal`; found {found}");
        problems.add(path, "one_kind", message);
        return None;
    }
    let is_clean = stray_tests(file, path, problems);
    let node = if let Some(parts) = &file.all {
        list(parts, &path.key("all"), depth, problems).map(Node::All)
    } else if let Some(parts) = &file.any {
        list(parts, &path.key("any"), depth, problems).map(Node::Any)
    } else if let Some(part) = &file.not {
        node_inside(part, &path.key("not"), depth, problems).map(|part| Node::Not(Box::new(part)))
    } else if let Some(name) = &file.signal {
        signal(file, name, path, problems)
    } else if let Some(fact_path) = &file.fact {
        fact(file, fact_path, path, problems)
    } else {
        None
    };
    node.filter(|_| is_clean)
}

fn node_inside(part: &ConditionFile, path: &JsonPath<'_>, depth: usize, problems: &mut Problems) -> Option<Node> {
    node(part, path, depth.saturating_add(1), problems)
}

fn list(parts: &[ConditionFile], path: &JsonPath<'_>, depth: usize, problems: &mut Problems) -> Option<Box<[Node]>> {
    if parts.is_empty() || parts.len() > PARTS_MAX {
        problems.add(path, "list_length", format!("expected 1 to {PARTS_MAX} conditions"));
        return None;
    }
    // Every part is compiled, also after a bad one, so that all problems are found.
    let nodes: Vec<_> =
        parts.iter().enumerate().map(|(i, part)| node_inside(part, &path.item(i), depth, problems)).collect();
    nodes.into_iter().collect()
}

/// The tests that are given, by name.
fn given_tests(file: &ConditionFile) -> Vec<&'static str> {
    [
        ("equals", file.equals.is_some()),
        ("in", file.one_of.is_some()),
        ("at_least", file.at_least.is_some()),
        ("at_most", file.at_most.is_some()),
        ("has_any", file.has_any.is_some()),
        ("starts_with", file.starts_with.is_some()),
        ("known", file.known.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_given)| is_given.then_some(name))
    .collect()
}

/// Reports tests that stand where nothing is tested, and `within_days` without `signal`. True when there are none.
fn stray_tests(file: &ConditionFile, path: &JsonPath<'_>, problems: &mut Problems) -> bool {
    let mut is_clean = true;
    if file.fact.is_none() {
        for test in given_tests(file) {
            problems.add(&path.key(test), "test_without_fact", format!("`{test}` needs `fact` beside it"));
            is_clean = false;
        }
    }
    if file.within_days.is_some() && file.signal.is_none() {
        problems.add(&path.key("within_days"), "test_without_fact", "`within_days` needs `signal` beside it");
        is_clean = false;
    }
    is_clean
}

fn signal(file: &ConditionFile, name: &str, path: &JsonPath<'_>, problems: &mut Problems) -> Option<Node> {
    let mut is_clean = true;
    if name.is_empty() || name.len() > VALUE_BYTES_MAX || name.chars().any(|c| c.is_uppercase() || c.is_whitespace()) {
        let message = "write the name of a signal in lower case, without spaces, such as `pricing_page`";
        problems.add(&path.key("signal"), "bad_signal", message);
        is_clean = false;
    }
    if file.within_days.is_some_and(|days| days == 0 || days > DAYS_MAX) {
        problems.add(&path.key("within_days"), "out_of_range", format!("expected 1 to {DAYS_MAX} days"));
        is_clean = false;
    }
    is_clean.then(|| Node::Signal { name: name.into(), within_ms: file.within_days.map(days_to_ms) })
}

fn fact(file: &ConditionFile, fact_path: &str, path: &JsonPath<'_>, problems: &mut Problems) -> Option<Node> {
    if let Some(name) = fact_path.strip_prefix(OWN_PREFIX) {
        if name.trim().is_empty() {
            problems.add(&path.key("fact"), "unknown_fact", "write the name of the field after `lead.fields.`");
            return None;
        }
        return test(file, None, path, problems).map(|test| Node::Own { name: name.to_lowercase().into(), test });
    }
    let Some(field) = Field::from_path(fact_path) else {
        let paths = Field::ALL.iter().map(|field| field.path());
        let help = suggest::nearest(fact_path, paths).map_or_else(
            || format!("the sender's own fields are read as `{OWN_PREFIX}<name>`"),
            |near| format!("did you mean `{near}`?"),
        );
        problems.add_with_help(&path.key("fact"), "unknown_fact", format!("no fact `{fact_path}`"), Some(help));
        return None;
    };
    test(file, Some(field), path, problems).map(|test| Node::Fact { field, test })
}

/// The one test of a fact; `at_least` and `at_most` together are one range.
fn test(file: &ConditionFile, field: Option<Field>, path: &JsonPath<'_>, problems: &mut Problems) -> Option<Test> {
    let given = given_tests(file);
    let kind = field.map(Field::kind);
    let possible = possible_tests(kind);
    match given.as_slice() {
        [one] if possible.contains(one) => {}
        ["at_least", "at_most"] if possible.contains(&"at_least") => {}
        [one] => {
            let message = format!("`{one}` does not fit {}", describe(kind));
            let help = Some(format!("possible: `{}`", possible.join("`, `")));
            problems.add_with_help(&path.key(one), "test_does_not_fit", message, help);
            return None;
        }
        [] => {
            let help = Some(format!("possible: `{}`", possible.join("`, `")));
            problems.add_with_help(path, "test_missing", "write a test for the fact", help);
            return None;
        }
        several => {
            let message = format!("write one test, not `{}`; combine several with `all`", several.join("` and `"));
            problems.add(path, "several_tests", message);
            return None;
        }
    }
    if let Some(known) = file.known {
        return Some(Test::Known(known));
    }
    if let Some(value) = &file.equals {
        return scalars(std::slice::from_ref(value), kind, &path.key("equals"), problems);
    }
    if let Some(values) = &file.one_of {
        return scalars(values, kind, &path.key("in"), problems);
    }
    if let Some(words) = &file.has_any {
        return words_or_members(words, kind, &path.key("has_any"), problems);
    }
    if let Some(prefixes) = &file.starts_with {
        return texts(prefixes.iter().map(String::as_str), &path.key("starts_with"), problems).map(Test::Prefixes);
    }
    let (min, max) = (file.at_least.unwrap_or(i64::MIN), file.at_most.unwrap_or(i64::MAX));
    if min > max {
        problems.add(&path.key("at_most"), "out_of_range", "`at_most` must not be below `at_least`");
        return None;
    }
    Some(Test::Range { min, max })
}

/// Tests that fit a kind of value; `None` is a field of the sender's own, which is text.
const fn possible_tests(kind: Option<FactKind>) -> &'static [&'static str] {
    match kind {
        Some(FactKind::Flag) => &["equals", "known"],
        Some(FactKind::Number) => &["equals", "in", "at_least", "at_most", "known"],
        Some(FactKind::Text) => &["equals", "in", "has_any", "starts_with", "known"],
        Some(FactKind::Set) => &["has_any", "known"],
        None => &["equals", "in", "at_least", "at_most", "has_any", "starts_with", "known"],
    }
}

const fn describe(kind: Option<FactKind>) -> &'static str {
    match kind {
        Some(FactKind::Flag) => "a fact that is true or false",
        Some(FactKind::Number) => "a number",
        Some(FactKind::Text) => "a text",
        Some(FactKind::Set) => "a set of strings",
        None => "a field of the sender's own",
    }
}

/// The values of `equals` and `in`.
fn scalars(
    values: &[ScalarFile],
    kind: Option<FactKind>,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<Test> {
    let mut numbers = Vec::new();
    let mut strings = Vec::new();
    for value in values {
        match (value, kind) {
            (ScalarFile::Flag(flag), Some(FactKind::Flag)) => return Some(Test::Flag(*flag)),
            (ScalarFile::Number(number), Some(FactKind::Number)) => numbers.push(*number),
            (ScalarFile::Text(text), Some(FactKind::Text) | None) => strings.push(text.as_str()),
            _ => {
                let message = format!("the value does not fit {}", describe(kind));
                let help = kind.is_none().then(|| "write the value in quotes".to_owned());
                problems.add_with_help(path, "value_does_not_fit", message, help);
                return None;
            }
        }
    }
    if kind == Some(FactKind::Number) {
        if numbers.is_empty() || numbers.len() > VALUES_MAX {
            problems.add(path, "list_length", format!("expected 1 to {VALUES_MAX} values"));
            return None;
        }
        numbers.sort_unstable();
        return Some(Test::Numbers(numbers.into()));
    }
    texts(strings.into_iter(), path, problems).map(Test::Texts)
}

fn words_or_members(
    words: &[String],
    kind: Option<FactKind>,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<Test> {
    let texts = texts(words.iter().map(String::as_str), path, problems)?;
    if kind == Some(FactKind::Set) {
        return Some(Test::Members(texts));
    }
    texts
        .iter()
        .map(|text| WordPhrase::new(text))
        .collect::<Option<Vec<_>>>()
        .map(|phrases| Test::Words(phrases.into()))
}

/// Lower-case texts in order, each of them not blank and not too long.
fn texts<'a>(
    values: impl ExactSizeIterator<Item = &'a str>,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<Box<[Box<str>]>> {
    if values.len() == 0 || values.len() > VALUES_MAX {
        problems.add(path, "list_length", format!("expected 1 to {VALUES_MAX} values"));
        return None;
    }
    let mut list = Vec::with_capacity(values.len());
    for value in values {
        if value.trim().is_empty() || value.len() > VALUE_BYTES_MAX {
            problems.add(path, "bad_value", format!("use values of 1 to {VALUE_BYTES_MAX} bytes that are not blank"));
            return None;
        }
        list.push(value.chars().map(fold).collect::<String>().into_boxed_str());
    }
    list.sort_unstable();
    list.dedup();
    Some(list.into())
}
