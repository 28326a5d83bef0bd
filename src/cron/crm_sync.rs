//! The cron: takes over what changed in the CRM, and who can own records there.

use crate::bindings::settings::{Settings, setting};
use crate::bindings::world::World;
use crate::bindings::{config, log};
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::crm::sync::{Sync, SyncResult, read_all, sync, unavailable};
use lead_router_app::crm::{CallBudget, connect};
use lead_router_app::intake::Options;
use lead_router_app::ports::crm::{Crm, CrmLookups, DeliveryResult, SyncCursor, SyncCursors, SyncKind};
use lead_router_app::ports::{PortResult, Unavailable};
use lead_router_core::crm::CrmKind;
use lead_router_core::crm::snapshot::SyncedRange;
use lead_router_core::vendor::DeliveryError;
use serde_json::json;
use std::collections::BTreeMap;
use worker::KvStore;

/// Binding of where the readings stand.
const CACHE: &str = "CACHE";

/// Takes over what changed since the last run.
pub async fn run(world: &World) {
    let kind = world.crm();
    if kind == CrmKind::Builtin {
        return;
    }
    match read(world, kind).await {
        Ok(taken) if taken != SyncResult::default() => {
            let detail = format!("{} people, {} accounts, {} leads", taken.people, taken.accounts, taken.leads);
            log::info(&log::LogLine { event: "crm.synced", detail: Some(&detail), ..log::LogLine::default() });
        }
        Ok(_) => {}
        Err(error) => failed(&error),
    }
}

async fn read(world: &World, kind: CrmKind) -> PortResult<SyncResult> {
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    let options = Options { person_key: settings.person_key.as_bytes(), mode: settings.mode, wait: false };
    let is_pulling = setting(&world.env, "CRM_PULL").as_deref() == Some("on");
    let crm = connect(world, kind, CallBudget::CONSUMER).map_err(|setback| unavailable(&setback))?;
    sync(world, &crm, &Sync { kind, is_pulling, options }).await
}

/// `POST /v1/crm:resync`: has everything read that the CRM has, once more if it was read before. The cron does it.
pub async fn again(call: &Call<'_>) -> ApiResult {
    let world = &call.world;
    if world.crm() == CrmKind::Builtin {
        let message = "no CRM outside is connected: set `CRM`, see docs/CRM.md";
        return Err(ApiError::new(409, "no_crm", message));
    }
    read_all(world).await?;
    json(202, &json!({"status": "begun", "progress": "GET /v1/doctor, line `snapshot`"}))
}

/// Reads who can own records, once an hour.
pub async fn hourly(world: &World) {
    if world.crm() == CrmKind::Builtin {
        return;
    }
    if let Err(setback) = crm_users(world).await {
        failed(&unavailable(&setback));
    }
}

/// Reads who can own records, so that reps are known by their work address.
///
/// # Errors
/// Those of the CRM; [`DeliveryError::Retryable`] when KV fails.
pub async fn crm_users(world: &World) -> DeliveryResult<()> {
    let crm = connect(world, world.crm(), CallBudget::CONSUMER)?;
    let active = crm.crm_users().await?.into_iter().filter(|seller| seller.active);
    let ids: BTreeMap<String, String> = active.filter_map(|seller| Some((seller.email?, seller.id))).collect();
    config::put_crm_users(&world.env, &ids).await.map_err(|error| DeliveryError::retryable(error.port, None))
}

fn failed(error: &Unavailable) {
    log::error(&log::LogLine { event: "crm.sync_failed", detail: Some(&error.detail), ..log::LogLine::default() });
}

fn kv_failed(error: impl ToString) -> Unavailable {
    Unavailable::new("kv", error.to_string())
}

impl World {
    fn cursors(&self) -> PortResult<KvStore> {
        self.env.kv(CACHE).map_err(kv_failed)
    }

    /// Each CRM has its own: what was read of another says nothing.
    fn cursor_key(&self, reading: SyncKind) -> String {
        let reading = match reading {
            SyncKind::Changes => "changes",
            SyncKind::Whole => "whole",
        };
        format!("crm:{reading}:{}", self.crm())
    }
}

impl SyncCursors for World {
    async fn cursor(&self, reading: SyncKind) -> PortResult<Option<SyncCursor>> {
        let text = self.cursors()?.get(&self.cursor_key(reading)).text().await.map_err(kv_failed)?;
        // What another version wrote and this one cannot read is none: it is read anew.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn put_cursor(&self, reading: SyncKind, cursor: Option<&SyncCursor>) -> PortResult<()> {
        let (cursors, key) = (self.cursors()?, self.cursor_key(reading));
        let Some(cursor) = cursor else { return cursors.delete(&key).await.map_err(kv_failed) };
        let text = serde_json::to_string(cursor).map_err(kv_failed)?;
        cursors.put(&key, text).map_err(kv_failed)?.execute().await.map_err(kv_failed)
    }

    async fn put_synced_range(&self, heard: SyncedRange) -> PortResult<()> {
        config::put_crm_synced_range(&self.env, heard).await
    }
}
