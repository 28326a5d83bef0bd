//! HTTP to providers: a time limit that also covers the body, and a limit on its size.

use super::settings::setting;
use super::world::World;
use crate::domain::limits::PROVIDER_BODY_BYTES_MAX;
use crate::domain::provider::request::HttpRequest;
use crate::ports::{Http, HttpAnswer, HttpFailure};
use futures_util::StreamExt;
use worker::wasm_bindgen::JsValue;
use worker::{AbortSignal, Fetch, Headers, Request, RequestInit, Response, web_sys};

impl Http for World {
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure> {
        let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(timeout_ms));
        let request = platform_request(request).map_err(|_| HttpFailure::Unreachable)?;
        let sent = Fetch::Request(request).send_with_signal(&signal).await;
        let mut response = sent.map_err(|_| failure(&signal))?;
        let status = response.status_code();
        let body = body(&mut response, &signal).await?;
        Ok(HttpAnswer { status, body })
    }

    fn setting(&self, name: &str) -> Option<String> {
        setting(&self.env, name)
    }
}

fn platform_request(request: &HttpRequest) -> worker::Result<Request> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(request.method.as_str().to_owned().into()).with_headers(headers);
    if let Some(body) = &request.body {
        init.with_body(Some(JsValue::from_str(body)));
    }
    Request::new_with_init(&request.url, &init)
}

/// Reads the body up to the limit; what is longer is refused without being read to its end.
async fn body(response: &mut Response, signal: &AbortSignal) -> Result<Vec<u8>, HttpFailure> {
    let mut bytes = Vec::new();
    let mut stream = response.stream().map_err(|_| HttpFailure::Unreachable)?;
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.map_err(|_| failure(signal))?);
        if bytes.len() > PROVIDER_BODY_BYTES_MAX {
            return Err(HttpFailure::TooLarge);
        }
    }
    Ok(bytes)
}

fn failure(signal: &AbortSignal) -> HttpFailure {
    if signal.aborted() { HttpFailure::Timeout } else { HttpFailure::Unreachable }
}
