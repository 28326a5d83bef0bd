//! What is wrong with teams and reps as written: everything at once, each with its place.
//!
//! A roster with problems is not refused here. Picks stay total on it: who cannot be read is excluded with a
//! reason. What is merely unwise (a team without members, an SLA that nobody's hours can meet) is not a
//! problem but a finding of `lint`.

use crate::error::Problem;
use crate::id::{RepId, TeamId};
use crate::roster::calendar::Calendar;
use crate::roster::events::RECENT_MAX;
use crate::roster::model::{Recent, Rep, Team, WEIGHT_MAX};
use crate::web_address::is_web_address;
use std::collections::{BTreeMap, BTreeSet};

/// Most members of a team: picks are measured up to it, and a share stays at least 100 units of a lead.
pub const MEMBERS_MAX: usize = 10_000;

/// Most intervals, days off, absences, languages, territories or skills of a rep: far above what anybody writes by
/// hand, and low enough that one rep cannot slow down a team.
pub const ENTRIES_MAX: usize = 1_000;

/// Checks a whole roster: every team and rep, ids that are given twice, and fallback teams.
///
/// Paths start with `teams.<id>` or `reps.<id>`.
#[must_use]
pub fn roster(teams: &[Team], reps: &[Rep]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut by_id: BTreeMap<RepId, Rep> = BTreeMap::new();
    for entry in reps {
        problems.extend(rep(entry).into_iter().map(|problem| below(problem, "reps", entry.id.as_str())));
        if by_id.insert(entry.id.clone(), entry.clone()).is_some() {
            problems.push(twice("reps", entry.id.as_str()));
        }
    }
    for entry in reps {
        let problem = backup(entry, &by_id);
        problems.extend(problem.map(|problem| below(problem, "reps", entry.id.as_str())));
    }
    let mut known: BTreeMap<&TeamId, &Team> = BTreeMap::new();
    for entry in teams {
        problems.extend(team(entry, &by_id).into_iter().map(|problem| below(problem, "teams", entry.id.as_str())));
        if known.insert(&entry.id, entry).is_some() {
            problems.push(twice("teams", entry.id.as_str()));
        }
    }
    for entry in known.values() {
        problems.extend(fallback(entry, &known).map(|problem| below(problem, "teams", entry.id.as_str())));
    }
    problems
}

/// Checks a team against the reps there are. Paths are relative to the team, such as `members[2].weight`.
#[must_use]
pub fn team(team: &Team, reps: &BTreeMap<RepId, Rep>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: BTreeSet<&RepId> = BTreeSet::new();
    for (index, member) in team.members.iter().enumerate() {
        let path = format!("members[{index}]");
        let id = &member.rep_id;
        if !reps.contains_key(id) {
            problems.push(unknown_rep(&format!("{path}.rep_id"), id, reps));
        }
        if !seen.insert(id) {
            let message = format!("`{id}` is already a member");
            problems.push(
                Problem::new(format!("{path}.rep_id"), "duplicate_member", message)
                    .with_help("list each rep once; for a larger share, raise the weight"),
            );
        }
        if member.weight > WEIGHT_MAX {
            let message = format!("the largest weight is {WEIGHT_MAX}");
            problems.push(Problem::new(format!("{path}.weight"), "weight_too_large", message));
        }
    }
    if let Some(manager) = team.manager_rep_id.as_ref().filter(|manager| !reps.contains_key(manager)) {
        problems.push(unknown_rep("manager_rep_id", manager, reps));
    }
    if team.members.len() > MEMBERS_MAX {
        problems.push(too_many("members", MEMBERS_MAX));
    }
    problems
}

/// Checks who stands in for a rep: a rep there is, and someone else.
fn backup(rep: &Rep, reps: &BTreeMap<RepId, Rep>) -> Option<Problem> {
    let backup = rep.backup_rep_id.as_ref()?;
    if *backup == rep.id {
        return Some(Problem::new(
            "backup_rep_id",
            "own_backup",
            "name someone else: a rep cannot be their own backup",
        ));
    }
    (!reps.contains_key(backup)).then(|| unknown_rep("backup_rep_id", backup, reps))
}

/// Checks a rep. Paths are relative to the rep, such as `hours[1].from`.
///
/// A cap of 0 is no problem: such a rep gets nothing from the rotation, but keeps what they own.
#[must_use]
pub fn rep(rep: &Rep) -> Vec<Problem> {
    let mut problems = Calendar::compile(rep).err().unwrap_or_default();
    for (path, len) in [
        ("hours", rep.hours.len()),
        ("holidays", rep.holidays.len()),
        ("leave", rep.leave.len()),
        ("languages", rep.languages.len()),
        ("territories", rep.territories.len()),
        ("skills", rep.skills.len()),
    ] {
        if len > ENTRIES_MAX {
            problems.push(too_many(path, ENTRIES_MAX));
        }
    }
    for (index, language) in rep.languages.iter().enumerate() {
        if language.len() != 2 || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
            let problem = Problem::new(
                format!("languages[{index}]"),
                "bad_language",
                format!("`{language}` is not an ISO 639-1 code such as `de`"),
            );
            let start: String = language.chars().take(2).collect::<String>().to_lowercase();
            let is_tag = language.len() == 2 || language.chars().nth(2).is_some_and(|next| matches!(next, '-' | '_'));
            problems.push(if is_tag { problem.with_help(format!("did you mean `{start}`?")) } else { problem });
        }
    }
    for (index, skill) in rep.skills.iter().enumerate() {
        if skill.trim().is_empty() {
            problems.push(Problem::new(format!("skills[{index}]"), "empty_skill", "name the skill or remove it"));
        }
    }
    problems.extend(rep.recent.into_iter().flat_map(recent));
    if rep.booking_url.as_ref().is_some_and(|url| !is_web_address(url)) {
        problems.push(
            Problem::new("booking_url", "bad_url", "expected a URL such as `https://book.example/ann`")
                .with_help("it has no spaces, quotes or line breaks; percent-encode them"),
        );
    }
    problems
}

fn recent(recent: Recent) -> Vec<Problem> {
    let mut problems = Vec::new();
    if recent.of > RECENT_MAX {
        let message = format!("only the last {RECENT_MAX} leads count");
        problems.push(Problem::new("recent.of", "recent_too_long", message));
    }
    if recent.worked_in_time > recent.of {
        let message = "`worked_in_time` must not exceed `of`";
        problems.push(Problem::new("recent.worked_in_time", "worked_more_than_all", message));
    }
    problems
}

fn unknown_rep(path: &str, id: &RepId, reps: &BTreeMap<RepId, Rep>) -> Problem {
    let problem = Problem::new(path, "unknown_rep", format!("no rep `{id}`"));
    let same = |other: &&RepId| other.as_str().eq_ignore_ascii_case(id.as_str());
    match reps.keys().find(same) {
        Some(other) => problem.with_help(format!("did you mean `{other}`?")),
        None => problem.with_help("add the rep, or remove them from the team"),
    }
}

/// A fallback team that does not exist, or whose own fallbacks lead back here.
fn fallback(team: &Team, known: &BTreeMap<&TeamId, &Team>) -> Option<Problem> {
    let next = team.fallback_team.as_ref()?;
    if !known.contains_key(next) {
        let message = format!("no team `{next}`");
        return Some(Problem::new("fallback_team", "unknown_team", message));
    }
    let mut seen = BTreeSet::new();
    let mut at = Some(next);
    while let Some(id) = at.filter(|id| seen.insert(*id)) {
        if *id == team.id {
            let message = "the fallback teams form a loop back to this team";
            return Some(
                Problem::new("fallback_team", "fallback_circle", message)
                    .with_help("remove the fallback of one team in the loop"),
            );
        }
        at = known.get(id).and_then(|team| team.fallback_team.as_ref());
    }
    None
}

fn twice(list: &str, id: &str) -> Problem {
    Problem::new(format!("{list}.{id}"), "duplicate_id", format!("the id `{id}` is repeated"))
}

fn too_many(path: &str, most: usize) -> Problem {
    Problem::new(path, "too_many", format!("at most {most} entries"))
}

/// The same problem, seen from above the entry of a list.
pub(super) fn below(problem: Problem, list: &str, id: &str) -> Problem {
    Problem { path: format!("{list}.{id}.{}", problem.path), ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reps(values: serde_json::Value) -> Vec<Rep> {
        serde_json::from_value(values).unwrap()
    }

    fn teams(values: serde_json::Value) -> Vec<Team> {
        serde_json::from_value(values).unwrap()
    }

    fn found(problems: &[Problem]) -> Vec<(&str, &str)> {
        problems.iter().map(|problem| (problem.path.as_str(), problem.code.as_str())).collect()
    }

    #[test]
    fn a_sound_roster_has_no_problem() {
        let teams = teams(json!([
            {"id": "a", "members": [{"rep_id": "ada", "weight": 1000}, {"rep_id": "ben"}], "fallback_team": "b"},
            {"id": "b", "manager_rep_id": "ada"},
        ]));
        let reps = reps(json!([
            {"id": "ada", "languages": ["de", "en"], "recent": {"worked_in_time": 30, "of": 30}},
            {"id": "ben", "capacity": {"open_leads": 0}},
        ]));
        assert_eq!(roster(&teams, &reps), vec![]);
    }

    #[test]
    fn a_booking_page_cannot_end_a_header_or_an_attribute() {
        for url in
            ["https://a.example/\r\nset-cookie: x", "https://a.example/\"x", "https://a.example/'x", "http://a.example"]
        {
            let reps = reps(json!([{"id": "ada", "booking_url": url}]));
            assert_eq!(found(&roster(&[], &reps)), [("reps.ada.booking_url", "bad_url")], "{url:?}");
        }
    }

    #[test]
    fn every_problem_of_a_team_is_reported_at_once() {
        let teams = teams(json!([
            {"id": "a", "members": [{"rep_id": "ada", "weight": 1001}, {"rep_id": "Ada"}, {"rep_id": "ada"}],
             "manager_rep_id": "zoe", "fallback_team": "b"},
            {"id": "b", "fallback_team": "a"},
            {"id": "b", "fallback_team": "c"},
        ]));
        let problems = roster(&teams, &reps(json!([{"id": "ada"}])));
        assert_eq!(
            found(&problems),
            vec![
                ("teams.a.members[0].weight", "weight_too_large"),
                ("teams.a.members[1].rep_id", "unknown_rep"),
                ("teams.a.members[2].rep_id", "duplicate_member"),
                ("teams.a.manager_rep_id", "unknown_rep"),
                ("teams.b", "duplicate_id"),
                ("teams.b.fallback_team", "unknown_team"),
            ]
        );
        assert_eq!(problems[1].help.as_deref(), Some("did you mean `ada`?"));
    }

    #[test]
    fn a_circle_of_fallbacks_is_reported_for_every_team_in_it_and_no_other() {
        let teams = teams(json!([
            {"id": "a", "fallback_team": "b"}, {"id": "b", "fallback_team": "c"}, {"id": "c", "fallback_team": "b"},
        ]));
        let problems = roster(&teams, &[]);
        let expected = [("teams.b.fallback_team", "fallback_circle"), ("teams.c.fallback_team", "fallback_circle")];
        assert_eq!(found(&problems), expected);
    }

    #[test]
    fn every_problem_of_a_rep_is_reported_at_once() {
        let reps = reps(json!([{
            "id": "ada", "time_zone": "Berlin", "hours": [{"days": ["mon"], "from": "9:00", "to": "18:00"}],
            "holidays": ["2026-13-01"], "leave": [{"from": "tomorrow"}],
            "languages": ["de", "DE", "en-GB", "german"], "skills": [" "],
            "recent": {"worked_in_time": 32, "of": 31}, "booking_url": "javascript:alert(1)",
        }]));
        let problems = roster(&[], &reps);
        assert_eq!(
            found(&problems),
            vec![
                ("reps.ada.time_zone", "unknown_time_zone"),
                ("reps.ada.hours[0].from", "bad_time"),
                ("reps.ada.holidays[0]", "bad_date"),
                ("reps.ada.leave[0].from", "bad_moment"),
                ("reps.ada.languages[1]", "bad_language"),
                ("reps.ada.languages[2]", "bad_language"),
                ("reps.ada.languages[3]", "bad_language"),
                ("reps.ada.skills[0]", "empty_skill"),
                ("reps.ada.recent.of", "recent_too_long"),
                ("reps.ada.recent.worked_in_time", "worked_more_than_all"),
                ("reps.ada.booking_url", "bad_url"),
            ]
        );
        let help: Vec<Option<&str>> = problems[4..7].iter().map(|problem| problem.help.as_deref()).collect();
        assert_eq!(help, vec![Some("did you mean `de`?"), Some("did you mean `en`?"), None]);
    }

    #[test]
    fn lists_may_have_a_thousand_entries_and_no_more() {
        let mut entry = reps(json!([{"id": "ada"}])).remove(0);
        entry.skills = vec!["x".to_owned(); ENTRIES_MAX];
        assert_eq!(rep(&entry), vec![]);
        entry.skills.push("x".to_owned());
        assert_eq!(found(&rep(&entry)), vec![("skills", "too_many")]);
    }
}
