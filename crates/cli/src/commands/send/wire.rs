//! One batch over HTTP, until every row of it has its answer.

use crate::output::CommandFailure;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

/// How often rows without an answer are sent.
const TRIES: u32 = 6;
/// Longest wait for a whole answer.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Longest pause that a deployment may ask for, in seconds.
const PAUSE_S_MAX: u64 = 60;

/// What became of a row.
pub enum SendResult {
    /// It is durable.
    Accepted,
    /// It was there before.
    Duplicate,
    /// It has to be corrected.
    Refused {
        /// Which row, counted from 1.
        row: usize,
        /// What is wrong.
        error: Value,
    },
}

/// Why a batch has to be sent again.
enum Again {
    Now(String),
    After(String, u64),
}

/// A deployment.
pub struct Receiver {
    agent: ureq::Agent,
    address: String,
    authorization: String,
}

impl Receiver {
    /// A deployment at `url`, with an intake key; `form` is the form whose settings apply.
    pub fn new(url: &str, key: &str, form: Option<&str>) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        let form = form.map(|form| form_urlencoded::Serializer::new(String::new()).append_pair("form", form).finish());
        let address = format!("{}/v1/leads:batch?{}", url.trim_end_matches('/'), form.unwrap_or_default());
        Self { agent: config.into(), address, authorization: format!("Bearer {key}") }
    }

    /// Sends rows until each has an answer, and tells every answer once.
    ///
    /// # Errors
    /// `refused` when the deployment does not take batches of us, `unreachable` when it stays silent.
    pub fn send(&self, rows: Vec<(usize, String)>, tell: &mut dyn FnMut(SendResult)) -> Result<(), CommandFailure> {
        let mut left: BTreeMap<usize, String> = rows.into_iter().collect();
        let mut last = String::new();
        for attempt in 0..TRIES {
            let again = match self.once(&mut left, tell)? {
                None => Again::Now("some rows could not be saved".to_owned()),
                Some(again) => again,
            };
            if left.is_empty() {
                return Ok(());
            }
            let pause_s = match again {
                Again::Now(why) => {
                    last = why;
                    1_u64 << attempt.min(5)
                }
                Again::After(why, seconds) => {
                    last = why;
                    seconds
                }
            };
            if attempt.saturating_add(1) < TRIES {
                std::thread::sleep(Duration::from_secs(pause_s.min(PAUSE_S_MAX)));
            }
        }
        Err(CommandFailure::new("unreachable", last))
    }

    /// Sends what is left once; what has an answer is left no longer.
    fn once(
        &self,
        left: &mut BTreeMap<usize, String>,
        tell: &mut dyn FnMut(SendResult),
    ) -> Result<Option<Again>, CommandFailure> {
        // Rows are told by their place in the request, which is the file's own as long as none is missing in between.
        let places: Vec<usize> = left.keys().copied().collect();
        let body = left.values().fold(String::new(), |text, row| text + row + "\n");
        let request = self.agent.post(&self.address).header("authorization", &self.authorization);
        let answer = match request.content_type("application/x-ndjson").send(body) {
            Ok(answer) => answer,
            Err(error) => return Ok(Some(Again::Now(format!("the deployment does not answer: {error}")))),
        };
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get("retry-after").and_then(|text| text.to_str().ok()?.parse().ok());
        let body = answer.into_body();
        if status != 200 {
            let text = body.into_with_config().limit(64 * 1024).read_to_string().unwrap_or_default();
            let says = serde_json::from_str::<Value>(&text).ok();
            let message = says.as_ref().and_then(|it| it.pointer("/error/message")).and_then(Value::as_str);
            let why = format!("the deployment answers {status}: {}", message.unwrap_or("no reason given"));
            return match (status, retry_after) {
                (429 | 500.., Some(seconds)) => Ok(Some(Again::After(why, seconds))),
                (429 | 500.., None) => Ok(Some(Again::Now(why))),
                _ => Err(CommandFailure::new("refused", why)),
            };
        }
        let mut lines = BufReader::new(body.into_reader()).lines();
        while let Some(Ok(line)) = lines.next() {
            let Ok(line) = serde_json::from_str::<Value>(&line) else { break };
            let place = line.get("row").and_then(Value::as_u64).and_then(|row| usize::try_from(row).ok());
            let Some(row) = place.and_then(|place| places.get(place.checked_sub(1)?).copied()) else { continue };
            let error = line.get("error");
            if error.and_then(|error| error.get("retry")) == Some(&Value::Bool(true)) || left.remove(&row).is_none() {
                continue;
            }
            let is_duplicate = line.get("outcome").and_then(Value::as_str) == Some("duplicate");
            tell(match error {
                Some(error) => SendResult::Refused { row, error: error.clone() },
                None if is_duplicate => SendResult::Duplicate,
                None => SendResult::Accepted,
            });
        }
        Ok(None)
    }
}
