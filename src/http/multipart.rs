//! Multipart forms, read by the platform's own parser: it is the one that browsers are tested against.

use crate::http::body;
use crate::http::respond::ApiError;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Headers, Request, Response, js_sys, web_sys};

/// A multipart form taken apart.
pub struct Parts {
    /// Names and texts, in order.
    pub pairs: Vec<(String, String)>,
    /// Names of the parts that were files. A lead has none, so their content is dropped.
    pub files: Vec<String>,
}

/// Takes a multipart form apart.
///
/// # Errors
/// 413 when the body is too long, 400 when it is not the multipart form that its header promises.
pub async fn parts(request: &mut Request) -> Result<Parts, ApiError> {
    let media = request.headers().get("content-type").ok().flatten().unwrap_or_default();
    take_apart(body::bytes(request).await?, &media).await
}

/// Takes the bytes of a multipart form apart; `media` is its content type.
///
/// # Errors
/// 400 when they are not the multipart form that the content type promises.
pub async fn take_apart(bytes: Vec<u8>, media: &str) -> Result<Parts, ApiError> {
    let form = parse(bytes, media).await.ok_or_else(|| {
        ApiError::new(400, "broken_multipart", "the multipart body cannot be read; check its boundary")
    })?;
    let mut parts = Parts { pairs: Vec::new(), files: Vec::new() };
    // A form is a list of pairs to JavaScript.
    for entry in js_sys::Array::from(&form).iter() {
        let Ok(entry) = entry.dyn_into::<js_sys::Array>() else { continue };
        let Some(name) = entry.get(0).as_string() else { continue };
        match entry.get(1).as_string() {
            Some(text) => parts.pairs.push((name, text)),
            None => parts.files.push(name),
        }
    }
    Ok(parts)
}

async fn parse(bytes: Vec<u8>, media: &str) -> Option<JsValue> {
    let headers = Headers::new();
    headers.set("content-type", media).ok()?;
    let response = Response::from_bytes(bytes).ok()?.with_headers(headers);
    let promise = web_sys::Response::from(response).form_data().ok()?;
    JsFuture::from(promise).await.ok()
}
