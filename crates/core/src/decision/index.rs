//! The roster at a glance: which team lies in which pool, and which rep in which team.

use crate::crm::CrmKind;
use crate::id::{RepId, TeamId};
use crate::roster::model::{Hours, Leave, Rep, Team};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What routing has to know about teams and reps before one is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RosterIndex {
    /// Teams by id.
    pub teams: BTreeMap<TeamId, TeamEntry>,
    /// Reps by id.
    pub reps: BTreeMap<RepId, RepEntry>,
}

/// A team at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamEntry {
    /// Name for people.
    pub name: String,
    /// Pool: the object that holds the team.
    pub pool: String,
    /// Where a lead goes that nobody here can take.
    pub fallback_team: Option<TeamId>,
    /// Whether there is a manager to ask.
    pub has_manager: bool,
    /// The manager, who is told when nobody can take a lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_rep_id: Option<RepId>,
}

/// A rep at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepEntry {
    /// Name for people.
    pub name: String,
    /// The first team, by id, that the rep is a member of, or that they manage; `None` when there is none.
    pub team: Option<TeamId>,
    /// Booking page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_url: Option<String>,
    /// Ids in CRMs, by CRM.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crm_ids: BTreeMap<String, String>,
    /// Who stands in for the rep as an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_rep_id: Option<RepId>,
    /// Work address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Slack user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_id: Option<String>,
    /// When the rep works.
    #[serde(default)]
    pub work: WorkTime,
}

/// When a rep works, as the operator wrote it; see [`Rep`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkTime {
    /// IANA time zone; empty is UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
    /// Working hours; none means around the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
    /// Days off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<String>,
    /// Absences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<Leave>,
}

impl WorkTime {
    fn new(rep: &Rep) -> Self {
        Self {
            time_zone: rep.time_zone.clone(),
            hours: rep.hours.clone(),
            holidays: rep.holidays.clone(),
            leave: rep.leave.clone(),
        }
    }
}

impl RosterIndex {
    /// Builds the index of some teams and reps.
    #[must_use]
    pub fn new<'a>(teams: impl IntoIterator<Item = &'a Team>, reps: impl IntoIterator<Item = &'a Rep>) -> Self {
        let mut index = Self::default();
        let mut home: BTreeMap<&RepId, &TeamId> = BTreeMap::new();
        let mut managed: BTreeMap<&RepId, &TeamId> = BTreeMap::new();
        for team in teams {
            for member in &team.members {
                let first = home.entry(&member.rep_id).or_insert(&team.id);
                *first = (*first).min(&team.id);
            }
            if let Some(manager) = &team.manager_rep_id {
                let first = managed.entry(manager).or_insert(&team.id);
                *first = (*first).min(&team.id);
            }
            let entry = TeamEntry {
                name: if team.name.is_empty() { team.id.to_string() } else { team.name.clone() },
                pool: pool_of(team),
                fallback_team: team.fallback_team.clone(),
                has_manager: team.manager_rep_id.is_some(),
                manager_rep_id: team.manager_rep_id.clone(),
            };
            index.teams.insert(team.id.clone(), entry);
        }
        for rep in reps {
            let team = home.get(&rep.id).or_else(|| managed.get(&rep.id)).map(|team| (*team).clone());
            let name = if rep.name.is_empty() { rep.id.to_string() } else { rep.name.clone() };
            let entry = RepEntry {
                name,
                team,
                booking_url: rep.booking_url.clone(),
                crm_ids: rep.crm_ids.clone(),
                backup_rep_id: rep.backup_rep_id.clone(),
                email: rep.email.clone(),
                slack_id: rep.slack_id.clone(),
                work: WorkTime::new(rep),
            };
            index.reps.insert(rep.id.clone(), entry);
        }
        index
    }

    /// Pool of a team; a team that the index does not know is taken to be its own pool.
    #[must_use]
    pub fn pool(&self, team: &TeamId) -> String {
        self.teams.get(team).map_or_else(|| team.to_string(), |entry| entry.pool.clone())
    }

    /// Name of a rep for people; the id when the index does not know them.
    #[must_use]
    pub fn rep_name(&self, rep: &RepId) -> String {
        self.reps.get(rep).map_or_else(|| rep.to_string(), |entry| entry.name.clone())
    }

    /// The rep with this id in a CRM; of several the first by id. Salesforce writes one id with 15 or with 18 characters,
    /// of which the last three only repeat how the others are spelled.
    #[must_use]
    pub fn rep_of_crm(&self, crm: CrmKind, id: &str) -> Option<&RepId> {
        let wanted = crm.short_id(id);
        let has_id = |entry: &RepEntry| entry.crm_ids.get(crm.as_str()).is_some_and(|own| crm.short_id(own) == wanted);
        self.reps.iter().find(|(_, entry)| has_id(entry)).map(|(rep, _)| rep)
    }

    /// The rep with this Slack user; of several the first by id.
    #[must_use]
    pub fn rep_of_slack(&self, slack_id: &str) -> Option<&RepId> {
        self.reps.iter().find(|(_, entry)| entry.slack_id.as_deref() == Some(slack_id)).map(|(rep, _)| rep)
    }

    /// Gives reps without an id in a CRM the one of whoever has their work address there; letters may be of either case.
    pub fn fill_crm_ids(&mut self, crm: CrmKind, ids_by_email: &BTreeMap<String, String>) {
        for entry in self.reps.values_mut().filter(|entry| !entry.crm_ids.contains_key(crm.as_str())) {
            let id = entry.email.as_ref().and_then(|email| ids_by_email.get(&email.to_lowercase()));
            if let Some(id) = id {
                entry.crm_ids.insert(crm.as_str().to_owned(), id.clone());
            }
        }
    }

    /// Name of a team for people; the id when the index does not know it.
    #[must_use]
    pub fn team_name(&self, team: &TeamId) -> String {
        self.teams.get(team).map_or_else(|| team.to_string(), |entry| entry.name.clone())
    }

    /// `team` and its fallback teams, in order, each once: a circle of fallbacks ends where it closes.
    #[must_use]
    pub fn chain(&self, team: &TeamId) -> Vec<TeamId> {
        let mut chain = vec![team.clone()];
        let mut next = self.teams.get(team).and_then(|entry| entry.fallback_team.as_ref());
        while let Some(team) = next {
            if chain.contains(team) {
                break;
            }
            chain.push(team.clone());
            next = self.teams.get(team).and_then(|entry| entry.fallback_team.as_ref());
        }
        chain
    }
}

/// Pool of a team: the one it names, or its own id.
#[must_use]
pub fn pool_of(team: &Team) -> String {
    team.pool.clone().unwrap_or_else(|| team.id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn team(value: serde_json::Value) -> Team {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_circle_of_fallbacks_ends_where_it_closes() {
        let teams = [team(json!({"id": "a", "fallback_team": "b"})), team(json!({"id": "b", "fallback_team": "a"}))];
        let index = RosterIndex::new(&teams, []);
        let chain = index.chain(&TeamId::new("a").unwrap());
        assert_eq!(chain, vec![TeamId::new("a").unwrap(), TeamId::new("b").unwrap()]);
    }

    #[test]
    fn a_rep_of_two_teams_is_at_home_in_the_first_by_id() {
        let teams = [
            team(json!({"id": "b", "members": [{"rep_id": "r"}]})),
            team(json!({"id": "a", "members": [{"rep_id": "r"}]})),
        ];
        let rep: Rep = serde_json::from_value(json!({"id": "r", "name": "R"})).unwrap();
        let index = RosterIndex::new(&teams, [&rep]);
        assert_eq!(index.reps[&rep.id].team, Some(TeamId::new("a").unwrap()));
    }

    #[test]
    fn a_manager_who_is_no_member_is_reached_through_the_managed_team() {
        let teams = [team(json!({"id": "a", "manager_rep_id": "m"}))];
        let rep: Rep = serde_json::from_value(json!({"id": "m"})).unwrap();
        assert_eq!(RosterIndex::new(&teams, [&rep]).reps[&rep.id].team, Some(TeamId::new("a").unwrap()));
    }
}
