//! Multipart forms, read by the platform's own parser: it is the one that browsers are tested against.

use crate::http::body;
use crate::http::encoding::with_decoder;
use crate::http::respond::ApiError;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Headers, Request, Response, js_sys, web_sys};

/// What the platform puts where bytes are not UTF-8.
const REPLACED: char = '\u{fffd}';

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
    let parts = parts_of(bytes.clone(), media).await?;
    let label = parts.pairs.iter().find(|(name, _)| name == "_charset_").map(|(_, value)| value.clone());
    let is_broken = |(name, value): &(String, String)| name.contains(REPLACED) || value.contains(REPLACED);
    if !parts.pairs.iter().any(is_broken) {
        return Ok(parts);
    }
    // The platform reads every part as UTF-8. The same bytes as another encoding give the texts that are none; a file beside
    // them is dropped anyway.
    let (text, _) = with_decoder(media, |decoder| decoder.labelled(label.as_deref()).decode(&bytes))?;
    let others = parts_of(text.into_bytes(), media).await?;
    let pairs =
        parts.pairs.into_iter().zip(others.pairs).map(|(pair, other)| if is_broken(&pair) { other } else { pair });
    Ok(Parts { pairs: pairs.collect(), files: parts.files })
}

async fn parts_of(bytes: Vec<u8>, media: &str) -> Result<Parts, ApiError> {
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
