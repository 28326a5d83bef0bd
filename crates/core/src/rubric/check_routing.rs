//! Checks of what places a lead: overrides, territories, routes, and the stages of enrichment.

use crate::id::{IdError, ProviderId, RepId, RuleId, TeamId, TerritoryId, TierId};
use crate::rubric::check_values::{Ids, id, list_length, points, reason, reference};
use crate::rubric::compile::condition;
use crate::rubric::file::{OverrideFile, RouteFile, RubricFile};
use crate::rubric::limits::{
    DEADLINE_MS, OVERRIDES_MAX, ROUTES_MAX, STAGE_PROVIDERS_MAX, STAGES_MAX, TERRITORIES_MAX, TIERS_MAX,
    WARM_ACCOUNTS_PER_HOUR_MAX,
};
use crate::rubric::model::{Effect, Override, Route, Territory};
use crate::rubric::problems::{JsonPath, Problems};
use std::collections::BTreeMap;

pub(super) fn overrides(file: &RubricFile, rule_ids: &mut Ids, problems: &mut Problems) -> Vec<Override> {
    let path = JsonPath::ROOT.key("overrides");
    list_length(file.overrides.len(), 0, OVERRIDES_MAX, &path, problems);
    let mut lines = Vec::with_capacity(file.overrides.len());
    for (index, line) in file.overrides.iter().enumerate() {
        let path = path.item(index);
        rule_ids.take(&line.id, &path.key("id"), problems);
        let rule_id = id(&line.id, RuleId::new, &path.key("id"), problems);
        let when = condition(&line.when, &path.key("when"), problems);
        let reason = reason(line.reason.as_ref(), &line.id, &path, problems);
        let effect = effect(line, file, &path, problems);
        if let (Some(id), Some(when)) = (rule_id, when) {
            lines.push(Override { id, when, reason, effect });
        }
    }
    lines
}

fn effect(line: &OverrideFile, file: &RubricFile, path: &JsonPath<'_>, problems: &mut Problems) -> Effect {
    let is_placed = line.tier.is_some() || line.team.is_some() || line.rep.is_some();
    if line.reject && (is_placed || line.ignore_account_owner) {
        problems.add(path, "reject_and_place", "a rejected lead has no tier, team or rep: remove `reject` or the rest");
    }
    if !line.reject && !is_placed {
        problems.add(path, "no_effect", "write `reject`, `tier`, `team` or `rep`, so that the override does something");
    }
    if line.ignore_account_owner && line.team.is_none() {
        problems.add(&path.key("ignore_account_owner"), "no_effect", "`ignore_account_owner` needs `team`");
    }
    if let Some(name) = &line.tier {
        reference(name, tier_ids(file), "tier", &path.key("tier"), problems);
    }
    let tier = optional_id(line.tier.as_deref(), TierId::new, &path.key("tier"), problems);
    let team = optional_id(line.team.as_deref(), TeamId::new, &path.key("team"), problems);
    let rep = optional_id(line.rep.as_deref(), RepId::new, &path.key("rep"), problems);
    if line.reject {
        Effect::Reject
    } else {
        Effect::Place { tier, team, rep, ignore_account_owner: line.ignore_account_owner }
    }
}

fn optional_id<T>(
    text: Option<&str>,
    new: impl FnOnce(&str) -> Result<T, IdError>,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<T> {
    text.and_then(|text| id(text, new, path, problems))
}

fn tier_ids(file: &RubricFile) -> impl Iterator<Item = &str> + Clone {
    file.tiers.iter().map(|tier| tier.id.as_str())
}

pub(super) fn territories(file: &RubricFile, problems: &mut Problems) -> Vec<Territory> {
    let path = JsonPath::ROOT.key("territories");
    list_length(file.territories.len(), 0, TERRITORIES_MAX, &path, problems);
    let mut ids = Ids::default();
    let mut lines = Vec::with_capacity(file.territories.len());
    for (index, line) in file.territories.iter().enumerate() {
        let path = path.item(index);
        ids.take(&line.id, &path.key("id"), problems);
        points(line.priority, &path.key("priority"), problems);
        let territory_id = id(&line.id, TerritoryId::new, &path.key("id"), problems);
        let when = condition(&line.when, &path.key("when"), problems);
        if let (Some(id), Some(when)) = (territory_id, when) {
            lines.push(Territory { id, when, priority: line.priority });
        }
    }
    lines
}

pub(super) fn routes(file: &RubricFile, rule_ids: &mut Ids, problems: &mut Problems) -> Vec<Route> {
    let path = JsonPath::ROOT.key("routes");
    list_length(file.routes.len(), 0, ROUTES_MAX, &path, problems);
    let territory_ids: BTreeMap<&str, ()> = file.territories.iter().map(|line| (line.id.as_str(), ())).collect();
    let mut lines = Vec::with_capacity(file.routes.len());
    for (index, line) in file.routes.iter().enumerate() {
        let path = path.item(index);
        rule_ids.take(&line.id, &path.key("id"), problems);
        let rule_id = id(&line.id, RuleId::new, &path.key("id"), problems);
        let when = line.when.as_ref().map(|when| condition(when, &path.key("when"), problems));
        let team = id(&line.team, TeamId::new, &path.key("team"), problems);
        let reason = reason(line.reason.as_ref(), &line.id, &path, problems);
        let (tiers, territories) = accepted(line, file, &territory_ids, &path, problems);
        // A condition that is there and wrong is a problem already.
        if let (Some(id), Some(team)) = (rule_id, team) {
            lines.push(Route { id, tiers, territories, when: when.flatten(), team, reason });
        }
    }
    lines
}

/// The tiers and territories that a route takes.
fn accepted(
    line: &RouteFile,
    file: &RubricFile,
    territory_ids: &BTreeMap<&str, ()>,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> (Vec<TierId>, Vec<TerritoryId>) {
    let at = path.key("tiers");
    list_length(line.tiers.len(), 0, TIERS_MAX, &at, problems);
    for (index, name) in line.tiers.iter().enumerate() {
        reference(name, tier_ids(file), "tier", &at.item(index), problems);
    }
    let at = path.key("territories");
    list_length(line.territories.len(), 0, TERRITORIES_MAX, &at, problems);
    for (index, name) in line.territories.iter().enumerate() {
        if !territory_ids.contains_key(name.as_str()) {
            reference(name, territory_ids.keys().copied(), "territory", &at.item(index), problems);
        }
    }
    let tiers = line.tiers.iter().filter_map(|name| TierId::new(name).ok()).collect();
    (tiers, line.territories.iter().filter_map(|name| TerritoryId::new(name).ok()).collect())
}

pub(super) fn stages(file: &RubricFile, problems: &mut Problems) -> Vec<Vec<ProviderId>> {
    let root = JsonPath::ROOT;
    let path = root.key("enrichment");
    let deadline_ms = file.enrichment.deadline_ms;
    if !DEADLINE_MS.contains(&deadline_ms) {
        let message = format!("expected {} to {} milliseconds", DEADLINE_MS.start(), DEADLINE_MS.end());
        problems.add(&path.key("deadline_ms"), "out_of_range", message);
    }
    let warm = file.enrichment.warm_accounts_per_hour;
    if warm > WARM_ACCOUNTS_PER_HOUR_MAX {
        let message = format!("expected 0 to {WARM_ACCOUNTS_PER_HOUR_MAX} accounts");
        problems.add(&path.key("warm_accounts_per_hour"), "out_of_range", message);
    }
    limits(file, &path.key("limits"), problems);
    let path = path.key("stages");
    list_length(file.enrichment.stages.len(), 0, STAGES_MAX, &path, problems);
    let mut asked = BTreeMap::new();
    let mut stages = Vec::with_capacity(file.enrichment.stages.len());
    for (index, names) in file.enrichment.stages.iter().enumerate() {
        let path = path.item(index);
        list_length(names.len(), 1, STAGE_PROVIDERS_MAX, &path, problems);
        let mut stage = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            let path = path.item(index);
            if asked.insert(name.as_str(), ()).is_some() {
                problems.add(
                    &path,
                    "repeated_provider",
                    format!("`{name}` is already in a stage; list each provider once"),
                );
            }
            stage.extend(id(name, ProviderId::new, &path, problems));
        }
        stages.push(stage);
    }
    stages
}

/// A limit is for a provider that is asked, and allows something.
fn limits(file: &RubricFile, path: &JsonPath<'_>, problems: &mut Problems) {
    let asked = || file.enrichment.stages.iter().flatten().map(String::as_str);
    for (name, limit) in &file.enrichment.limits {
        let path = path.key(name);
        reference(name, asked(), "provider", &path, problems);
        let given = [
            ("calls_per_second", limit.calls_per_second),
            ("calls_per_day", limit.calls_per_day),
            ("usd_per_day", limit.usd_per_day),
        ];
        for (field, _) in given.into_iter().filter(|(_, limit)| *limit == Some(0)) {
            let message = "expected 1 or more; to never call a provider, remove it from the stages";
            problems.add(&path.key(field), "out_of_range", message);
        }
        if given.iter().all(|(_, limit)| limit.is_none()) {
            problems.add(&path, "missing_field", "give `calls_per_second`, `calls_per_day` or `usd_per_day`");
        }
    }
}
