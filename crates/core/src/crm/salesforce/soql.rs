//! Values in SOQL, the query language: whatever is in a value, it stays a value.

use crate::time::Timestamp;
use std::fmt::Write as _;

/// A text in quotation marks. Quotation marks, backslashes and control characters are escaped.
///
/// ```
/// use lead_router_core::crm::salesforce::soql::quoted;
/// assert_eq!(quoted(r"o'hara\x"), r"'o\'hara\\x'");
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            // Every control character has at most four hexadecimal digits. Writing to a text cannot fail.
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A pattern for `LIKE` that finds a text anywhere in a field; `%` and `_` in it stand for themselves.
#[must_use]
pub fn anywhere(text: &str) -> String {
    let mut pattern = String::from("'%");
    let quoted = quoted(text);
    for c in quoted.trim_start_matches('\'').chars() {
        if matches!(c, '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    // The closing quotation mark moves behind the last wildcard.
    pattern.pop();
    pattern.push_str("%'");
    pattern
}

/// Texts in parentheses, for `IN`.
#[must_use]
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("({})", quoted.join(","))
}

/// A time.
#[must_use]
pub fn timestamp(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Whether a text can be the name of a field: a letter, then letters, digits and `_`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= 80
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
