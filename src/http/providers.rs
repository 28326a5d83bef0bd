//! The providers: how they fare, and a single look-up to try one.

use crate::bindings::directory::{database, failed};
use crate::bindings::objects::circuits_open;
use crate::bindings::settings::setting;
use crate::http::leads::json_lead;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::objects::rate_limiter::today;
use futures_util::future::join_all;
use lead_router_app::ports::messages::ProviderLookupRequest;
use lead_router_app::ports::{Clock, Config, ProviderLookups};
use lead_router_core::decision::record::EnrichmentSummary;
use lead_router_core::enrichment::provider::Offer;
use lead_router_core::enrichment::waterfall::report::{LimitUse, ProvidersAnswer, report};
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::file::Prefer;
use lead_router_core::time::DAY_MS;
use serde::Deserialize;
use serde_json::json as value;
use worker::wasm_bindgen::JsValue;

/// Days that are counted when nobody says.
const DAYS: i64 = 7;
/// Most days that are counted.
const DAYS_MAX: i64 = 90;
/// Most decisions that are counted, the newest first.
const DECISIONS_MAX: u32 = 5_000;
/// Longest wait of a try, in milliseconds.
const TRY_MS: u32 = 20_000;

#[derive(Deserialize)]
struct ProviderRow {
    enrichment: String,
}

/// `GET /v1/providers`: all that ship, what they found and cost in the last `?days=`.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let days = match call.query("days").map(|text| text.parse::<i64>()) {
        None => DAYS,
        Some(Ok(days)) if (1..=DAYS_MAX).contains(&days) => days,
        Some(_) => {
            return Err(ApiError::new(422, "out_of_range", format!("`days` takes a number from 1 to {DAYS_MAX}")));
        }
    };
    let query = format!(
        "SELECT record ->> '$.decision.enrichment' AS enrichment FROM decisions WHERE at_ms >= ?1 \
         AND erased_ms IS NULL \
         ORDER BY at_ms DESC LIMIT {DECISIONS_MAX}"
    );
    let since_ms = call.world.now().plus_ms(DAY_MS.saturating_mul(days).saturating_neg()).as_ms();
    #[expect(clippy::cast_precision_loss, reason = "JavaScript's numbers hold every moment exactly")]
    let since = JsValue::from_f64(since_ms as f64);
    let statement = database(&call.world.env)?.prepare(query).bind(&[since]).map_err(failed)?;
    let rows: Vec<ProviderRow> = statement.all().await.map_err(failed)?.results().map_err(failed)?;
    let summaries: Vec<EnrichmentSummary> =
        rows.iter().filter_map(|row| serde_json::from_str(&row.enrichment).ok()).collect();
    let config = call.world.current().await?;
    let stages = &config.rubric.enrichment().stages;
    let report = report(
        &summaries,
        Offer::all(),
        |offer| missing_key(call, offer).is_none(),
        |id| stages.iter().position(|stage| stage.iter().any(|other| other == id)),
    );
    let limits = &config.rubric.enrichment().limits;
    // What cannot be reached is left out: the rest of the report is worth having.
    let counted = join_all(limits.keys().map(|id| today(&call.world, id))).await;
    let limited = limits.iter().zip(counted).filter_map(|((id, limit), today)| {
        let today = today.ok()?;
        Some((
            id.clone(),
            LimitUse { limit: *limit, calls_today: today.calls, cost_usd_micros_today: today.cost_usd_micros },
        ))
    });
    let limited = limited.collect();
    let circuits_open = circuits_open(&call.world.env).await;
    json(200, &ProvidersAnswer { report, circuits_open, limited })
}

/// The secret or setting that a provider takes and does not have.
fn missing_key(call: &Call<'_>, offer: Offer) -> Option<&'static str> {
    offer.missing_setting(|name| setting(&call.world.env, name))
}

/// `POST /v1/providers/{id}/try`: asks one provider about a lead. Costs what the provider takes; stores nothing about it.
pub async fn try_one(call: &mut Call<'_>, id: &str) -> ApiResult {
    let offer = Offer::find(id).ok_or_else(|| ApiError::not_found("provider"))?;
    if let Some(name) = missing_key(call, offer) {
        let message = format!("set {name}: without it this provider is not asked");
        return Err(ApiError::new(409, "provider_not_set_up", message));
    }
    let started = call.world.now();
    let lead = json_lead(call, started).await?;
    let chance = worker::js_sys::Math::random().to_bits();
    let question = ProviderLookupRequest {
        // Nobody else's question, so that it is asked now.
        subject: format!("try:{}-{chance:016x}", started.as_ms()),
        provider: ProviderId::new(id).map_err(|_| ApiError::not_found("provider"))?,
        facts: lead.facts(),
        contact: lead.contact(),
        wait_ms: TRY_MS,
        limit: call.world.current().await?.rubric.enrichment().limits.get(id).copied(),
        prefer: Prefer::Cost,
        lead_id: None,
    };
    let looked_up = call.world.look_up(&question).await?;
    let ms = call.world.now().ms_since(started);
    let facts = looked_up.reading.map(|reading| reading.facts).unwrap_or_default();
    json(200, &value!({"provider": id, "result": looked_up.result, "ms": ms, "facts": facts}))
}
