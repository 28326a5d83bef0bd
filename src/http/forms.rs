//! Browser forms: what a page posts, and what the browser is told.

use crate::bindings::{form_limits, log};
use crate::http::encoding::with_decoder;
use crate::http::form_settings::{self, PublicForm};
use crate::http::leads::{conflict, content_type, idempotency_key, later, options};
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::route_table::encode_segment;
use crate::http::routes::Call;
use crate::http::{body, multipart, pages};
use lead_router_app::intake::turnstile::{TurnstileOutcome, verify};
use lead_router_app::intake::{IntakeAnswer, fingerprint, intake};
use lead_router_app::ports::Clock;
use lead_router_core::error::Problem;
use lead_router_core::form::turnstile::{TOKEN_CHARS_MAX, TOKEN_FIELD, Verdict};
use lead_router_core::form::{Form, FormId, for_a_person, visit};
use lead_router_core::intake::{Media, Note, RawLead, form, json as json_body};
use lead_router_core::lead::{KeyScope, Lead, MANY_FROM_CLIENT, check};
use lead_router_core::limits::PUBLIC_LEAD_BYTES_MAX;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use worker::{Headers, Request, Response};

/// A field that people never see and programs fill in. A lead with it is answered like any other and dropped.
const HONEYPOT: &str = "_gotcha";

/// `POST /forms/{form}`: a browser form. JSON when asked for, otherwise 303 to the rep's booking page or thanks.
pub async fn post_form(call: &mut Call<'_>, form_id: &str) -> ApiResult {
    let wants_json = wants_json(&call.request);
    let origin = header(&call.request, "origin");
    let form = match known_form(call, form_id).await {
        Ok(known) => known,
        Err(error) if wants_json => return Err(error.for_origin("*")),
        Err(error) => return pages::form_error(&error),
    };
    // A page that may not post may still read why.
    let reader = if form.settings.origins.is_empty() { "*" } else { origin.as_deref().unwrap_or("*") };
    let mut response = match take_form(call, &form, origin.as_deref()).await {
        Ok(answer) if wants_json => answer.json()?,
        Ok(answer) => answer.redirect(&form.id)?,
        Err(error) if wants_json => return Err(error.for_origin(reader)),
        Err(error) => pages::form_error(&error)?,
    };
    allow_reader(response.headers_mut(), reader)?;
    Ok(response)
}

/// The form that an address means, with its settings.
///
/// # Errors
/// 404 when there is none.
async fn known_form(call: &Call<'_>, segment: &str) -> Result<PublicForm, ApiError> {
    let id = FormId::new(segment).ok_or_else(|| ApiError::not_found("form"))?;
    let form = form_settings::public(&call.world, id, call.settings.unknown_forms).await?;
    form.ok_or_else(|| ApiError::not_found("form"))
}

/// `GET /forms/{form}`: a plain page of a form that exists.
pub async fn page(call: &Call<'_>, form_id: &str) -> ApiResult {
    let form = known_form(call, form_id).await?;
    pages::form(&form.id, &form.settings)
}

/// `GET /forms/{form}/thanks`.
pub async fn thanks(call: &Call<'_>, form_id: &str) -> ApiResult {
    known_form(call, form_id).await?;
    pages::thanks()
}

/// Lets pages of an origin read the answer; `*` is every page.
fn allow_reader(headers: &Headers, reader: &str) -> worker::Result<()> {
    headers.set("access-control-allow-origin", reader)?;
    if reader == "*" { Ok(()) } else { headers.set("vary", "origin") }
}

/// `OPTIONS /forms/{form}`: which pages may post, and with which headers.
pub async fn preflight(call: &Call<'_>, form_id: &str) -> ApiResult {
    let settings = known_form(call, form_id).await?.settings;
    let origin = header(&call.request, "origin");
    let headers = Headers::new();
    let reader = if settings.origins.is_empty() { Some("*") } else { origin.as_deref() };
    if let Some(reader) = reader.filter(|_| settings.allows(origin.as_deref(), &own_origin(&call.request))) {
        allow_reader(&headers, reader)?;
    }
    headers.set("access-control-allow-methods", "POST, OPTIONS")?;
    headers.set("access-control-allow-headers", "content-type, idempotency-key")?;
    headers.set("access-control-max-age", "86400")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}

/// What a page posted, nothing judged yet.
struct PostedForm {
    raw: RawLead,
    /// Whether the trap was filled in.
    is_trap: bool,
    /// Turnstile's token.
    token: Option<String>,
    /// Names of the fields as the form has them.
    names: Vec<String>,
}

/// What a JSON form has beside the lead.
#[derive(Deserialize)]
struct Beside {
    #[serde(default, rename = "_gotcha")]
    gotcha: Option<String>,
    #[serde(default, rename = "cf-turnstile-response")]
    token: Option<String>,
}

impl PostedForm {
    async fn read(request: &mut Request, settings: &Form) -> Result<Self, ApiError> {
        match Media::of(content_type(request).as_deref())? {
            Media::Json => {
                let bytes = body::bytes(request).await?;
                let raw = json_body::read(&bytes, &settings.map)?;
                let beside = serde_json::from_slice::<Beside>(&bytes).ok();
                let names = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(&bytes).unwrap_or_default();
                let (gotcha, token) = beside.map_or((None, None), |beside| (beside.gotcha, beside.token));
                let is_trap = gotcha.is_some_and(|text| !text.trim().is_empty());
                Ok(Self { raw, is_trap, token, names: names.into_keys().collect() })
            }
            Media::Form => {
                let bytes = body::bytes(request).await?;
                let media = content_type(request).unwrap_or_default();
                with_decoder(&media, |decoder| {
                    let (pairs, _) = form::pairs(&bytes, decoder)?;
                    Ok(Self::of_pairs(form::read_encoded(&bytes, decoder, &settings.map)?, pairs))
                })
            }
            Media::Multipart => {
                let parts = multipart::parts(request).await?;
                let raw = form::from_parts(parts.pairs.clone(), &parts.files, &settings.map)?;
                Ok(Self::of_pairs(raw, parts.pairs))
            }
        }
    }

    fn of_pairs(raw: RawLead, pairs: Vec<(String, String)>) -> Self {
        let is_trap = pairs.iter().any(|(name, value)| name == HONEYPOT && !value.trim().is_empty());
        let token = pairs.iter().find(|(name, _)| name == TOKEN_FIELD).map(|(_, value)| value.clone());
        Self { raw, is_trap, token, names: pairs.into_iter().map(|(name, _)| name).collect() }
    }
}

/// What a browser is told about its form.
struct FormAnswer {
    body: Value,
    status: u16,
    /// Where a browser without a script goes; the router's own page when there is none.
    next: Option<String>,
}

impl FormAnswer {
    /// What a program is told that filled in the trap: the same as a person.
    fn to_a_program() -> Self {
        Self { body: json!({"outcome": "received"}), status: 200, next: None }
    }

    fn json(&self) -> ApiResult {
        json(self.status, &self.body)
    }

    fn redirect(&self, form_id: &FormId) -> ApiResult {
        let thanks = format!("/forms/{}/thanks", encode_segment(form_id.as_str()));
        let headers = Headers::new();
        headers.set("location", self.next.as_deref().unwrap_or(&thanks))?;
        Ok(Response::empty()?.with_status(303).with_headers(headers))
    }
}

/// Takes a submission in.
///
/// Steps: 1 the page may post; 2 neither client nor form posts too often; 3 the fields; 4 a program that fell into the
/// trap is sent away; 5 what the form knows, and every problem; 6 a person is there, asked last because a token is good
/// once; 7 the lead.
async fn take_form(call: &mut Call<'_>, form: &PublicForm, origin: Option<&str>) -> Result<FormAnswer, ApiError> {
    let settings = &*form.settings;
    let received_at = call.world.now();
    // 1
    if !settings.allows(origin, &own_origin(&call.request)) {
        let message = "this form does not take posts from this site; its operator has to add the site to `origins`";
        return Err(ApiError::new(403, "origin_not_allowed", message));
    }
    // 2
    let address = header(&call.request, form_limits::ADDRESS);
    form_limits::form(&call.world.env, address.as_deref(), form.counted_as()).await?;
    // 3
    let PostedForm { mut raw, is_trap, token, names } = PostedForm::read(&mut call.request, settings).await?;
    // 4
    if is_trap {
        return Ok(FormAnswer::to_a_program());
    }
    // 5
    visit(&mut raw, &header(&call.request, "referer").unwrap_or_default());
    settings.guard(&mut raw);
    settings.complete(form.id.as_str(), &mut raw);
    let mut lead =
        check(raw, received_at).map_err(|problems| ApiError::invalid(for_a_person(problems, &names, &settings.map)))?;
    if form_limits::is_one_of_many(&call.world.env, address.as_deref()).await {
        lead.notes.push(Note { path: "form".to_owned(), code: MANY_FROM_CLIENT.to_owned() });
    }
    if lead.bytes() > PUBLIC_LEAD_BYTES_MAX {
        let message = format!("the fields may have {PUBLIC_LEAD_BYTES_MAX} bytes together; shorten the longest");
        return Err(ApiError::new(413, "lead_too_large", message));
    }
    let key = idempotency_key(&call.request, &lead, KeyScope::Form(&form.id))?;
    // 6
    if settings.turnstile {
        see_a_person(call, settings, &mut lead, key.as_deref(), token.as_deref()).await?;
    }
    // 7
    let done = intake(&call.world, lead, key.as_deref(), received_at, options(call, true)).await?;
    later(call, done.after);
    match done.answer {
        IntakeAnswer::Decided { decision, .. } => {
            let assignment = decision.assignment.as_ref();
            let booking_url = assignment.and_then(|assignment| assignment.booking_url.clone());
            let booking_url = booking_url.filter(|_| settings.booking);
            // A browser is told whom it will hear from, not what the business thinks of the lead.
            let rep = assignment.map(|assignment| assignment.rep_name.clone());
            let body = json!({"lead_id": decision.lead_id, "outcome": "received", "rep_name": rep,
                "booking_url": booking_url});
            Ok(FormAnswer {
                body: with_thanks(body, settings),
                status: 200,
                next: booking_url.or_else(|| settings.thanks_url.clone()),
            })
        }
        IntakeAnswer::Accepted { lead_id } => {
            let body = json!({"lead_id": lead_id, "outcome": "received"});
            Ok(FormAnswer { body: with_thanks(body, settings), status: 202, next: settings.thanks_url.clone() })
        }
        IntakeAnswer::Conflict => Err(conflict()),
    }
}

/// The answer with the form's thank-you page, if it has one.
fn with_thanks(mut body: Value, settings: &Form) -> Value {
    if let (Some(url), Some(map)) = (&settings.thanks_url, body.as_object_mut()) {
        map.insert("thanks_url".to_owned(), url.as_str().into());
    }
    body
}

/// Asks Turnstile. A lead that cannot be checked, because Cloudflare or our own setting fails, is taken in with a note:
/// a lead more to look at is better than one lost.
async fn see_a_person(
    call: &Call<'_>,
    settings: &Form,
    lead: &mut Lead,
    key: Option<&str>,
    token: Option<&str>,
) -> Result<(), ApiError> {
    let refused = |code: &str, message: &str| ApiError::invalid(vec![Problem::new(TOKEN_FIELD, code, message)]);
    let token = token.map(str::trim).filter(|token| !token.is_empty());
    let Some(token) = token else {
        return Err(refused("missing_token", "please confirm that you are a person, and send again"));
    };
    let again = "the check that you are a person has run out; please confirm it again, and send again";
    if token.chars().count() > TOKEN_CHARS_MAX {
        return Err(refused("turnstile_refused", again));
    }
    let address = header(&call.request, form_limits::ADDRESS);
    let content = fingerprint(lead, call.settings.person_key.as_bytes());
    let submission = format!("{}\0{content}", key.unwrap_or_default());
    let shown =
        TurnstileOutcome { token, address: address.as_deref(), submission: &submission, hosts: settings.hosts() };
    let verdict = verify(&call.world, &shown, call.settings.person_key.as_bytes()).await;
    let event = match verdict {
        Verdict::Passed => return Ok(()),
        Verdict::Refused => return Err(refused("turnstile_refused", again)),
        Verdict::Unavailable => "turnstile.unavailable",
        Verdict::Misconfigured => "turnstile.misconfigured",
    };
    log::error(&log::LogLine { event, ..log::LogLine::default() });
    lead.notes.push(Note { path: TOKEN_FIELD.to_owned(), code: "turnstile_not_checked".to_owned() });
    Ok(())
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// The origin of this deployment, as the request names it.
fn own_origin(request: &Request) -> String {
    let url = request.inner().url();
    let scheme_and_host = url.splitn(4, '/').take(3).collect::<Vec<_>>();
    scheme_and_host.join("/")
}

fn wants_json(request: &Request) -> bool {
    let accept = header(request, "accept").unwrap_or_default();
    let json_body = content_type(request).is_some_and(|kind| kind.starts_with("application/json"));
    accept.contains("application/json") || (json_body && !accept.contains("text/html"))
}
