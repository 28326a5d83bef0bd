//! A roster in one file: `{"teams": […], "reps": […]}`.
//!
//! The service takes extra fields of teams and reps; here they are told, because a misspelt field does nothing.

use lead_router_core::error::Problem;
use lead_router_core::normalize::nearest;
use lead_router_core::roster::model::{Rep, Team};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Teams and reps.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// Teams in the order of the file.
    pub teams: Vec<Team>,
    /// Reps in the order of the file.
    pub reps: Vec<Rep>,
}

/// What came of reading.
#[derive(Debug, Default)]
pub struct ReadRoster {
    /// The entries that could be read.
    pub roster: Roster,
    /// What could not be read.
    pub unreadable: Vec<Problem>,
    /// Fields that mean nothing.
    pub unknown_fields: Vec<Problem>,
}

/// Fields of a team.
const TEAM_FIELDS: [&str; 9] =
    ["after_absence", "fallback_team", "id", "manager_rep_id", "members", "name", "off_hours", "pool", "strategy"];

/// Fields of a rep.
const REP_FIELDS: [&str; 18] = [
    "active",
    "booking_url",
    "capacity",
    "crm_ids",
    "email",
    "holidays",
    "hours",
    "id",
    "languages",
    "leave",
    "name",
    "open_leads",
    "recent",
    "skills",
    "slack_id",
    "status",
    "territories",
    "time_zone",
];

/// Reads a roster; everything that is wrong with its form at once.
pub fn read(text: &str) -> ReadRoster {
    let mut read = ReadRoster::default();
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let line = u32::try_from(error.line()).ok();
            read.unreadable.push(Problem { line, ..Problem::new("roster", "bad_json", error.to_string()) });
            return read;
        }
    };
    let Some(map) = value.as_object() else {
        read.unreadable.push(Problem::new("roster", "wrong_type", "expected an object with `teams` and `reps`"));
        return read;
    };
    for key in map.keys().filter(|key| !["teams", "reps"].contains(&key.as_str())) {
        read.unknown_fields.push(unknown_field("", key, &["teams", "reps"]));
    }
    read.roster.teams =
        entries(map.get("teams"), "teams", &TEAM_FIELDS, &mut read.unreadable, &mut read.unknown_fields);
    read.roster.reps = entries(map.get("reps"), "reps", &REP_FIELDS, &mut read.unreadable, &mut read.unknown_fields);
    read
}

fn entries<T: DeserializeOwned>(
    list: Option<&Value>,
    name: &str,
    fields: &[&'static str],
    unreadable: &mut Vec<Problem>,
    unknown_fields: &mut Vec<Problem>,
) -> Vec<T> {
    let Some(items) = list.and_then(Value::as_array) else {
        unreadable.push(Problem::new(name, "missing_list", format!("expected a list of {name}")));
        return Vec::new();
    };
    let mut good = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = match item.get("id").and_then(Value::as_str) {
            Some(id) => format!("{name}.{id}"),
            None => format!("{name}[{index}]"),
        };
        for key in item.as_object().into_iter().flat_map(|map| map.keys()) {
            if !fields.contains(&key.as_str()) {
                unknown_fields.push(unknown_field(&format!("{path}."), key, fields));
            }
        }
        match T::deserialize(item) {
            Ok(entry) => good.push(entry),
            Err(error) => unreadable.push(Problem::new(path, "wrong_shape", error.to_string())),
        }
    }
    good
}

fn unknown_field(path: &str, key: &str, fields: &[&'static str]) -> Problem {
    let problem = Problem::new(format!("{path}{key}"), "unknown_field", "unknown field");
    match nearest(key, fields.iter().copied()) {
        Some(field) => problem.with_help(format!("did you mean `{field}`?")),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Every field with a value, so that none is skipped when it is written.
    #[test]
    fn the_lists_of_fields_are_those_of_the_types() {
        let team = json!({
            "id": "t", "name": "T", "strategy": "weighted", "members": [], "fallback_team": "u", "manager_rep_id": "r",
            "pool": "p", "off_hours": "fallback", "after_absence": "catch_up",
        });
        let rep = json!({
            "id": "r", "name": "R", "email": "r@a.example", "active": true, "time_zone": "UTC", "hours": [],
            "holidays": [], "leave": [], "languages": [], "territories": [], "skills": [], "capacity": {},
            "open_leads": 1, "recent": {"worked_in_time": 1, "of": 1}, "status": "away", "crm_ids": {"a": "b"},
            "slack_id": "U1", "booking_url": "https://a.example",
        });
        let keys = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let team: Team = serde_json::from_value(team).unwrap();
        let rep: Rep = serde_json::from_value(rep).unwrap();
        assert_eq!(keys(serde_json::to_value(&team).unwrap()), TEAM_FIELDS);
        assert_eq!(keys(serde_json::to_value(&rep).unwrap()), REP_FIELDS);
    }

    #[test]
    fn a_misspelt_field_and_an_entry_that_cannot_be_read_are_told_together() {
        let read = read(r#"{"teams": [{"id": "a", "stategy": "weighted"}, {"id": "b b"}], "reps": [{}]}"#);
        assert_eq!(read.unknown_fields[0].path, "teams.a.stategy");
        assert_eq!(read.unknown_fields[0].help.as_deref(), Some("did you mean `strategy`?"));
        let paths: Vec<&str> = read.unreadable.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, vec!["teams.b b", "reps[0]"]);
        assert_eq!(read.roster.teams.len(), 1);
    }
}
