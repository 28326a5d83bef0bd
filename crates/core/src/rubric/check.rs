//! From a file to a rubric: everything that serde cannot say, all problems at once.

use crate::error::Problem;
use crate::facts::FieldSet;
use crate::hash::sha256_hex;
use crate::id::TeamId;
use crate::rubric::check_routing::{overrides, routes, stages, territories};
use crate::rubric::check_scoring::{criteria, groups, tiers};
use crate::rubric::check_values::{Ids, id, text_length};
use crate::rubric::file::RubricFile;
use crate::rubric::model::Rubric;
use crate::rubric::problems::{JsonPath, Problems};

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
    sha256_hex(&canonical).chars().take(16).collect()
}
