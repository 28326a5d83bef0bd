//! The consumer's part in a decision: ledger, contacts and inbox are written, and what happens outside is put on its queues.

use crate::crm::write_back::write_of;
use crate::ports::crm::CrmLookups;
use crate::ports::jobs::Job;
use crate::ports::{AccountShards, DecisionLedger, Jobs, OutboxRow, PortResult, Unavailable};
use lead_router_core::crm::CrmKind;
use lead_router_core::decision::record::{Mode, Record};
use lead_router_core::id::LeadId;

/// Largest message of a queue in bytes, as encoded. The platform takes 128,000 bytes with some hundred of its own.
pub const MESSAGE_BYTES_MAX: usize = 120_000;

/// The job that delivers a record: with the record inside, unless the message would be too large *as encoded*. A quote in the
/// record is up to four bytes in the message.
#[must_use]
pub fn delivery_job(row: OutboxRow) -> Job {
    let OutboxRow { seq, lead_id, record } = row;
    let is_large = record.as_ref().is_some_and(|record| record.len() > MESSAGE_BYTES_MAX);
    let job = Job::Deliver { lead_id: lead_id.clone(), seq, record: record.filter(|_| !is_large) };
    match serde_json::to_string(&job) {
        Ok(text) if text.len() <= MESSAGE_BYTES_MAX => job,
        _ => Job::Deliver { lead_id, seq, record: None },
    }
}

/// The record of a delivery job: from the message, or from the outbox of its account shard when it did not fit.
///
/// `None` when there is nothing to deliver: it was delivered before, or erased.
///
/// # Errors
/// [`Unavailable`] when the account shard cannot be reached or the message holds something else.
pub async fn record_of(
    world: &impl AccountShards,
    lead_id: &LeadId,
    seq: u64,
    record: Option<&str>,
) -> PortResult<Option<Record>> {
    match record {
        Some(text) => {
            serde_json::from_str(text).map(Some).map_err(|error| Unavailable::new("queue", error.to_string()))
        }
        None => world.record(lead_id, seq).await,
    }
}

/// Writes the effects of some records into the tables of this program, all or none, and puts what happens outside on its
/// queues, where each effect is tried by itself.
///
/// # Errors
/// [`Unavailable`] when the ledger or a queue fails. Delivering again changes nothing twice: every
/// effect has its own id.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn job(record: &str) -> Job {
        let lead_id = LeadId::new("0123456789abcdef-0123456789-0123456789ab").unwrap();
        delivery_job(OutboxRow { seq: 1, lead_id, record: Some(record.to_owned()) })
    }

    fn carries_record(job: &Job) -> bool {
        matches!(job, Job::Deliver { record: Some(_), .. })
    }

    /// The text of the longest record that fits, of one character.
    fn longest(character: char, encoded_bytes: usize) -> String {
        let frame = serde_json::to_string(&job("")).unwrap().len();
        character.to_string().repeat(MESSAGE_BYTES_MAX.saturating_sub(frame).checked_div(encoded_bytes).unwrap())
    }

    #[test]
    fn a_record_travels_inside_up_to_the_size_of_the_encoded_message_and_not_one_byte_more() {
        for (character, encoded_bytes) in [('a', 1), ('"', 2), ('\\', 2), ('\u{1}', 6)] {
            let fits = longest(character, encoded_bytes);
            let message = serde_json::to_string(&job(&fits)).unwrap();
            assert!(carries_record(&job(&fits)) && message.len() <= MESSAGE_BYTES_MAX, "{character:?}");
            let over = fits + &character.to_string();
            assert!(!carries_record(&job(&over)), "{character:?}");
        }
    }
}
