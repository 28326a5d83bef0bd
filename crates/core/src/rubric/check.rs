//! From a file to a rubric: everything that serde cannot say, all problems at once.

use crate::error::Problem;
use crate::facts::FieldSet;
use crate::id::{IdError, TeamId};
use crate::rubric::check_routing::{overrides, routes, stages, territories};
use crate::rubric::check_scoring::{criteria, groups, tiers};
use crate::rubric::file::RubricFile;
use crate::rubric::limits::{POINTS_MAX, REASON_BYTES_MAX};
use crate::rubric::model::Rubric;
use crate::rubric::problems::{JsonPath, Problems};
use crate::rubric::suggest;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Checks a file and compiles it.
///
/// Teams and reps are not looked up here: the roster changes on its own. `lint` compares the two.
///
/// # Errors
/// Every problem of the file, in the order of the file's sections, without lines.
pub fn check(file: &RubricFile) -> Result<Rubric, Vec<Problem>> {
    let mut found = Problems::default();
    let problems = &mut found;
    let root = JsonPath::ROOT;
    text_length(&file.name, 1, &root.key("name"), problems);
    let mut rule_ids = Ids::default();
    let groups = groups(file, problems);
    let tiers = tiers(file, problems);
    let criteria = criteria(file, &mut rule_ids, problems);
    let overrides = overrides(file, &mut rule_ids, problems);
    let territories = territories(file, problems);
    let routes = routes(file, &mut rule_ids, problems);
    let fallback_team = id(&file.fallback.team, TeamId::new, &root.key("fallback").key("team"), problems);
    let stages = stages(file, problems);
    let (Some((upper_tiers, lowest_tier)), Some(fallback_team), true) = (tiers, fallback_team, found.is_empty()) else {
        return Err(found.into_list());
    };
    let mut territory_order: Vec<usize> = (0..territories.len()).collect();
    territory_order.sort_by_key(|i| std::cmp::Reverse(territories.get(*i).map_or(0, |territory| territory.priority)));
    let conditions = overrides.iter().map(|line| &line.when);
    let conditions = conditions.chain(territories.iter().map(|line| &line.when));
    let conditions = conditions.chain(routes.iter().filter_map(|line| line.when.as_ref()));
    let reads = conditions.fold(FieldSet::EMPTY, |set, when| set.union(when.reads()));
    Ok(Rubric {
        version: version(file),
        reads: criteria.iter().fold(reads, |set, line| set.union(line.reads)),
        known_tests: criteria.iter().fold(FieldSet::EMPTY, |set, line| set.union(line.known_tests)),
        file: file.clone(),
        groups,
        criteria,
        upper_tiers,
        lowest_tier,
        overrides,
        territories,
        territory_order,
        routes,
        fallback_team,
        stages,
    })
}

/// The first 16 hex digits of the SHA-256 of the file's canonical JSON.
fn version(file: &RubricFile) -> String {
    // Serialising cannot fail: every key is a string and no type has a fallible `Serialize`.
    let canonical = serde_json::to_vec(file).unwrap_or_default();
    Sha256::digest(&canonical).iter().take(8).fold(String::with_capacity(16), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Ids that are taken, with the path of the first use.
#[derive(Default)]
pub(super) struct Ids(BTreeMap<String, String>);

impl Ids {
    /// Reports `id` when it is taken, and takes it.
    pub(super) fn take(&mut self, id: &str, path: &JsonPath<'_>, problems: &mut Problems) {
        if let Some(first) = self.0.get(id) {
            problems.add(path, "repeated_id", format!("`{id}` is the id of {first} already; ids of rules are unique"));
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
        problems.add(path, "text_length", format!("write {bytes_min} to {REASON_BYTES_MAX} bytes of text"));
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
        problems.add(path, "out_of_range", format!("write a number from -{POINTS_MAX} to {POINTS_MAX}"));
    }
}

/// Reports a list that is longer than allowed.
pub(super) fn list_length(len: usize, min: usize, max: usize, path: &JsonPath<'_>, problems: &mut Problems) {
    if len < min || len > max {
        problems.add(path, "list_length", format!("write {min} to {max} entries; found {len}"));
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
