//! `POST /hooks/slack`: clicks on buttons.

use crate::bindings::log;
use crate::bindings::settings::setting;
use crate::http::body;
use crate::http::respond::{ApiError, ApiResult};
use crate::http::routes::Call;
use lead_router_app::notify::clicked;
use lead_router_app::ports::Clock;
use lead_router_core::limits::HOOK_BODY_BYTES_MAX;
use lead_router_core::notify::slack::click::{SETTINGS, parse};
use lead_router_core::webhook::{Incoming, SenderSettings, WebhookMethod};
use worker::{Headers, Response};

/// A click, answered at once: Slack waits for three seconds.
///
/// Steps: 1 the body as bytes, once; 2 signature, then content; 3 the answer is empty, and the click is carried out after it.
pub async fn click(call: &mut Call<'_>) -> ApiResult {
    // 1
    let now = call.world.now();
    let body = body::sent_bytes(&mut call.request, HOOK_BODY_BYTES_MAX).await?;
    let entries = call.request.headers().entries();
    let headers: Vec<(String, String)> = entries.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    // 2
    let settings = SenderSettings::read(SETTINGS, |name| setting(&call.world.env, name));
    let url = call.request.inner().url();
    let incoming = Incoming { method: WebhookMethod::Post, url: &url, headers: &headers, body: &body, now };
    let click = parse(&incoming, &settings).map_err(ApiError::from)?;
    // 3
    if let Some(click) = click {
        let world = call.world.clone();
        call.context.wait_until(async move {
            if let Err(setback) = clicked(&world, &click).await {
                let code = Some(setback.code());
                log::error(&log::LogLine { event: "click.unanswered", code, ..log::LogLine::default() });
            }
        });
    }
    let headers = Headers::new();
    headers.set("cache-control", "no-store")?;
    Ok(Response::empty()?.with_status(200).with_headers(headers))
}
