//! Who is asked for a lead, in which order.
//!
//! The list is fixed before anybody is asked, and the first team that names a rep ends it:
//! 1. the rep to whom a colleague or an operator hands the lead on;
//! 2. the rep who has this very lead, when a late answer changed its tier and nothing else;
//! 3. the rep who has the person already (a duplicate), unless somebody chose another owner in the CRM since: then after 5;
//! 4. the rep that an override names;
//! 5. the owner of the account, unless an override beats ownership, and then whoever stands in for the owner;
//! 6. the rotation of the team, then of its fallback teams;
//! 7. the same team on whatever shift, then its manager, then the managers of the fallback teams.
//!
//! When nobody can, the lead is held and asked for again; it is never dropped.

use crate::crm::owner::CrmOwner;
use crate::crm::state::OwnerRef;
use crate::decision::index::RosterIndex;
use crate::decision::plan::Plan;
use crate::id::{LeadId, RepId, TeamId};
use crate::roster::model::{PickKind, PickRequest};
use crate::rubric::file::{OwnerAway, OwnerFull};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the account shard and the CRM know about the account and the person of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountContext {
    /// Who owns the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountOwner>,
    /// The person's earlier lead, when a rep has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<EarlierLead>,
    /// Who has this lead since its first decision and keeps it under the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<RepId>,
    /// To whom the lead was handed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<RepId>,
    /// What the CRM says beside the owner, when one is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<CrmOwners>,
}

/// What the CRM says about the records of a lead: what the decision was made on, and what a write is held against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CrmOwners {
    /// Owner of the person's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_owner: Option<OwnerRef>,
    /// An owner whom nobody in the roster is, or who left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_owner: Option<CrmOwner>,
}

/// The owner of an account and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOwner {
    /// The rep.
    pub rep_id: RepId,
    /// `crm_open_deal`, `crm_account`, `crm_person`, `crm_last_touch`, `directory`, or `earlier_lead` (an earlier lead of the
    /// account went to the rep).
    pub source: String,
}

impl AccountOwner {
    /// Whether the CRM says so.
    #[must_use]
    pub fn is_of_crm(&self) -> bool {
        self.source.starts_with("crm_")
    }
}

/// The earlier lead of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierLead {
    /// Its id.
    pub lead_id: LeadId,
    /// Who has it.
    pub rep_id: RepId,
    /// Whether the CRM names another owner by now than this rep, and than it named when the earlier lead was decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_overruled: bool,
}

/// One question to one team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateQuery {
    /// Pool of the team: names the object that answers.
    pub pool: String,
    /// The team.
    pub team: TeamId,
    /// Anybody, or one rep.
    pub kind: PickKind,
    /// Why this question is asked; the code of the reason when it names the rep.
    pub code: String,
}

/// What asks, and for which lead: the parts of a request that are the same for every team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingContext {
    /// The lead.
    pub lead_id: LeadId,
    /// Reps who had this lead already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<RepId>,
    /// Now.
    pub now: Timestamp,
    /// Breaks ties.
    pub seed: u64,
}

impl CandidateQuery {
    /// The request that goes to the team.
    #[must_use]
    pub fn request(&self, plan: &Plan, context: &RoutingContext) -> PickRequest {
        PickRequest {
            lead_id: context.lead_id.clone(),
            team: self.team.clone(),
            tier: plan.score.tier.clone(),
            sla_minutes: plan.sla_minutes,
            needs: plan.needs.clone(),
            kind: self.kind.clone(),
            exclude: context.exclude.clone(),
            now: context.now,
            seed: context.seed,
        }
    }
}

/// The questions for a lead, in order; empty when the plan rejects it.
#[must_use]
pub fn candidate_queries(
    plan: &Plan,
    view: &AccountContext,
    index: &RosterIndex,
    exclude: &[RepId],
) -> Vec<CandidateQuery> {
    if plan.rejected.is_some() {
        return Vec::new();
    }
    let mut list = Vec::new();
    if let Some(rep) = &view.handed_to {
        let kind = PickKind::Owner { rep_id: rep.clone(), respect_caps: false };
        push_rep(&mut list, index, rep, exclude, kind, "handed_on");
    }
    if let Some(holder) = &view.holder {
        let kind = PickKind::Owner { rep_id: holder.clone(), respect_caps: false };
        push_rep(&mut list, index, holder, exclude, kind, "same_rep");
    }
    let same_person = |list: &mut Vec<CandidateQuery>, earlier: &EarlierLead| {
        let kind = PickKind::Duplicate { rep_id: earlier.rep_id.clone() };
        push_rep(list, index, &earlier.rep_id, exclude, kind, "same_person");
    };
    let overruled = view.person.as_ref().filter(|earlier| earlier.is_overruled && !plan.ignore_account_owner);
    if let Some(earlier) = view.person.as_ref().filter(|_| overruled.is_none()) {
        same_person(&mut list, earlier);
    }
    if let Some(rep) = &plan.rep {
        let kind = PickKind::Owner { rep_id: rep.clone(), respect_caps: false };
        push_rep(&mut list, index, rep, exclude, kind, "override_rep");
    }
    let mut team = plan.team.clone();
    if let Some(owner) = view.owner.as_ref().filter(|_| !plan.ignore_account_owner) {
        let respect_caps = plan.ownership.when_full == OwnerFull::Team;
        let kind = PickKind::Owner { rep_id: owner.rep_id.clone(), respect_caps };
        push_rep(&mut list, index, &owner.rep_id, exclude, kind, "account_owner");
        if let Some(backup) = index.reps.get(&owner.rep_id).and_then(|entry| entry.backup_rep_id.as_ref()) {
            let kind = PickKind::Owner { rep_id: backup.clone(), respect_caps };
            push_rep(&mut list, index, backup, exclude, kind, "owner_backup");
        }
        if let Some(earlier) = overruled {
            same_person(&mut list, earlier);
        }
        match plan.ownership.when_away {
            OwnerAway::Hold if !list.is_empty() => return list,
            OwnerAway::Team => team = home(index, &owner.rep_id).unwrap_or(team),
            OwnerAway::Hold | OwnerAway::Route => {}
        }
    }
    push_chain(&mut list, index, &team);
    list
}

fn home(index: &RosterIndex, rep: &RepId) -> Option<TeamId> {
    index.reps.get(rep).and_then(|entry| entry.team.clone())
}

/// Adds the question for one rep, unless the roster does not know the rep or the rep had the lead already.
fn push_rep(
    list: &mut Vec<CandidateQuery>,
    index: &RosterIndex,
    rep: &RepId,
    exclude: &[RepId],
    kind: PickKind,
    code: &str,
) {
    if let Some(team) = home(index, rep).filter(|_| !exclude.contains(rep)) {
        list.push(CandidateQuery { pool: index.pool(&team), team, kind, code: code.to_owned() });
    }
}

fn push_chain(list: &mut Vec<CandidateQuery>, index: &RosterIndex, team: &TeamId) {
    let chain = index.chain(team);
    let mut push = |team: &TeamId, kind: PickKind, code: &str| {
        list.push(CandidateQuery { pool: index.pool(team), team: team.clone(), kind, code: code.to_owned() });
    };
    for (place, team) in chain.iter().enumerate() {
        push(team, PickKind::Rotation, if place == 0 { "rotation" } else { "fallback_team" });
    }
    push(team, PickKind::AnyShift, "any_shift");
    for team in &chain {
        if index.teams.get(team).is_some_and(|entry| entry.has_manager) {
            push(team, PickKind::Manager, "team_manager");
        }
    }
}
