//! Compressed bodies and encodings that only the platform knows.

use crate::http::respond::ApiError;
use futures_util::StreamExt;
use lead_router_core::intake::charset::{TextDecoder, binary_format, charset_of, file_text};
use worker::js_sys::{Array, Function, Reflect, Uint8Array, global};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Request, Response, web_sys};

/// Decodes as a content type declares; encodings beyond those of `core` are read by the platform's `TextDecoder`, which
/// knows every label of the web.
pub fn with_decoder<T>(content_type: &str, read: impl FnOnce(TextDecoder<'_>) -> T) -> T {
    let label = charset_of(content_type);
    read(TextDecoder::new(label.as_deref(), &by_platform))
}

/// The text of a file of rows as UTF-8.
///
/// # Errors
/// 415 for a workbook, an archive or an encoding that nobody knows; the message says what to do.
pub fn table(bytes: Vec<u8>, content_type: &str) -> Result<Vec<u8>, ApiError> {
    let (text, _) = with_decoder(content_type, |decoder| file_text(bytes, &decoder))?;
    Ok(text.into_bytes())
}

fn by_platform(label: &str, bytes: &[u8]) -> Option<String> {
    let decoder = construct("TextDecoder", label)?;
    let decode: Function = Reflect::get(&decoder, &"decode".into()).ok()?.dyn_into().ok()?;
    decode.call1(&decoder, &Uint8Array::from(bytes)).ok()?.as_string()
}

fn construct(class: &str, argument: &str) -> Option<JsValue> {
    let class: Function = Reflect::get(&global(), &class.into()).ok()?.dyn_into().ok()?;
    Reflect::construct(&class, &Array::of1(&argument.into())).ok()
}

/// The body behind its `content-encoding`, up to `max` bytes.
///
/// # Errors
/// 415 for an encoding other than gzip and deflate, and for gzip that nothing declares; 400 when it is not what is declared;
/// 413 when there is more behind it than `max`.
pub async fn decompressed(request: &Request, bytes: Vec<u8>, max: usize) -> Result<Vec<u8>, ApiError> {
    let declared = request.headers().get("content-encoding").ok().flatten().unwrap_or_default();
    let format = match declared.trim().to_ascii_lowercase().as_str() {
        "" | "identity" if bytes.starts_with(&[0x1f, 0x8b]) => {
            let what = binary_format(&bytes).unwrap_or_default();
            return Err(ApiError::new(415, "not_text", format!("the body is {what}")));
        }
        "" | "identity" => return Ok(bytes),
        "gzip" | "x-gzip" => "gzip",
        "deflate" => "deflate",
        _ => {
            let message = "send the body as it is, or with `content-encoding: gzip`";
            return Err(ApiError::new(415, "unsupported_content_encoding", message));
        }
    };
    let broken = || ApiError::new(400, "broken_compression", "the body is not what its `content-encoding` says");
    let mut stream = unpacked(bytes, format).ok_or_else(broken)?.stream().map_err(|_| broken())?;
    let mut plain = Vec::new();
    while let Some(chunk) = stream.next().await {
        plain.extend_from_slice(&chunk.map_err(|_| broken())?);
        if plain.len() > max {
            return Err(ApiError::new(413, "body_too_large", format!("send at most {max} bytes")));
        }
    }
    Ok(plain)
}

/// The bytes as a response whose body the platform unpacks while it is read.
fn unpacked(bytes: Vec<u8>, format: &str) -> Option<Response> {
    let packed = web_sys::Response::from(Response::from_bytes(bytes).ok()?).body()?;
    let unpack = construct("DecompressionStream", format)?;
    let pipe: Function = Reflect::get(&packed, &"pipeThrough".into()).ok()?.dyn_into().ok()?;
    let stream: web_sys::ReadableStream = pipe.call1(&packed, &unpack).ok()?.dyn_into().ok()?;
    web_sys::Response::new_with_opt_readable_stream(Some(&stream)).ok().map(Response::from)
}
