//! Collecting problems: where, and how many at most.

use crate::error::Problem;
use crate::rubric::limits::PROBLEMS_MAX;
use std::fmt;

/// A place in the file, as a list of steps from the innermost to the outermost. Costs nothing until it is printed.
#[derive(Clone, Copy)]
pub(super) struct JsonPath<'a> {
    parent: Option<&'a JsonPath<'a>>,
    step: JsonPathStep<'a>,
}

#[derive(Clone, Copy)]
enum JsonPathStep<'a> {
    Root,
    Key(&'a str),
    Item(usize),
}

impl<'a> JsonPath<'a> {
    pub(super) const ROOT: Self = Self { parent: None, step: JsonPathStep::Root };

    pub(super) const fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), step: JsonPathStep::Key(key) }
    }

    pub(super) const fn item(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: JsonPathStep::Item(index) }
    }
}

impl fmt::Display for JsonPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            JsonPathStep::Root => Ok(()),
            JsonPathStep::Key(key) if self.parent.is_none_or(|parent| matches!(parent.step, JsonPathStep::Root)) => {
                f.write_str(key)
            }
            JsonPathStep::Key(key) => write!(f, ".{key}"),
            JsonPathStep::Item(index) => write!(f, "[{index}]"),
        }
    }
}

/// Problems so far; past [`PROBLEMS_MAX`] they are only counted.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(super) fn add(&mut self, path: &JsonPath<'_>, code: &str, message: impl Into<String>) {
        self.push(Problem::new(path.to_string(), code, message));
    }

    pub(super) fn add_with_help(
        &mut self,
        path: &JsonPath<'_>,
        code: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let problem = Problem::new(path.to_string(), code, message);
        self.push(Problem { help, ..problem });
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.list.len() < PROBLEMS_MAX {
            self.list.push(problem);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problems, with a last one that says how many were left out.
    pub(super) fn into_list(mut self) -> Vec<Problem> {
        if self.more > 0 {
            let message = format!("{} more problems are not shown; correct these first", self.more);
            self.list.push(Problem::new("", "more_problems", message));
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_the_file() {
        let root = JsonPath::ROOT;
        let (criteria, when) = (root.key("criteria"), "when");
        let item = criteria.item(2);
        assert_eq!(item.key(when).key("fact").to_string(), "criteria[2].when.fact");
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn a_page_of_problems_is_kept_and_the_rest_is_counted() {
        let mut problems = Problems::default();
        for _ in 0..PROBLEMS_MAX {
            problems.add(&JsonPath::ROOT, "x", "y");
        }
        assert_eq!(problems.list.len(), PROBLEMS_MAX);
        problems.add(&JsonPath::ROOT, "x", "y");
        let list = problems.into_list();
        assert_eq!(list.len(), PROBLEMS_MAX + 1);
        assert_eq!(list.last().unwrap().code, "more_problems");
    }
}
