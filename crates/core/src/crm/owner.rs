//! Who owns a lead according to the CRM.

use crate::crm::CrmKind;
use crate::crm::state::{OwnerRef, State};
use crate::decision::index::RosterIndex;
use crate::enrichment::provider::merge::Facted;
use crate::facts::{Fact, FactValue, Field};
use crate::id::{ProviderId, RepId};
use crate::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// How long after a call, mail or meeting a person belongs to who made it, in milliseconds: 90 days, as an earlier lead.
pub const TOUCH_MS: i64 = 90 * DAY_MS;

/// An owner whom the CRM names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmOwner {
    /// Why they own the lead: `crm_open_deal`, `crm_account`, `crm_person` or `crm_last_touch`.
    pub code: String,
    /// Id in the CRM.
    pub id: String,
    /// The rep; `None` when nobody of the roster has this id, or the CRM says that the owner left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep_id: Option<RepId>,
}

/// Who owns a lead according to the CRM: the first of
/// 1. the owner of the open deal that changed last (ties: the smaller id);
/// 2. the owner of the company;
/// 3. the owner of the person's record;
/// 4. whoever was last in touch with the person, within [`TOUCH_MS`] before `now`.
///
/// One whom the roster knows goes before one whom it does not: a record that still belongs to somebody who left says
/// nothing while another names a colleague who is here. `None` when nobody is named at all.
#[must_use]
pub fn owner(state: &State, kind: CrmKind, index: &RosterIndex, now: Timestamp) -> Option<CrmOwner> {
    let named: Vec<CrmOwner> = named(state, now)
        .into_iter()
        .map(|(code, owner)| CrmOwner {
            code: code.to_owned(),
            id: owner.id.clone(),
            rep_id: index.rep_of_crm(kind, &owner.id).filter(|_| owner.active).cloned(),
        })
        .collect();
    named.iter().find(|owner| owner.rep_id.is_some()).or(named.first()).cloned()
}

fn named(state: &State, now: Timestamp) -> Vec<(&'static str, &OwnerRef)> {
    let mut named = Vec::new();
    if let Some(account) = &state.account {
        let mut deals: Vec<_> = account.deals.iter().filter(|deal| deal.owner.is_some()).collect();
        deals.sort_by(|a, b| b.changed_at.cmp(&a.changed_at).then_with(|| a.id.cmp(&b.id)));
        named.extend(deals.into_iter().filter_map(|deal| deal.owner.as_ref()).map(|owner| ("crm_open_deal", owner)));
        named.extend(account.owner.as_ref().map(|owner| ("crm_account", owner)));
    }
    if let Some(person) = &state.person {
        named.extend(person.owner.as_ref().map(|owner| ("crm_person", owner)));
        let touched = person.touched.as_ref().filter(|touch| now.ms_since(touch.at) <= TOUCH_MS);
        named.extend(touched.and_then(|touch| touch.by.as_ref()).map(|owner| ("crm_last_touch", owner)));
    }
    named
}

/// Who says what the CRM says, among the facts.
pub const CRM: &str = "crm";

/// What the CRM says about the account, as facts for the rubric.
#[must_use]
pub fn facts(state: &State, at: Timestamp) -> Facted {
    let (Some(account), Ok(crm)) = (&state.account, ProviderId::new(CRM)) else {
        return Vec::new();
    };
    let fact = |value| Fact { value, provider: crm.clone(), at };
    let mut facts = vec![(Field::AccountOpenDeal, fact(FactValue::Flag(!account.deals.is_empty())))];
    if let Some(status) = account.status {
        facts.push((Field::AccountStatus, fact(FactValue::Text(status.as_str().to_owned()))));
    }
    if account.owner.is_some() {
        facts.push((Field::AccountOwned, fact(FactValue::Flag(true))));
    }
    facts
}
