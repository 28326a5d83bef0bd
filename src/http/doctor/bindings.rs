//! What the platform has to give: storage, objects, queue, counters, and a ledger that keeps up.

use crate::bindings::objects::{ACCOUNT_SHARD, PROVIDER_LOOKUP, REP_POOL, call as ask};
use crate::bindings::platform;
use crate::bindings::world::World;
use crate::http::audit::lines;
use crate::http::audit::people::shards;
use crate::http::doctor::DoctorLine;
use futures_util::{StreamExt, TryStreamExt, stream};
use lead_router_app::ports::messages::LeadStatus;
use lead_router_app::ports::rate_limits::RateLimits;
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::audit::heads::Heads;
use lead_router_core::id::LeadId;
use lead_router_core::roster::model::Pool;
use lead_router_core::vendor::AcquireRequest;
use serde_json::Value;
use std::collections::BTreeMap;
use worker::Env;
use worker::js_sys::Reflect;
use worker::wasm_bindgen::JsValue;

const AREA: &str = "bindings";
/// Every migration, with a table or column that it made.
const MIGRATIONS: [(&str, &str, &str); 8] = [
    ("0001_ledger", "decisions", "record"),
    ("0002_forms", "forms", "body"),
    ("0003_audit", "events", "event_id"),
    ("0004_messages", "messages", "posted"),
    ("0005_config", "config_versions", "body"),
    ("0006_refused_events", "refused_events", "codes"),
    ("0007_erasures", "erasures", "shards_left"),
    ("0008_seals", "decisions", "seal"),
];
/// Counters that a deployment may do without.
const COUNTERS: [&str; 2] = ["FORM_POSTS_PER_CLIENT", "FORM_POSTS_PER_FORM"];
/// account shards that are asked at a time: a request may have six connections.
const AT_ONCE: usize = 6;

/// Every binding, each by using it.
pub async fn check(world: &World) -> Vec<DoctorLine> {
    let mut found = Vec::new();
    for name in ["CONFIG", "CACHE"] {
        let read = platform::kv(&world.env, name, "doctor").await;
        found.push(DoctorLine::tried(AREA, format!("KV {name}"), &read, "bind a KV namespace under this name"));
    }
    found.extend(database(world).await);
    for name in ["JOBS", "CRM_JOBS", "NOTIFY_JOBS"] {
        let queue = world.env.queue(name).map_err(|error| Unavailable::new("queue", error.to_string()));
        let message = "bind its queue of wrangler.toml as a producer under this name, and this Worker as its consumer";
        found.push(DoctorLine::tried(AREA, format!("queue {name}"), &queue, message));
    }
    found.extend(objects(world).await);
    for name in COUNTERS {
        let is_bound = Reflect::get(world.env.as_ref(), &JsValue::from_str(name)).is_ok_and(|it| !it.is_undefined());
        let name = format!("counter {name}");
        let off = "not bound: forms may be posted as often as anybody likes";
        found.push(if is_bound { DoctorLine::ok(AREA, name) } else { DoctorLine::off(AREA, name, off) });
    }
    found
}

async fn database(world: &World) -> Vec<DoctorLine> {
    let query = "SELECT json_object('table', m.name, 'column', c.name) AS line FROM sqlite_master m, \
        pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name IN ('decisions', 'forms', 'events', 'messages', 'config_versions', 'refused_events', 'erasures')";
    let columns = lines(&world.env, query, &[]).await;
    let mut found = vec![DoctorLine::tried(AREA, "D1 DB", &columns, "bind a D1 database under this name")];
    let Ok(columns) = columns else { return found };
    for (migration, table, column) in MIGRATIONS {
        let is_there = columns.iter().any(|it| it["table"] == table && it["column"] == column);
        let name = format!("migration {migration}");
        found.push(if is_there {
            DoctorLine::ok(AREA, name)
        } else {
            let message = "apply the migrations: `wrangler d1 migrations apply DB --remote`";
            DoctorLine::problem(AREA, name, "missing_migration", message)
        });
    }
    found
}

/// One object of every class, asked something that changes nothing.
async fn objects(world: &World) -> Vec<DoctorLine> {
    let nobody = LeadId::new("0000000000000000-0000000000-000000000000");
    let shard: PortResult<Option<LeadStatus>> = match nobody {
        Ok(nobody) => ask(&world.env, ACCOUNT_SHARD, "shard-00", "lead", &nobody).await,
        Err(error) => Err(Unavailable::new("shard", error.to_string())),
    };
    let team = ask::<_, Pool>(&world.env, REP_POOL, "doctor", "get", &()).await;
    let lookup = ask::<_, Vec<String>>(&world.env, PROVIDER_LOOKUP, "lookup-0", "circuit_open", &()).await;
    let limiter = world.acquire("doctor", &AcquireRequest::new(&[], world.now())).await;
    let message = "the object does not answer: see that its class is bound and in the migrations of wrangler.toml";
    vec![
        DoctorLine::tried(AREA, "object ACCOUNT_SHARD", &shard, message),
        DoctorLine::tried(AREA, "object REP_POOL", &team, message),
        DoctorLine::tried(AREA, "object PROVIDER_LOOKUP", &lookup, message),
        DoctorLine::tried(AREA, "object RATE_LIMITER", &limiter, message),
    ]
}

/// Number and hash of the last record of every account shard that has any, from the account shards themselves.
///
/// # Errors
/// When one does not answer.
pub async fn heads(env: &Env) -> PortResult<Heads> {
    let asked = shards().map(|shard| async move {
        let head = ask::<_, (u64, String)>(env, ACCOUNT_SHARD, &shard, "head", &()).await?;
        Ok::<_, Unavailable>((shard, head))
    });
    let all: Heads = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().filter(|(_, (seq, _))| *seq > 0).collect())
}

/// Whether the ledger has what the account shards decided. One that is behind for more than a minute has lost messages; one that
/// says something else was changed.
pub async fn chains(world: &World) -> Vec<DoctorLine> {
    let query = "SELECT json_object('shard', shard, 'seq', seq, 'hash', hash) AS line FROM decisions \
        WHERE seq IS NOT NULL \
        GROUP BY shard HAVING seq = max(seq)";
    let Ok(rows) = lines(&world.env, query, &[]).await else {
        return vec![DoctorLine::problem("ledger", "chains", "unavailable", "the database does not answer")];
    };
    let last: BTreeMap<String, (u64, String)> = rows.iter().filter_map(head).collect();
    let asked = shards().map(|shard| async move {
        let head = ask::<_, (u64, String)>(&world.env, ACCOUNT_SHARD, &shard, "head", &()).await;
        (shard, head)
    });
    let heads: Vec<(String, PortResult<(u64, String)>)> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let mut found = Vec::new();
    for (shard, head) in heads {
        let Ok((seq, hash)) = head else {
            found.push(DoctorLine::problem(
                "ledger",
                shard,
                "unavailable",
                "the account shard does not answer; try again",
            ));
            continue;
        };
        let (known, known_hash) = last.get(&shard).cloned().unwrap_or_default();
        if known < seq {
            let message = format!(
                "the ledger ends at {known} and the account shard at {seq}: look again in a minute, then at the dead letters"
            );
            found.push(DoctorLine::problem("ledger", shard, "ledger_behind", message));
        } else if known > seq {
            let message = format!(
                "the ledger ends at {known} and the account shard at {seq}: its last records are not of this program"
            );
            found.push(DoctorLine::problem("ledger", shard, "ledger_ahead", message));
        } else if known == seq && known_hash != hash {
            let message =
                "the last record of the ledger is not the account shard's: export it with `record=1` and verify it";
            found.push(DoctorLine::problem("ledger", shard, "head_differs", message));
        }
    }
    if found.is_empty() {
        found.push(DoctorLine::ok("ledger", "chains").saying("every account shard's last record is in the ledger"));
    }
    found
}

fn head(row: &Value) -> Option<(String, (u64, String))> {
    let hash = row.get("hash")?.as_str()?.to_owned();
    Some((row.get("shard")?.as_str()?.to_owned(), (row.get("seq")?.as_u64()?, hash)))
}
