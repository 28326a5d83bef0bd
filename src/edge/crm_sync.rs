//! The cron: takes over what changed in the CRM, and who can own records there.

use super::config;
use super::log;
use super::settings::{Settings, setting};
use super::world::World;
use crate::domain::crm::CrmKind;
use crate::domain::crm::mirror::Heard;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::domain::write_back::Setback;
use crate::flow::crm::{Patience, connect};
use crate::flow::crm_sync::{Taken, take_over};
use crate::flow::intake::Options;
use crate::ports::crm::{Consults, Crm, Since};
use crate::ports::{Clock, PortResult, Unavailable};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Binding and key of where the reading stands.
const CACHE: &str = "CACHE";
const CURSOR: &str = "crm:cursor";
/// Longest time of one run, in milliseconds: the next one, five minutes later, goes on where this one ends.
const RUN_MS_MAX: i64 = 60_000;
/// How far the first run looks back, in milliseconds.
const FIRST_MS: i64 = HOUR_MS;
/// How much of what was read is read again, in milliseconds: searches of a CRM lag behind its records by seconds.
const OVERLAP_MS: i64 = MINUTE_MS;

/// Where the reading of changes stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cursor {
    /// From here on every change was taken over.
    from: Timestamp,
    /// When the round under way began: everything until then was taken over when it ends.
    began: Timestamp,
    /// Where it goes on.
    since: Since,
}

/// Takes over what changed since the last run.
pub async fn run(world: &World) {
    let kind = world.crm();
    if kind == CrmKind::Builtin {
        return;
    }
    match changes(world, kind).await {
        Ok(taken) if taken != Taken::default() => {
            let detail = format!("{} people, {} accounts, {} leads", taken.people, taken.accounts, taken.leads);
            log::info(&log::Line { event: "crm.synced", detail: Some(&detail), ..log::Line::default() });
        }
        Ok(_) => {}
        Err(error) => failed(&error),
    }
}

/// Reads who can own records, so that reps are known by their work address.
pub async fn sellers(world: &World) {
    let kind = world.crm();
    if kind == CrmKind::Builtin {
        return;
    }
    let read = async {
        let crm = connect(world, kind, Patience::CONSUMER).map_err(|setback| unavailable(&setback))?;
        let sellers = crm.sellers().await.map_err(|setback| unavailable(&setback))?;
        let active = sellers.into_iter().filter(|seller| seller.active);
        let ids: BTreeMap<String, String> = active.filter_map(|seller| Some((seller.email?, seller.id))).collect();
        config::put_crm_sellers(&world.env, &ids).await
    };
    if let Err(error) = read.await {
        failed(&error);
    }
}

fn failed(error: &Unavailable) {
    log::error(&log::Line { event: "crm.sync_failed", detail: Some(&error.detail), ..log::Line::default() });
}

fn unavailable(setback: &Setback) -> Unavailable {
    Unavailable::new("crm", setback.code())
}

async fn changes(world: &World, kind: CrmKind) -> PortResult<Taken> {
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    let options = Options { person_key: settings.person_key.as_bytes(), mode: settings.mode, wait: false };
    let is_pulling = setting(&world.env, "CRM_PULL").as_deref() == Some("on");
    let crm = connect(world, kind, Patience::CONSUMER).map_err(|setback| unavailable(&setback))?;
    let began = world.now();
    let mut cursor = read_cursor(world, began).await?;
    let mut all = Taken::default();
    loop {
        let read_at = world.now();
        let page = crm.changes(&cursor.since).await.map_err(|setback| unavailable(&setback))?;
        let next = page.next.clone();
        let new_since = is_pulling.then_some(cursor.from);
        let taken = take_over(world, page, (kind.as_str(), read_at), new_since, options).await?;
        all.people = all.people.saturating_add(taken.people);
        all.accounts = all.accounts.saturating_add(taken.accounts);
        all.leads = all.leads.saturating_add(taken.leads);
        match next {
            Some(next) => cursor.since = next,
            None => {
                let heard = Heard { from: cursor.from, until: cursor.began };
                config::put_crm_heard(&world.env, heard).await?;
                let at = cursor.began.plus_ms(OVERLAP_MS.saturating_neg());
                cursor = Cursor { from: cursor.from, began: world.now(), since: Since { at, page: String::new() } };
                put_cursor(world, &cursor).await?;
                return Ok(all);
            }
        }
        put_cursor(world, &cursor).await?;
        if world.now().ms_since(began) > RUN_MS_MAX {
            return Ok(all);
        }
    }
}

async fn read_cursor(world: &World, now: Timestamp) -> PortResult<Cursor> {
    let failed = |error: worker::KvError| Unavailable::new("kv", error.to_string());
    let cache = world.env.kv(CACHE).map_err(|error| Unavailable::new("kv", error.to_string()))?;
    let text = cache.get(CURSOR).text().await.map_err(failed)?;
    let stored: Option<Cursor> = text.and_then(|text| serde_json::from_str(&text).ok());
    let first = now.plus_ms(FIRST_MS.saturating_neg());
    Ok(match stored {
        // A new round covers what changed until now, not until it was prepared.
        Some(cursor) if cursor.since.page.is_empty() => Cursor { began: now, ..cursor },
        Some(cursor) => cursor,
        None => Cursor { from: first, began: now, since: Since { at: first, page: String::new() } },
    })
}

async fn put_cursor(world: &World, cursor: &Cursor) -> PortResult<()> {
    let failed = |error: worker::KvError| Unavailable::new("kv", error.to_string());
    let cache = world.env.kv(CACHE).map_err(|error| Unavailable::new("kv", error.to_string()))?;
    let text = serde_json::to_string(cursor).map_err(|error| Unavailable::new("kv", error.to_string()))?;
    cache.put(CURSOR, text).map_err(failed)?.execute().await.map_err(failed)
}
