//! What an account shard knows about the account and the person of a lead before it is decided.

use crate::ports::messages::ClaimResponse;
use crate::ports::{AccountStore, EarlierRow, LeadRow, PortResult, Unavailable};
use lead_router_core::decision::attempts::{AccountContext, AccountOwner, EarlierLead};
use lead_router_core::decision::record::Record;
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::time::{DAY_MS, Timestamp};

/// How long an earlier lead makes its rep the owner of the account and of the person, in milliseconds: 90 days.
const OWNERSHIP_MS: i64 = 90 * DAY_MS;

/// The record of a decided lead.
///
/// # Errors
/// [`Unavailable`] when the row does not hold one.
pub fn record_of(row: &LeadRow) -> PortResult<Record> {
    serde_json::from_str(&row.body).map_err(|error| Unavailable::new("shard", error.to_string()))
}

/// What the account and the person are known to be. The directory or the CRM wins over an earlier lead.
/// `but` is left out: a lead that is being re-routed is no earlier lead of itself.
pub(crate) fn view(
    store: &impl AccountStore,
    keys: &LeadKeys,
    owner: Option<&AccountOwner>,
    now: Timestamp,
    but: Option<&LeadId>,
) -> PortResult<AccountContext> {
    let since = now.plus_ms(OWNERSHIP_MS.saturating_neg());
    let rep_of = |row: &EarlierRow| RepId::new(&row.rep_id).ok();
    let person = store
        .latest(&keys.person_prefix(), since, but)?
        .and_then(|row| rep_of(&row).map(|rep_id| (row, rep_id)))
        .map(|(row, rep_id)| {
            let is_overruled = is_overruled(&row, &rep_id, owner);
            EarlierLead { lead_id: row.lead_id, rep_id, is_overruled }
        });
    let owner = match owner {
        Some(owner) => Some(owner.clone()),
        None => store
            .latest(&keys.account_prefix(), since, but)?
            .and_then(|row| rep_of(&row).map(|rep_id| AccountOwner { rep_id, source: "earlier_lead".to_owned() })),
    };
    Ok(AccountContext { owner, person, ..AccountContext::default() })
}

/// Whether somebody chose in the CRM since who owns a person: it names another owner than the rep who has them, and than it
/// named when the earlier lead was decided. An owner whom the rep stands in for is no news.
fn is_overruled(earlier: &EarlierRow, rep: &RepId, owner: Option<&AccountOwner>) -> bool {
    let Some(owner) = owner.filter(|owner| owner.is_of_crm() && owner.rep_id != *rep) else { return false };
    let then = if earlier.is_claim {
        serde_json::from_str::<ClaimResponse>(&earlier.body).ok().map(|claimed| claimed.view)
    } else {
        serde_json::from_str::<Record>(&earlier.body).ok().map(|record| record.view)
    };
    then.and_then(|view| view.owner).is_none_or(|then| then.rep_id != owner.rep_id)
}

/// The id of a submission, by how many with its key came before it.
pub(super) fn lead_id(keys: &LeadKeys, generation: u32) -> PortResult<LeadId> {
    keys.lead_id(generation).ok_or_else(|| Unavailable::new("shard", "the hashes make no id"))
}

/// A value as JSON, for a row or an answer.
pub(super) fn json<T: serde::Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("shard", error.to_string()))
}
