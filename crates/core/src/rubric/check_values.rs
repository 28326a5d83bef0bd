//! Checks that every section of a rubric file shares: ids, texts, points, lengths and references.

use crate::id::IdError;
use crate::rubric::limits::{POINTS_MAX, REASON_BYTES_MAX};
use crate::rubric::problems::{JsonPath, Problems};
use crate::rubric::suggest;
use std::collections::BTreeMap;

/// Ids that are taken, with the path of the first use.
#[derive(Default)]
pub(super) struct Ids(BTreeMap<String, String>);

impl Ids {
    /// Reports `id` when it is taken, and takes it.
    pub(super) fn take(&mut self, id: &str, path: &JsonPath<'_>, problems: &mut Problems) {
        if let Some(first) = self.0.get(id) {
            problems.add(path, "repeated_id", format!("`{id}` is already the id of {first}; rule ids must be unique"));
        } else {
            let line = path.to_string();
            self.0.insert(id.to_owned(), line.strip_suffix(".id").unwrap_or(&line).to_owned());
        }
    }
}

/// An identifier, or `None` and a problem.
pub(super) fn id<T>(
    text: &str,
    new: impl FnOnce(&str) -> Result<T, IdError>,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<T> {
    new(text).map_err(|error| problems.add(path, "bad_id", error.to_string())).ok()
}

/// Reports a text that is longer or shorter than allowed.
pub(super) fn text_length(text: &str, bytes_min: usize, path: &JsonPath<'_>, problems: &mut Problems) {
    if text.len() > REASON_BYTES_MAX || text.trim().len() < bytes_min {
        problems.add(path, "text_length", format!("expected {bytes_min} to {REASON_BYTES_MAX} bytes of text"));
    }
}

/// What the explanation says: the reason, or else the id.
pub(super) fn reason(given: Option<&String>, id: &str, path: &JsonPath<'_>, problems: &mut Problems) -> String {
    given.map_or_else(
        || id.to_owned(),
        |text| {
            text_length(text, 1, &path.key("reason"), problems);
            text.clone()
        },
    )
}

/// Reports points, or a priority, outside of ±[`POINTS_MAX`].
pub(super) fn points(points: i32, path: &JsonPath<'_>, problems: &mut Problems) {
    if !(-POINTS_MAX..=POINTS_MAX).contains(&points) {
        problems.add(path, "out_of_range", format!("expected a number from -{POINTS_MAX} to {POINTS_MAX}"));
    }
}

/// Reports a list that is longer than allowed.
pub(super) fn list_length(len: usize, min: usize, max: usize, path: &JsonPath<'_>, problems: &mut Problems) {
    if len < min || len > max {
        problems.add(path, "list_length", format!("expected {min} to {max} entries, found {len}"));
    }
}

/// Reports a reference to a line that does not exist.
pub(super) fn reference<'a>(
    name: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    what: &str,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> bool {
    let is_there = names.clone().any(|known| known == name);
    if !is_there {
        let help = suggest::help(name, names);
        problems.add_with_help(path, &format!("unknown_{what}"), format!("no {what} `{name}`"), help);
    }
    is_there
}
