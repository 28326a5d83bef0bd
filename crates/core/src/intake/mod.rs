//! From the bytes of a sender to a checked lead.
//!
//! 1. [`Media::of`] decides from the content type how to read the body.
//! 2. [`json`] or [`form`] reads it into a [`RawLead`]: names and texts, nothing judged yet.
//! 3. [`check`](crate::lead::check) judges every field at once and makes a `Lead`.
//!
//! [`read`] is all three for the body of an HTTP request. A lead is refused when its address is missing or
//! impossible, and for what no form and no sender does by accident: repeated keys, nested values, control
//! characters, sizes beyond the limits. Everything else that people type is kept as typed.

mod alias;
mod assign;
pub mod batch;
pub mod charset;
mod error;
mod flatten;
pub mod form;
pub mod json;
pub(crate) mod json_tree;
mod meaning;
mod media;
pub mod preview;
mod question;
mod raw;
mod value;
mod words;

pub use alias::{FieldMap, LeadField};
pub use error::IntakeError;
pub(crate) use flatten::{flatten, telling_name};
pub use meaning::FoundBy;
pub(crate) use meaning::is_about_the_lead;
pub use media::Media;
pub use raw::{FoundField, Name, Note, Pair, RawLead, RawSignal};

use crate::lead::{Lead, check};
use crate::limits::BODY_BYTES_MAX;
use crate::time::Timestamp;

/// Reads the body of a request into a checked lead.
///
/// `map` says what a form's own field names mean; the empty one leaves that to the table of aliases. A multipart
/// body is taken apart by the host, which calls [`form::from_parts`]; here it is refused.
///
/// # Errors
/// Every variant of [`IntakeError`]; `Invalid` names every wrong field.
pub fn read(
    content_type: Option<&str>,
    body: &[u8],
    map: &FieldMap,
    received_at: Timestamp,
) -> Result<Lead, IntakeError> {
    let raw = read_raw(content_type, body, map)?;
    check(raw, received_at).map_err(IntakeError::Invalid)
}

/// Reads the body of a request, with nothing judged, for callers that add what they know (the form's id).
///
/// # Errors
/// Every variant of [`IntakeError`] but `Invalid`.
pub fn read_raw(content_type: Option<&str>, body: &[u8], map: &FieldMap) -> Result<RawLead, IntakeError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(IntakeError::TooLarge);
    }
    match Media::of(content_type)? {
        Media::Json => json::read(body, map),
        Media::Form => form::read(body, map),
        Media::Multipart => Err(IntakeError::UnsupportedMediaType),
    }
}
