//! The consumer: decisions become contacts, assignments and ledger lines, and what the CRM is told.

use crate::crm::write_back::write_of;
use crate::ports::crm::CrmLookups;
use crate::ports::jobs::Job;
use crate::ports::messages::LeadStatus;
use crate::ports::{AccountShards, DecisionLedger, Jobs, PortResult, Unavailable};
use lead_router_core::crm::CrmKind;
use lead_router_core::decision::record::{Mode, Record};

/// The record of a delivery job: from the message, or from its account shard when it did not fit.
///
/// `None` when there is nothing to deliver: the lead is open again, or its account shard does not know it.
///
/// # Errors
/// [`Unavailable`] when the account shard cannot be reached or the message holds something else.
pub async fn record_of(world: &impl AccountShards, job: &Job) -> PortResult<Option<Record>> {
    let Job::Deliver { lead_id, record } = job else {
        return Ok(None);
    };
    match record {
        Some(text) => {
            serde_json::from_str(text).map(Some).map_err(|error| Unavailable::new("queue", error.to_string()))
        }
        None => Ok(match world.lead(lead_id).await? {
            Some(LeadStatus::Decided { record, .. }) => Some(*record),
            Some(LeadStatus::Open { .. }) | None => None,
        }),
    }
}

/// Writes the effects of some records into the tables of this program, all or none, and puts what happens outside on its
/// queues, where each effect is tried by itself.
///
/// # Errors
/// [`Unavailable`] when the ledger or a queue fails. Delivering again changes nothing twice: every effect has its own id.
pub async fn deliver<W: DecisionLedger + Jobs + CrmLookups>(world: &W, records: &[Record]) -> PortResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    world.write(records).await?;
    let jobs: Vec<Job> = records.iter().flat_map(|record| effects(record, world.crm())).collect();
    if jobs.is_empty() { Ok(()) } else { world.enqueue(&jobs, 0).await }
}

/// What happens outside because of a decision; nothing in shadow mode.
fn effects(record: &Record, crm: CrmKind) -> Vec<Job> {
    if record.decision.mode != Mode::Live {
        return Vec::new();
    }
    let write = write_of(record).filter(|_| crm != CrmKind::Builtin);
    write.map(|write| Job::Crm { write: Box::new(write), tries: 0 }).into_iter().collect()
}
