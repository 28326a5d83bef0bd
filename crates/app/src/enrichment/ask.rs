//! One question of a run, with everything it takes to put it, so that it can go on while the run does something else.

use crate::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use crate::ports::{CachedReading, Clock, Directory, ProviderLookups};
use lead_router_core::directory::DirectoryRow;
use lead_router_core::enrichment::waterfall::results::{FOUND, NOT_FOUND, UNAVAILABLE};
use lead_router_core::id::ProviderId;
use lead_router_core::time::{DAY_MS, Timestamp};

/// How long an answer of the directory is kept; an import makes it stale at once.
const DIRECTORY_MS: i64 = DAY_MS;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum SourceQuery {
    /// The directory, by domain or name key.
    Directory { domain: Option<String>, name: Option<String>, version: String },
    /// A provider, through the object that has all questions about a subject: leads of one company ask once.
    Http(Box<ProviderLookupRequest>),
}

/// What a question came to.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: ProviderId,
    /// Cache key of what was asked about.
    pub(super) key: Option<String>,
    pub(super) looked_up: ProviderLookupResponse,
    pub(super) ms: u32,
}

/// Puts a question. Never an error: what goes wrong is in the reply.
pub(super) async fn ask<W: Clock + Directory + ProviderLookups>(
    world: &W,
    id: ProviderId,
    key: Option<String>,
    question: SourceQuery,
) -> Reply {
    let before = world.now();
    let looked_up = match question {
        SourceQuery::Directory { domain, name, version } => {
            match world.find(domain.as_deref(), name.as_deref()).await {
                Ok(row) => {
                    let result = if row.is_some() { FOUND } else { NOT_FOUND };
                    let reading = Some(directory_reading(row.as_ref(), version, before));
                    ProviderLookupResponse { reading, result: result.to_owned(), shared: false, hedge: None }
                }
                Err(_) => ProviderLookupResponse::failed(UNAVAILABLE),
            }
        }
        SourceQuery::Http(question) => {
            world.look_up(&question).await.unwrap_or_else(|_| ProviderLookupResponse::failed(UNAVAILABLE))
        }
    };
    let ms = u32::try_from(world.now().ms_since(before)).unwrap_or(0);
    Reply { id, key, looked_up, ms }
}

fn directory_reading(row: Option<&DirectoryRow>, version: String, now: Timestamp) -> CachedReading {
    let facts = row.map(|row| row.facts(now)).unwrap_or_default();
    CachedReading {
        facts: facts.into_iter().map(|(field, fact)| (field.path().to_owned(), fact)).collect(),
        owner_rep_id: row.and_then(|row| row.owner_rep_id.as_ref().map(ToString::to_string)),
        until: now.plus_ms(DIRECTORY_MS),
        version,
        blocked: false,
    }
}
