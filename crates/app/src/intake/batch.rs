//! Leads that come many at a time. Each is made durable by the queue and taken in from there, so that ten thousand rows
//! need a hundred calls and not thirty thousand.

use crate::intake::{Done, IntakeAnswer, IntakeWorld, Options, accept, fingerprint, id_of, intake};
use crate::ports::PortResult;
use lead_router_core::lead::Lead;
use lead_router_core::time::Timestamp;

/// The key of a row: the sender's, or its content. A row is the same lead however often and however late it comes.
#[must_use]
pub fn key_of(lead: &Lead, named: Option<String>, person_key: &[u8]) -> String {
    named.unwrap_or_else(|| format!("content:{}", fingerprint(lead, person_key)))
}

/// Takes a row in. `None` when it is there already.
///
/// Steps: 1 a lead with this id is a repeat, whatever became of it; 2 it is taken in under its key; 3 when the key belongs
/// to another content and yet there is no such lead, the key is another person's, and both are kept: the id of a lead
/// holds its person too, so this one has the id that its sender was told.
///
/// # Errors
/// As [`intake`].
pub async fn take<W: IntakeWorld>(
    world: &W,
    lead: Lead,
    key: &str,
    received_at: Timestamp,
    options: Options<'_>,
) -> PortResult<Option<Done>> {
    // 1
    if let Some(id) = id_of(&lead, key, options.person_key)
        && world.lead(&id).await?.is_some()
    {
        return Ok(None);
    }
    // 2
    let done = intake(world, lead.clone(), Some(key), received_at, options).await?;
    if done.answer != IntakeAnswer::Conflict {
        return Ok(Some(done));
    }
    // 3
    let done = accept(world, lead, Some(key), received_at, options).await?;
    // Another content of the same person came in between.
    Ok((done.answer != IntakeAnswer::Conflict).then_some(done))
}
