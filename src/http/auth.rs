//! Who may call: an intake key posts leads, the admin token does everything.

use crate::bindings::settings::Settings;
use crate::http::respond::ApiError;
use crate::http::route_table::Access;
use subtle::ConstantTimeEq;
use worker::Request;

/// Lets a request pass that may call an operation. What a signature allows, its handler checks: it needs the body.
///
/// # Errors
/// 401 without a valid key or token.
pub fn authorize(access: Access, request: &Request, settings: &Settings) -> Result<(), ApiError> {
    match access {
        Access::Public | Access::SignedLink | Access::Webhook | Access::SegmentKey => Ok(()),
        Access::Intake => intake(request, settings),
        Access::Admin => admin(request, settings),
    }
}

fn intake(request: &Request, settings: &Settings) -> Result<(), ApiError> {
    let token = bearer(request);
    let known = settings.intake_keys.iter().chain(&settings.admin_tokens);
    allow(token.as_deref(), known, "send `Authorization: Bearer <INTAKE_KEY>`")
}

fn admin(request: &Request, settings: &Settings) -> Result<(), ApiError> {
    let token = bearer(request);
    allow(token.as_deref(), settings.admin_tokens.iter(), "send `Authorization: Bearer <ADMIN_TOKEN>`")
}

fn bearer(request: &Request) -> Option<String> {
    let header = request.headers().get("authorization").ok().flatten()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn allow<'a>(
    token: Option<&str>,
    known: impl Iterator<Item = &'a String>,
    message: &'static str,
) -> Result<(), ApiError> {
    let token = token.unwrap_or_default().as_bytes();
    // Every key is compared, so that the time does not tell which one came close.
    let found = known.fold(subtle::Choice::from(0), |found, key| found | key.as_bytes().ct_eq(token));
    if bool::from(found) { Ok(()) } else { Err(ApiError::new(401, "unauthorized", message)) }
}
