//! Why a body did not become a lead.

use crate::error::{Problem, Remedy};

/// Why a body did not become a lead. No variant and no text holds lead data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The body has no bytes, or nothing but blanks.
    #[error("the body is empty; send a lead with at least an `email`")]
    EmptyBody,
    /// The body is not JSON from this place on, both counted from 1.
    #[error("the body is not valid JSON at line {line}, column {column}")]
    BrokenJson {
        /// Line.
        line: usize,
        /// Column, in bytes.
        column: usize,
    },
    /// The body is JSON, but no object.
    #[error("the body must be one JSON object with the fields of a lead")]
    NotAnObject,
    /// The body is not UTF-8.
    #[error("the body is not UTF-8 text at byte {at}")]
    BadEncoding {
        /// Offset of the first wrong byte, counted from 0.
        at: usize,
    },
    /// The body declares an encoding that nobody here can read.
    #[error("the declared `charset` is unknown; send UTF-8")]
    UnknownCharset,
    /// The body is a file that is no text; says which, and what to do.
    #[error("the body is {0}")]
    NotText(&'static str),
    /// The body is larger than the limit.
    #[error("the body is larger than {} bytes", crate::limits::BODY_BYTES_MAX)]
    TooLarge,
    /// A row of a table has texts beyond the last column of the header.
    #[error("the row has more cells than the header; put quotes around texts that hold the separator")]
    TooManyCells,
    /// The content type is missing, or one that is not read.
    #[error(
        "the content type must be `application/json`, `application/x-www-form-urlencoded` or `multipart/form-data`, in UTF-8"
    )]
    UnsupportedMediaType,
    /// The lead was read, but some of its fields are wrong: all of them, never just the first.
    #[error("{} of the lead must be corrected", fields(.0))]
    Invalid(Vec<Problem>),
}

fn fields(problems: &[Problem]) -> String {
    match problems.len() {
        1 => "one field".to_owned(),
        many => format!("{many} fields"),
    }
}

impl IntakeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EmptyBody => "empty_body",
            Self::BrokenJson { .. } => "broken_json",
            Self::NotAnObject => "not_an_object",
            Self::BadEncoding { .. } => "bad_encoding",
            Self::UnknownCharset => "unknown_charset",
            Self::NotText(_) => "not_text",
            Self::TooLarge => "body_too_large",
            Self::TooManyCells => "too_many_cells",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Invalid(_) => "invalid_lead",
        }
    }

    /// Who has to act: always the sender.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        Remedy::FixRequest
    }

    /// The wrong fields; empty unless the lead could be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        if let Self::Invalid(problems) = self { problems } else { &[] }
    }
}
