//! Leads that come many at a time. Each is made durable by the queue and taken in from there, so that ten thousand rows
//! need a hundred calls and not thirty thousand.

use super::intake::{Answer, Done, Options, World, fingerprint, intake};
use crate::domain::desk::LeadKeys;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::time::Timestamp;
use crate::ports::PortResult;

/// The key of a row: the sender's, or its content. A row is the same lead however often and however late it comes.
#[must_use]
pub fn key_of(lead: &Lead, named: Option<String>) -> String {
    named.unwrap_or_else(|| format!("content:{}", fingerprint(lead)))
}

/// The id that a row will have; `None` only when no hash can be made.
#[must_use]
pub fn id_of(lead: &Lead, key: &str, person_key: &[u8]) -> Option<LeadId> {
    LeadKeys::new(person_key, &lead.account_key(), lead.person_key(), &format!("key:{key}")).lead_id(0)
}

/// Takes a row in. `None` when it is there already.
///
/// Steps: 1 a lead with this id is a repeat, whatever became of it; 2 it is taken in under its key; 3 when the key belongs
/// to another lead, it is taken under a key of its own: its sender was told that it is accepted, so it must not be lost.
///
/// # Errors
/// As [`intake`].
pub async fn take<W: World>(
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
    if done.answer != Answer::Conflict {
        return Ok(Some(done));
    }
    // 3
    let own = format!("{key}:{}", fingerprint(&lead));
    intake(world, lead, Some(&own), received_at, options).await.map(Some)
}
