//! Every version of what a business configures, in D1: the rubric, the roster and the notification rules. A decision names the
//! versions it was made with, so all of them stay. KV only holds a copy of what is in force.

use crate::bindings::directory::{database, failed, number};
use lead_router_app::ports::PortResult;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use worker::wasm_bindgen::JsValue;
use worker::{D1PreparedStatement, Env};

/// What has versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `rubric.json`.
    Rubric,
    /// Teams and reps at a glance.
    RosterIndex,
    /// Teams and reps as operators wrote them.
    Roster,
    /// Whom to notify, and how.
    NotifyRules,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Rubric => "rubric",
            Self::RosterIndex => "roster_index",
            Self::Roster => "roster",
            Self::NotifyRules => "notify_rules",
        }
    }
}

/// One version.
#[derive(Debug, Clone, Deserialize)]
pub struct Version {
    /// Its name: a hash of its content.
    pub version: String,
    /// The text as it was written.
    pub body: String,
}

/// Keeps versions and puts them in force, all or none. Doing it again changes nothing.
///
/// # Errors
/// When the database fails; what was in force stays then.
pub async fn publish(env: &Env, versions: &[(Kind, Version)], at: Timestamp) -> PortResult<()> {
    let mut batch: Vec<D1PreparedStatement> = Vec::new();
    for (kind, Version { version, body }) in versions {
        let text = JsValue::from_str;
        let keep = "INSERT OR IGNORE INTO config_versions (kind, version, body, at_ms) VALUES (?, ?, ?, ?)";
        let values = [text(kind.as_str()), text(version), text(body), number(at.as_ms())];
        batch.push(database(env)?.prepare(keep).bind(&values).map_err(failed)?);
        let enforce = "INSERT INTO config_in_force (kind, version, at_ms) VALUES (?, ?, ?) ON CONFLICT (kind) \
                       DO UPDATE SET version = excluded.version, at_ms = excluded.at_ms \
                       WHERE version <> excluded.version";
        let values = [text(kind.as_str()), text(version), number(at.as_ms())];
        batch.push(database(env)?.prepare(enforce).bind(&values).map_err(failed)?);
    }
    database(env)?.batch(batch).await.map_err(failed).map(|_| ())
}

/// The version in force; `None` when none was ever published.
///
/// # Errors
/// When the database fails: then it is not known whether one was.
pub async fn in_force(env: &Env, kind: Kind) -> PortResult<Option<Version>> {
    let query = "SELECT version, body FROM config_versions JOIN config_in_force USING (kind, version) WHERE kind = ?";
    first(env, query, &[JsValue::from_str(kind.as_str())]).await
}

/// A version by its name.
///
/// # Errors
/// When the database fails.
pub async fn by_name(env: &Env, kind: Kind, version: &str) -> PortResult<Option<Version>> {
    let query = "SELECT version, body FROM config_versions WHERE kind = ? AND version = ?";
    first(env, query, &[JsValue::from_str(kind.as_str()), JsValue::from_str(version)]).await
}

async fn first(env: &Env, query: &str, values: &[JsValue]) -> PortResult<Option<Version>> {
    database(env)?.prepare(query).bind(values).map_err(failed)?.first::<Version>(None).await.map_err(failed)
}
