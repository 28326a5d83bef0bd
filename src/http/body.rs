//! Request bodies, up to a limit that is checked before and while reading.

use crate::http::encoding::decompressed;
use crate::http::respond::ApiError;
use futures_util::StreamExt;
use lead_router_core::limits::BODY_BYTES_MAX;
use worker::{ByteStream, Request};

/// Most bytes that are read and thrown away of a body that is refused. A sender who is still writing would see a
/// broken connection instead of the answer.
const DRAINED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The body, up to [`BODY_BYTES_MAX`].
///
/// # Errors
/// 413 when it is longer, 400 when it breaks off.
pub async fn bytes(request: &mut Request) -> Result<Vec<u8>, ApiError> {
    bytes_up_to(request, BODY_BYTES_MAX).await
}

/// The body behind its `content-encoding`, up to `max` bytes before and behind it.
///
/// # Errors
/// 413 when it is longer, 400 when it breaks off, and those of [`decompressed`].
pub async fn bytes_up_to(request: &mut Request, max: usize) -> Result<Vec<u8>, ApiError> {
    let bytes = sent_bytes(request, max).await?;
    decompressed(request, bytes, max).await
}

/// The body as it was sent, which is what senders sign, up to `max` bytes. A longer one is refused at its declared length,
/// or as soon as it is too long.
///
/// # Errors
/// 413 when it is longer, 400 when it breaks off.
pub async fn sent_bytes(request: &mut Request, max: usize) -> Result<Vec<u8>, ApiError> {
    let too_large = || ApiError::new(413, "body_too_large", format!("send at most {max} bytes"));
    let declared: Option<usize> =
        request.headers().get("content-length").ok().flatten().and_then(|text| text.parse().ok());
    match declared {
        Some(length) if length > max => {
            if let Ok(stream) = request.stream() {
                drain(stream).await;
            }
            return Err(too_large());
        }
        // The platform does not read past the declared length, so the short way is safe.
        Some(length) => {
            let bytes = request.bytes().await.map_err(|_| broken_off())?;
            return if bytes.len() == length { Ok(bytes) } else { Err(broken_off()) };
        }
        None => {}
    }
    let mut bytes = Vec::new();
    let Ok(mut stream) = request.stream() else {
        // A request without a body has no stream.
        return Ok(bytes);
    };
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.map_err(|_| broken_off())?);
        if bytes.len() > max {
            drain(stream).await;
            return Err(too_large());
        }
    }
    Ok(bytes)
}

/// Reads on without keeping anything.
async fn drain(mut stream: ByteStream) {
    let mut drained = 0_usize;
    while let Some(Ok(chunk)) = stream.next().await {
        drained = drained.saturating_add(chunk.len());
        if drained > DRAINED_BYTES_MAX {
            return;
        }
    }
}

fn broken_off() -> ApiError {
    ApiError::new(400, "body_broken_off", "the body ended before its declared length; send it again")
}
