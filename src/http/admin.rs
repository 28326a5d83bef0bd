//! Health, inbox, account directory and rubric over HTTP.

use crate::bindings::config_versions::{self, Kind};
use crate::bindings::{config, directory, ledger};
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::http::{body, encoding};
use lead_router_app::ports::{Clock, Config};
use lead_router_core::directory::{ImportKind, parse};
use lead_router_core::limits::IMPORT_BYTES_MAX;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::check::check;
use lead_router_core::rubric::read::read;
use serde_json::json;
use worker::{Headers, Response};

/// `GET /healthz`: 200 when the configuration can be read and has what a lead needs.
pub async fn health(call: &Call<'_>) -> ApiResult {
    let config = call.world.current().await?;
    let missing = config::missing_teams(&config.rubric, &config.index);
    let status = if missing.is_empty() { "ok" } else { "no_roster" };
    json(
        200,
        &json!({
            "status": status,
            "mode": call.settings.mode,
            "rubric_version": config.rubric.version(),
            "roster_version": config.index_version,
            "teams": config.index.teams.len(),
            "reps": config.index.reps.len(),
            "missing_teams": missing,
        }),
    )
}

/// `GET /v1/reps/{rep}/inbox`: what the rep was told, the newest first.
pub async fn inbox(call: &Call<'_>, rep: &str) -> ApiResult {
    json(200, &ledger::inbox(&call.world.env, rep).await?)
}

/// `POST /v1/accounts:import`: CSV or NDJSON. Good rows are taken; every bad one is named.
pub async fn import_accounts(call: &mut Call<'_>) -> ApiResult {
    let media = call.request.headers().get("content-type").ok().flatten().unwrap_or_default();
    let Some(kind) = ImportKind::of(&media) else {
        let message = "send `content-type: text/csv` or `application/x-ndjson`";
        return Err(ApiError::new(415, "unsupported_media_type", message));
    };
    let bytes = body::bytes_up_to(&mut call.request, IMPORT_BYTES_MAX).await?;
    let import = parse(&encoding::table(bytes, &media)?, kind);
    if import.rows.is_empty() && !import.problems.is_empty() {
        return Err(ApiError::invalid(import.problems));
    }
    let now = call.world.now();
    directory::import(&call.world.env, &import.rows, now).await?;
    config::touch_directory(&call.world.env, &now.as_ms().to_string()).await?;
    json(200, &json!({"imported": import.rows.len(), "refused": import.problem_count, "problems": import.problems}))
}

/// `GET /openapi.json`.
pub fn openapi() -> ApiResult {
    json_text(include_str!("../../openapi.json"))
}

/// JSON that is text already.
fn json_text(text: &str) -> ApiResult {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    Ok(Response::ok(text)?.with_headers(headers))
}

/// `GET /v1/rubric`: the rubric in force as it was written.
pub async fn get_rubric(call: &Call<'_>) -> ApiResult {
    let text = match call.query("version") {
        None => config::rubric_text(&call.world.env).await?,
        Some(version) => {
            let found = config_versions::by_name(&call.world.env, Kind::Rubric, &version).await?;
            found.ok_or_else(|| ApiError::not_found("version"))?.body
        }
    };
    json_text(&text)
}

/// A rubric from the body.
async fn rubric(call: &mut Call<'_>) -> Result<(Rubric, String), ApiError> {
    let bytes = body::bytes(&mut call.request).await?;
    let text = String::from_utf8(bytes).map_err(|_| ApiError::new(400, "bad_encoding", "send UTF-8"))?;
    let rubric = read(&text).and_then(|file| check(&file)).map_err(ApiError::invalid)?;
    Ok((rubric, text))
}

/// `POST /v1/rubric/check`: every problem, nothing published.
pub async fn check_rubric(call: &mut Call<'_>) -> ApiResult {
    let (rubric, _) = rubric(call).await?;
    let config = call.world.current().await?;
    let missing = config::missing_teams(&rubric, &config.index);
    json(200, &json!({"rubric_version": rubric.version(), "missing_teams": missing}))
}

/// `PUT /v1/rubric`: checked, then in force within half a minute everywhere.
pub async fn put_rubric(call: &mut Call<'_>) -> ApiResult {
    let (rubric, text) = rubric(call).await?;
    config::put_rubric(&call.world, rubric.version(), &text).await?;
    json(200, &json!({"rubric_version": rubric.version()}))
}
