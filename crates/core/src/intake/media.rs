//! How a body is to be read.

use crate::intake::error::IntakeError;

/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// One JSON object.
    Json,
    /// `name=value` pairs.
    Form,
    /// Parts with a boundary, taken apart by the host.
    Multipart,
}

impl Media {
    /// Decides from the content type, whose parameters may follow; letter case makes no difference.
    ///
    /// `text/plain` is refused, since it says nothing about the format: a form that is sent so mixes names and
    /// values beyond repair. JSON must be UTF-8. For forms another `charset` is let through, since browsers send
    /// UTF-8 whatever the page says.
    ///
    /// # Errors
    /// [`IntakeError::UnsupportedMediaType`] when it is missing or another one.
    ///
    /// ```
    /// use lead_router_core::intake::Media;
    /// assert_eq!(Media::of(Some("application/json; charset=utf-8")), Ok(Media::Json));
    /// assert!(Media::of(Some("text/plain")).is_err());
    /// ```
    pub fn of(content_type: Option<&str>) -> Result<Self, IntakeError> {
        let text = content_type.unwrap_or_default();
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" if parts.all(is_utf8_or_other) => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            "multipart/form-data" => Ok(Self::Multipart),
            _ => Err(IntakeError::UnsupportedMediaType),
        }
    }
}

/// Whether a parameter is not a `charset`, or names UTF-8.
fn is_utf8_or_other(parameter: &str) -> bool {
    let lower = parameter.to_ascii_lowercase();
    match lower.split_once('=') {
        Some((name, value)) if name.trim() == "charset" => {
            matches!(value.trim().trim_matches('"'), "utf-8" | "utf8" | "us-ascii")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_told_apart() {
        for (text, media) in [
            ("application/json", Some(Media::Json)),
            ("Application/JSON;charset=\"UTF-8\"", Some(Media::Json)),
            ("application/json; charset=iso-8859-1", None),
            ("application/x-www-form-urlencoded; charset=iso-8859-1", Some(Media::Form)),
            ("multipart/form-data; boundary=x", Some(Media::Multipart)),
            ("text/plain", None),
            ("text/html", None),
            ("application/jsonx", None),
            ("", None),
        ] {
            assert_eq!(Media::of(Some(text)).ok(), media, "{text}");
        }
        assert_eq!(Media::of(None), Err(IntakeError::UnsupportedMediaType));
    }
}
