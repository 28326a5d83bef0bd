//! Errors: who must act, a stable code, a text that says what to change.
//!
//! Codes go to answers, metric labels and records; texts go to people. Neither ever holds lead data.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Who has to act before the same call can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The sender must change the request. Never retried.
    FixRequest,
    /// An operator must change the rubric, the roster or a setting. Parked, and alerted on.
    FixConfig,
    /// Nobody: the same call may succeed later, at the earliest after so many milliseconds.
    Retry {
        /// Earliest time of the next try, in milliseconds from now; `None` when nobody said.
        after_ms: Option<u32>,
    },
}

/// One thing that is wrong with an input, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// Where: a field name (`email`) or a path (`criteria[2].when.fact`).
    pub path: String,
    /// Line in the text, counted from 1, when the input is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Stable snake_case code.
    pub code: String,
    /// What is wrong and what to change.
    pub message: String,
    /// One more sentence of help, such as "did you mean …".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problem {
    /// A problem without line and help.
    #[must_use]
    pub fn new(path: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, code: code.to_owned(), message: message.into(), help: None }
    }

    /// The same problem with one more sentence of help.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}, {}: {} ({})", self.path, self.message, self.code)?,
            None => write!(f, "{}: {} ({})", self.path, self.message, self.code)?,
        }
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}
