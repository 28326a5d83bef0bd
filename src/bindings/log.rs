//! One JSON line per event, from a closed list of fields. No field can hold lead data.

use serde::Serialize;

/// A log line.
#[derive(Debug, Default, Serialize)]
pub struct LogLine<'a> {
    /// What happened: `lead.decided`, `job.failed` …
    pub event: &'a str,
    /// Request id.
    #[serde(rename = "request.id", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// Lead id: a keyed hash.
    #[serde(rename = "lead.id", skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<&'a str>,
    /// Outcome or code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// What the platform said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
    /// Time, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u32>,
}

/// Writes an ordinary line.
pub fn info(line: &LogLine<'_>) {
    if let Ok(text) = serde_json::to_string(line) {
        worker::console_log!("{text}");
    }
}

/// Writes a line about something that failed.
pub fn error(line: &LogLine<'_>) {
    if let Ok(text) = serde_json::to_string(line) {
        worker::console_error!("{text}");
    }
}
