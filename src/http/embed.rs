//! The script that upgrades forms, and a page of a business to try it on.

use crate::http::respond::ApiResult;
use worker::{Headers, Response};

/// `GET /embed.js`: what `scripts/embed.mjs` makes of `embed.js`, the same for every page and form. Browsers keep it for an hour, and use the old one for a day more
/// while they fetch it again, so that a page never waits for it twice.
pub fn script() -> ApiResult {
    let headers = Headers::new();
    headers.set("content-type", "text/javascript; charset=utf-8")?;
    headers.set("cache-control", "public, max-age=3600, stale-while-revalidate=86400")?;
    headers.set("access-control-allow-origin", "*")?;
    headers.set("cross-origin-resource-policy", "cross-origin")?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Response::ok(include_str!("embed.min.js"))?.with_headers(headers))
}

/// `GET /demo`: the page of `sample/form.html`, on the local environment only.
pub fn demo() -> ApiResult {
    let headers = Headers::new();
    headers.set("content-type", "text/html; charset=utf-8")?;
    Ok(Response::ok(include_str!("../../sample/form.html"))?.with_headers(headers))
}
