//! HTTP to providers: a time limit that also covers the body, and a limit on its size; and pages of companies' websites.

use crate::bindings::platform;
use crate::bindings::settings::setting;
use crate::bindings::world::World;
use lead_router_app::ports::{Http, HttpAnswer, HttpFailure, PageAnswer, Pages, Unavailable};
use lead_router_core::enrichment::website::PageAddress;
use lead_router_core::http::HttpRequest;
use lead_router_core::limits::{PAGE_BYTES_MAX, PROVIDER_BODY_BYTES_MAX};

impl Http for World {
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure> {
        let bytes_max = u32::try_from(PROVIDER_BODY_BYTES_MAX).unwrap_or(u32::MAX);
        let answer = platform::fetch(request, timeout_ms, bytes_max).await;
        let answer = answer.map_err(|error| failure(&error))?;
        read(&answer).ok_or(HttpFailure::Unreachable)
    }

    fn setting(&self, name: &str) -> Option<String> {
        setting(&self.env, name)
    }
}

impl Pages for World {
    async fn page(&self, address: &PageAddress, timeout_ms: u32) -> Result<PageAnswer, HttpFailure> {
        let bytes_max = u32::try_from(PAGE_BYTES_MAX).unwrap_or(u32::MAX);
        platform::page(address, timeout_ms, bytes_max).await.map_err(|error| failure(&error))
    }
}

fn failure(error: &Unavailable) -> HttpFailure {
    match error.detail.as_str() {
        "timeout" => HttpFailure::Timeout,
        "too_large" => HttpFailure::TooLarge,
        _ => HttpFailure::Unreachable,
    }
}

fn read(answer: &str) -> Option<HttpAnswer> {
    let (head, body) = answer.split_once('\n')?;
    let (status, retry_after) = head.split_once(' ')?;
    let body = body.as_bytes().to_vec();
    Some(HttpAnswer { status: status.parse().ok()?, retry_after_s: retry_after.parse().ok(), body })
}
