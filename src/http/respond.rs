//! Answers: the only place that knows status codes of errors and the shape of an error body.

use lead_router_app::ports::Unavailable;
use lead_router_core::error::Problem;
use lead_router_core::intake::IntakeError;
use lead_router_core::webhook::{Blame, Refusal};
use serde::Serialize;
use serde_json::json;
use worker::{Headers, Response, Result};

/// An answer that is not a success.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: u16,
    code: Box<str>,
    message: Box<str>,
    problems: Vec<Problem>,
    retry_after_s: Option<u32>,
    detail: Option<Box<str>>,
    origin: Option<Box<str>>,
    allow: Option<Box<str>>,
}

impl ApiError {
    /// An error with one message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let retry_after_s = (status == 503 || status == 429).then_some(1);
        let (code, message) = (code.into(), message.into().into());
        Self { status, code, message, problems: Vec::new(), retry_after_s, detail: None, origin: None, allow: None }
    }

    /// 422 with every problem.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for problem in &problems {
            if !names.contains(&problem.path.as_str()) {
                names.push(&problem.path);
            }
        }
        let message = format!("{}: {}", count(problems.len()), names.join(", "));
        Self { problems, ..Self::new(422, "invalid", message) }
    }

    /// The same error, which pages of this origin may read; `*` is every page.
    pub fn for_origin(self, origin: &str) -> Self {
        Self { origin: Some(origin.into()), ..self }
    }

    /// The same error, to be tried again after so many seconds.
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// 404 for a thing with an id.
    pub fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("there is no such {what}"))
    }

    /// 404 for a path that no route has.
    pub fn no_such_route() -> Self {
        Self::new(404, "no_such_route", "no such route; see /openapi.json")
    }

    /// 405 for a path that takes other methods: those of the `Allow` header.
    pub fn method_not_allowed(allow: &str) -> Self {
        Self { allow: Some(allow.into()), ..Self::new(405, "method_not_allowed", "method not allowed") }
    }

    /// 503 for a deployment whose settings are wrong.
    pub fn misconfigured(problems: Vec<Problem>) -> Self {
        let message = "the deployment is misconfigured; see `problems`";
        Self { problems, ..Self::new(503, "misconfigured", message) }
    }

    /// The same error with what the platform or a vendor said, for the log.
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into().into()), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// When to try again, in seconds.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Every problem, when there are several.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What the platform said, for the log.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The answer.
    pub fn response(&self, request_id: &str) -> Result<Response> {
        let mut error = json!({"code": self.code, "message": self.message, "request_id": request_id});
        if !self.problems.is_empty()
            && let (Some(map), Ok(problems)) = (error.as_object_mut(), serde_json::to_value(&self.problems))
        {
            map.insert("problems".to_owned(), problems);
        }
        let headers = Headers::new();
        headers.set("content-type", "application/json")?;
        if let Some(seconds) = self.retry_after_s {
            headers.set("retry-after", &seconds.to_string())?;
        }
        if let Some(allow) = &self.allow {
            headers.set("allow", allow)?;
        }
        if let Some(origin) = &self.origin {
            headers.set("access-control-allow-origin", origin)?;
            headers.set("access-control-expose-headers", "retry-after")?;
            headers.set("vary", "origin")?;
        }
        let body = json!({"error": error}).to_string();
        Ok(Response::ok(body)?.with_status(self.status).with_headers(headers))
    }
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 invalid field".to_owned() } else { format!("{problems} invalid fields") }
}

impl From<Unavailable> for ApiError {
    fn from(error: Unavailable) -> Self {
        let message = format!("{} is not available; send the same request again", error.port);
        Self { detail: Some(error.detail.into()), ..Self::new(503, "unavailable", message) }
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        let status = match error {
            IntakeError::EmptyBody
            | IntakeError::BrokenJson { .. }
            | IntakeError::NotAnObject
            | IntakeError::TooManyCells
            | IntakeError::BadEncoding { .. } => 400,
            IntakeError::TooLarge => 413,
            IntakeError::UnsupportedMediaType | IntakeError::UnknownCharset | IntakeError::NotText(_) => 415,
            IntakeError::Invalid(problems) => return Self::invalid(problems),
        };
        Self::new(status, code, message)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.blame {
            Blame::Credential => 401,
            Blame::Stranger => 403,
            Blame::Request => 400,
            Blame::Size => 413,
            // A sender takes GET for its challenge at most.
            Blame::Method => return Self::method_not_allowed("POST"),
            Blame::Operator => 503,
        };
        Self::new(status, refusal.code, refusal.message)
    }
}

impl From<worker::Error> for ApiError {
    fn from(error: worker::Error) -> Self {
        Self::from(Unavailable::new("platform", error.to_string()))
    }
}

/// Result of a handler.
pub type ApiResult = std::result::Result<Response, ApiError>;

/// A JSON answer.
///
/// # Errors
/// When the platform refuses the body.
pub fn json<T: Serialize>(status: u16, value: &T) -> ApiResult {
    let body = serde_json::to_string(value).map_err(|error| Unavailable::new("platform", error.to_string()))?;
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    Ok(Response::ok(body)?.with_status(status).with_headers(headers))
}
