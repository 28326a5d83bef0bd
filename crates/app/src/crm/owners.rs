//! Whether the reps of the roster can own records in the CRM.

use crate::ports::crm::{Check, CheckProblem, Crm};
use lead_router_core::crm::CrmKind;
use lead_router_core::decision::index::RosterIndex;
use std::collections::BTreeMap;

/// Most reps that one line names.
const NAMED_MAX: usize = 10;

/// Compares the ids of the reps in the roster with the users of the CRM: one line. An id that nobody has, and one of a user
/// who is not active, would leave every lead of that rep without an owner. Reps without an id are left to the roster's own
/// check.
pub async fn check_owners(crm: &impl Crm, kind: CrmKind, index: &RosterIndex) -> Check {
    let name = format!("{kind}: owners of the roster");
    let users = match crm.crm_users().await {
        Ok(users) => users,
        Err(setback) => return Check::new::<()>(name, &Err(setback)),
    };
    let active: BTreeMap<&str, bool> = users.iter().map(|user| (kind.short_id(&user.id), user.active)).collect();
    let (mut unknown, mut inactive) = (Vec::new(), Vec::new());
    for (rep, entry) in index.reps.iter().filter(|(_, entry)| entry.team.is_some()) {
        let Some(id) = entry.crm_ids.get(kind.as_str()) else { continue };
        match active.get(kind.short_id(id)) {
            None => unknown.push(rep.as_str()),
            Some(false) => inactive.push(rep.as_str()),
            Some(true) => {}
        }
    }
    let problem = |code: &str, reps: &[&str], fault: &str| {
        let message = format!("`crm_ids.{kind}` of {} {fault}", listed(reps));
        CheckProblem { code: code.to_owned(), message }
    };
    let problem = match (unknown.as_slice(), inactive.as_slice()) {
        ([], []) => None,
        ([], inactive) => {
            let fault = "is an inactive user: their leads are written without an owner";
            Some(problem("inactive_owner", inactive, fault))
        }
        (unknown, _) => {
            let fault = "is no user of the CRM: their leads are written without an owner";
            Some(problem("unknown_owner", unknown, fault))
        }
    };
    Check { name, problem }
}

fn listed(reps: &[&str]) -> String {
    let named = reps.iter().take(NAMED_MAX).map(|rep| format!("`{rep}`")).collect::<Vec<_>>().join(", ");
    match reps.len().checked_sub(NAMED_MAX) {
        Some(more) if more > 0 => format!("{named} and {more} more"),
        _ => named,
    }
}
