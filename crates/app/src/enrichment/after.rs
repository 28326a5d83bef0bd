//! What is left to do when the sender has its answer: nothing depends on it, and the next lead is faster for it.

use crate::ports::messages::ProviderLookupRequest;
use crate::ports::{Cache, CacheEntry, Clock, ProviderLookups};
use futures_util::future::join_all;

/// A cache entry to write.
#[derive(Debug, Clone)]
pub struct CachePut {
    /// The key.
    pub key: String,
    /// The entry.
    pub entry: CacheEntry,
}

/// What is left to do.
#[derive(Debug, Clone, Default)]
pub struct After {
    /// Cache entries to write.
    pub puts: Vec<CachePut>,
    /// Questions to put again without waiting: those whose answers were not waited for, so that they are kept when they
    /// come, and those whose cached answers are stale.
    pub again: Vec<ProviderLookupRequest>,
}

impl After {
    /// Whether nothing is left to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.again.is_empty()
    }
}

/// Does it. A failed write costs one more call to a provider later, so nothing is done about it.
pub async fn after<W: Cache + Clock + ProviderLookups>(world: &W, after: After) {
    let After { mut puts, again } = after;
    let answers = join_all(again.iter().map(|question| world.look_up(question))).await;
    for (question, looked_up) in again.iter().zip(answers) {
        // An answer that came while the lead was being decided.
        let Some(reading) = looked_up.ok().and_then(|looked_up| looked_up.reading) else { continue };
        let place = puts.iter().position(|put| put.key == question.subject);
        let entry = match place.and_then(|place| puts.get_mut(place)) {
            Some(put) => &mut put.entry,
            None => {
                let read = world.get(std::slice::from_ref(&question.subject)).await.unwrap_or_default();
                puts.push(CachePut {
                    key: question.subject.clone(),
                    entry: read.into_iter().next().unwrap_or_default(),
                });
                let Some(put) = puts.last_mut() else { continue };
                &mut put.entry
            }
        };
        entry.insert(question.provider.to_string(), reading);
    }
    for put in puts {
        let _ = world.put(&put.key, &put.entry, world.now()).await;
    }
}
