//! The consumer: decisions become contacts, assignments and ledger lines.

use crate::domain::route::decision::Record;
use crate::ports::messages::{Job, Standing};
use crate::ports::{Desks, Ledger, PortResult, Unavailable};

/// The record of a delivery job: from the message, or from its Desk when it did not fit.
///
/// `None` when there is nothing to deliver: the lead is open again, or its Desk does not know it.
///
/// # Errors
/// [`Unavailable`] when the Desk cannot be reached or the message holds something else.
pub async fn record_of(world: &impl Desks, job: &Job) -> PortResult<Option<Record>> {
    let Job::Deliver { lead_id, record } = job else {
        return Ok(None);
    };
    match record {
        Some(text) => {
            serde_json::from_str(text).map(Some).map_err(|error| Unavailable::new("queue", error.to_string()))
        }
        None => Ok(match world.lead(lead_id).await? {
            Some(Standing::Decided { record, .. }) => Some(*record),
            Some(Standing::Open { .. }) | None => None,
        }),
    }
}

/// Writes the effects of some records, all or none.
///
/// # Errors
/// [`Unavailable`] when the ledger fails; nothing is written then, and writing again changes nothing twice.
pub async fn deliver(ledger: &impl Ledger, records: &[Record]) -> PortResult<()> {
    if records.is_empty() { Ok(()) } else { ledger.write(records).await }
}
