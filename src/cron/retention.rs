//! Retention: what the ledger and the account shards know about people is removed after `RETENTION_DAYS`, some of it every hour.
//! Hashes, ids and what was decided stay, so the chain still verifies. Without the setting everything is kept.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::log;
use crate::bindings::objects::{ACCOUNT_SHARD, call as ask};
use crate::bindings::settings::Settings;
use crate::bindings::world::World;
use crate::http::audit::lines;
use crate::http::audit::people::{self, PersonRow, blank, shards};
use crate::objects::account_shard::erasure::{Erase, Erased};
use futures_util::future::join_all;
use lead_router_app::ports::{Clock, PortResult};
use lead_router_core::time::{DAY_MS, HOUR_MS, Timestamp};
use worker::wasm_bindgen::JsValue;

/// Binding and key of the place in the ledger up to which everything was removed.
const CACHE: &str = "CACHE";
const CURSOR: &str = "retention:cursor";
/// Decisions of one step: a few may come with their records, to be hashed.
const ROWS: u32 = 200;
/// Most steps of one hour: 5,000 decisions, more than arrive in an hour of a busy day.
const STEPS_MAX: u32 = 25;
/// account shards that are looked through in one hour: each has its turn three times a day.
const DESKS_AN_HOUR: usize = 8;
/// Leads of an account shard that lose their content in one hour.
const LEADS_OF_DESK_MAX: u32 = 1_000;

/// Removes what is due: first what an erasure had to leave.
pub async fn run(world: &World) {
    let Ok(settings) = Settings::read(&world.env) else { return };
    report("erasures", people::again(world, settings.person_key.as_bytes()).await);
    let Some(days) = settings.retention_days else { return };
    let now = world.now();
    let before = now.plus_ms(i64::from(days).saturating_mul(DAY_MS).saturating_neg());
    report("ledger", ledger(world, settings.person_key.as_bytes(), before, now).await);
    report("shards", in_desks(world, before, now).await);
}

fn report(what: &str, done: PortResult<()>) {
    if let Err(error) = done {
        let detail = Some(error.detail.as_str());
        log::error(&log::LogLine { event: "retention.failed", code: Some(what), detail, ..log::LogLine::default() });
    }
}

/// The ledger, and with each decision the inbox entry and the contact that came of it. A contact with a newer lead stays.
async fn ledger(world: &World, key: &[u8], before: Timestamp, now: Timestamp) -> PortResult<()> {
    let cache = world.env.kv(CACHE).map_err(failed)?;
    let mut cursor = cache.get(CURSOR).text().await.map_err(failed)?.unwrap_or_default();
    for _ in 0..STEPS_MAX {
        let (at_ms, id) = cursor.split_once('_').unwrap_or(("0", ""));
        let query = format!(
            "SELECT json_object('at_ms', at_ms, 'decision_id', decision_id, 'lead_id', lead_id, 'rep_id', rep_id, \
             'hash', hash, 'record', iif(hash IS NULL, record, NULL)) AS line FROM decisions \
             WHERE (at_ms, decision_id) > (?1, ?2) AND at_ms < ?3 AND erased_ms IS NULL \
             ORDER BY at_ms, decision_id LIMIT {ROWS}"
        );
        let bind = [number(at_ms.parse().unwrap_or(0)), JsValue::from_str(id), number(before.as_ms())];
        let rows = lines(&world.env, &query, &bind).await?;
        let rows: Vec<PersonRow> =
            rows.into_iter().map(|row| serde_json::from_value(row).map_err(failed)).collect::<PortResult<_>>()?;
        let Some(last) = rows.last() else { break };
        let is_end = rows.len() < usize::try_from(ROWS).unwrap_or(usize::MAX);
        cursor = format!("{}_{}", last.at_ms, last.decision_id);
        let rows: Vec<PersonRow> = rows.into_iter().map(|row| row.with_hash(key)).collect();
        let text = serde_json::to_string(&rows).map_err(failed)?;
        let statement =
            |query: &str| database(&world.env)?.prepare(query).bind(&[JsValue::from_str(&text)]).map_err(failed);
        let batch = vec![
            blank(&world.env, &rows, now)?,
            statement(
                "DELETE FROM assignments WHERE (rep_id, at_ms, lead_id) IN (SELECT value ->> 'rep_id', \
                 value ->> 'at_ms', value ->> 'lead_id' FROM json_each(?1))",
            )?,
            statement(
                "DELETE FROM contacts WHERE (contact_id, lead_id) IN (SELECT substr(value ->> 'lead_id', 1, 27), \
                 value ->> 'lead_id' FROM json_each(?1))",
            )?,
        ];
        database(&world.env)?.batch(batch).await.map_err(failed)?;
        cache.put(CURSOR, cursor.clone()).map_err(failed)?.execute().await.map_err(failed)?;
        if is_end {
            break;
        }
    }
    let events = database(&world.env)?.prepare("DELETE FROM refused_events WHERE at_ms < ?1");
    events.bind(&[number(before.as_ms())]).map_err(failed)?.run().await.map_err(failed)?;
    let letters = database(&world.env)?.prepare("DELETE FROM dead_letters WHERE at_ms < ?1");
    letters.bind(&[number(before.as_ms())]).map_err(failed)?.run().await.map_err(failed).map(|_| ())
}

/// Some account shards, others every hour.
async fn in_desks(world: &World, at: Timestamp, now: Timestamp) -> PortResult<()> {
    let hour = usize::try_from(now.as_ms().checked_div(HOUR_MS).unwrap_or(0)).unwrap_or(0);
    let first = hour.saturating_mul(DESKS_AN_HOUR);
    let names: Vec<String> = shards().collect();
    let turn = names.iter().cycle().skip(first.checked_rem(names.len()).unwrap_or(0)).take(DESKS_AN_HOUR);
    let question = Erase::Before { at, limit: LEADS_OF_DESK_MAX };
    let asked =
        join_all(turn.map(|shard| ask::<_, Erased>(&world.env, ACCOUNT_SHARD, shard, "erase", &question))).await;
    asked.into_iter().collect::<PortResult<Vec<Erased>>>().map(|_| ())
}
