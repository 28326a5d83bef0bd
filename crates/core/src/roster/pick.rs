//! Who takes a lead: the question to a team, answered from a plain pool.
//!
//! # Example
//!
//! One rep holds 200 leads and left the last 30 unworked; the other is online with 40:
//!
//! ```
//! use lead_router_core::roster::model::{Pool, PickOutcome, PickRequest};
//! use lead_router_core::roster::pick::{apply, pick};
//!
//! let mut pool: Pool = serde_json::from_str(r#"{
//!     "teams": {"smb": {"id": "smb", "members": [{"rep_id": "ada"}, {"rep_id": "ben"}]}},
//!     "reps": {
//!         "ada": {"id": "ada", "open_leads": 200, "recent": {"worked_in_time": 0, "of": 30}},
//!         "ben": {"id": "ben", "open_leads": 40, "recent": {"worked_in_time": 27, "of": 30}}},
//!     "states": {}}"#).unwrap();
//! let request: PickRequest = serde_json::from_str(
//!     r#"{"lead_id": "1", "team": "smb", "tier": "A", "sla_minutes": 5, "now": "2026-11-02T09:00:00Z", "seed": 1}"#,
//! ).unwrap();
//!
//! let answer = pick(&pool, &request);
//! let PickOutcome::Picked { rep_id, .. } = &answer.outcome else { panic!() };
//! assert_eq!(rep_id.as_str(), "ben");
//! assert_eq!(answer.candidates[0].excluded.as_deref(), Some("unresponsive"));
//!
//! apply(&mut pool, &request, &answer);
//! assert_eq!(pool.states[rep_id].open_leads, 41);
//! ```

use crate::id::RepId;
use crate::roster::model::{Pick, PickKind, PickRequest, Pool};
use crate::roster::prepared::PreparedPool;

/// Answers who takes the lead. Changes nothing; see [`apply`].
///
/// Total: an unknown team, or a team in which nobody can, answers `Nobody`. The answer depends on the pool's
/// content alone, not on the order in which members were written.
#[must_use]
pub fn pick(pool: &Pool, request: &PickRequest) -> Pick {
    PreparedPool::new(part(pool, request)).0.pick(request)
}

/// Counts an answer that [`pick`] gave for this pool and request: open leads (also by tier), the day's leads in
/// the rep's zone, and for rotation picks the ledger.
///
/// A named owner or manager counts in the open leads and the day, not in the rotation. A duplicate and a
/// `Nobody` count nowhere. Applying twice counts twice: the caller remembers answers by lead.
pub fn apply(pool: &mut Pool, request: &PickRequest, pick: &Pick) {
    let (mut prepared, _) = PreparedPool::new(part(pool, request));
    prepared.apply(request, pick);
    for (rep, state) in prepared.states() {
        pool.states.insert(rep.clone(), state.clone());
    }
}

/// The part of a pool that a request is about: one team, its members, and whom it names.
fn part(pool: &Pool, request: &PickRequest) -> Pool {
    let team = pool.teams.get_key_value(&request.team);
    let mut reps: Vec<&RepId> = team.iter().flat_map(|(_, team)| team.members.iter().map(|m| &m.rep_id)).collect();
    match &request.kind {
        PickKind::Owner { rep_id, .. } | PickKind::Duplicate { rep_id } => reps.push(rep_id),
        PickKind::Rotation | PickKind::AnyShift | PickKind::Manager => {}
    }
    reps.extend(team.and_then(|(_, team)| team.manager_rep_id.as_ref()));
    let mut part = Pool::default();
    part.teams.extend(team.map(|(id, team)| (id.clone(), team.clone())));
    for id in reps {
        part.reps.extend(pool.reps.get(id).map(|rep| (id.clone(), rep.clone())));
        part.states.extend(pool.states.get(id).map(|state| (id.clone(), state.clone())));
    }
    part
}
