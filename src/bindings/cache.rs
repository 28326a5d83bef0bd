//! The cache of provider answers, in KV.

use crate::bindings::platform;
use crate::bindings::world::World;
use lead_router_app::ports::{Cache, CacheEntry, CachedReading, PortResult, Unavailable};
use lead_router_core::time::Timestamp;
use worker::KvStore;

/// Binding of the cache.
const CACHE: &str = "CACHE";
/// Shortest life of an entry, in seconds: KV takes no shorter one.
const LIFE_S_MIN: u64 = 60;
/// Most keys of one read: KV takes no more.
const KEYS_MAX: usize = 100;

fn failed(error: impl ToString) -> Unavailable {
    Unavailable::new("kv", error.to_string())
}

impl World {
    fn cache(&self) -> PortResult<KvStore> {
        self.env.kv(CACHE).map_err(failed)
    }
}

impl Cache for World {
    async fn get(&self, keys: &[String]) -> PortResult<Vec<CacheEntry>> {
        let mut entries = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_MAX) {
            let mut found = match keys {
                // One key is read the short way: the bulk form costs a request body and a map.
                [key] => [(key.clone(), platform::kv(&self.env, CACHE, key).await?)].into_iter().collect(),
                keys => self.cache()?.get_bulk(keys).text().await.map_err(failed)?,
            };
            for key in keys {
                let text: Option<String> = found.remove(key).flatten();
                // What another version wrote and this one cannot read counts as absent.
                entries.push(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default());
            }
        }
        Ok(entries)
    }

    async fn put(&self, key: &str, entry: &CacheEntry, now: Timestamp) -> PortResult<()> {
        let until = entry.values().map(CachedReading::usable_until).max().unwrap_or(now);
        let life_s = u64::try_from(until.ms_since(now).checked_div(1_000).unwrap_or(0)).unwrap_or(0).max(LIFE_S_MIN);
        let text = serde_json::to_string(entry).map_err(failed)?;
        let put = self.cache()?.put(key, text).map_err(failed)?;
        put.expiration_ttl(life_s).execute().await.map_err(failed)
    }
}
