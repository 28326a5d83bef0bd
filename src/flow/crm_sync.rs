//! Changes in the CRM are taken over: into the mirror of each Desk, and new records as leads.

use super::intake::Options;
use crate::domain::crm::mirror::{Mirror, Seen};
use crate::domain::desk::{AccountHash, LeadKeys};
use crate::domain::lead::check;
use crate::domain::time::Timestamp;
use crate::ports::crm::{ChangedPerson, Changes};
use crate::ports::jobs::Job;
use crate::ports::messages::Learn;
use crate::ports::{Desks, Jobs, PortResult};

/// What a page of changes came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// People whose record changed.
    pub people: u32,
    /// Companies.
    pub accounts: u32,
    /// New records that become leads.
    pub leads: u32,
}

/// Takes over a page of changes that was read at `at`.
///
/// A record that somebody else made since `new_since` becomes a lead, once however often it is read; with `None` none does.
/// One that this program made or wrote to never does, so nothing goes in circles. A record without a usable address is
/// nobody's lead and in nobody's mirror.
///
/// # Errors
/// `Unavailable` when a Desk or the queue fails. Taking over again changes nothing.
pub async fn take_over<W: Desks + Jobs>(
    world: &W,
    changes: Changes,
    (crm, at): (&str, Timestamp),
    new_since: Option<Timestamp>,
    options: Options<'_>,
) -> PortResult<Taken> {
    let mut taken = Taken::default();
    for (domain, state) in changes.accounts {
        let account = AccountHash::new(options.person_key, &domain);
        let read = Mirror { person: None, account: Some(Seen { state: Some(state), at }) };
        let desk = account.desk();
        world.learn(&desk, &Learn { account, person: String::new(), read }).await?;
        taken.accounts = taken.accounts.saturating_add(1);
    }
    let mut jobs = Vec::new();
    for changed in changes.people {
        let ChangedPerson { state, created_at, is_ours, lead, .. } = changed;
        let Ok(lead) = check(*lead, at) else { continue };
        let keys = LeadKeys::new(options.person_key, &lead.account_key(), lead.person_key(), "");
        let key = format!("crm:{crm}:{}", state.id);
        let read = Mirror { person: Some(Seen { state: Some(state), at }), account: None };
        let desk = keys.account.desk();
        world.learn(&desk, &Learn { account: keys.account, person: keys.person, read }).await?;
        taken.people = taken.people.saturating_add(1);
        if !is_ours && new_since.is_some_and(|since| created_at >= since) {
            taken.leads = taken.leads.saturating_add(1);
            jobs.push(Job::Take { lead: Box::new(lead), key, received_at: at });
        }
    }
    if !jobs.is_empty() {
        world.enqueue(&jobs, 0).await?;
    }
    Ok(taken)
}
