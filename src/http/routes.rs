//! The routes, and what every request has in common: id, settings, log line, errors.

use crate::bindings::log;
use crate::bindings::settings::Settings;
use crate::bindings::world::World;
use crate::cron::crm_sync;
use crate::http::action_links::LinkStep;
use crate::http::audit::{decisions, events, export, people};
use crate::http::respond::{ApiError, ApiResult};
use crate::http::route_table::{Lookup, Operation, find};
use crate::http::{
    action_links, admin, auth, batch, dead_letters, doctor, embed, form_settings, forms, leads, notifications,
    providers, refused_events, rep_actions, roster, senders, slack, webhooks,
};
use crate::queues::crm;
use lead_router_app::ports::Clock;
use worker::{Context, Env, Request, Response, Result};

/// One request with what its handler needs.
pub struct Call<'a> {
    /// The request.
    pub request: Request,
    /// The world.
    pub world: World,
    /// Settings of the deployment.
    pub settings: &'a Settings,
    /// For work after the answer.
    pub context: &'a Context,
}

impl Call<'_> {
    /// A parameter of the query; the last one when it is repeated.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = self.request.inner().url();
        let (_, query) = url.split_once('?')?;
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
    }
}

/// Answers a request. Never an error: what goes wrong becomes an answer in the shape of the contract.
pub async fn handle(request: Request, env: Env, context: Context) -> Result<Response> {
    let world = World::new(env);
    let started = world.now();
    let request_id = request_id(&request);
    let result = match Settings::read(&world.env) {
        Ok(settings) if settings.dev && !local(&request) => Err(ApiError::new(
            503,
            "dev_environment",
            "this is the local environment; deploy with `--env staging` or `--env production`",
        )),
        Ok(settings) => route(Call { request, world: world.clone(), settings: &settings, context: &context }).await,
        Err(problems) => Err(ApiError::misconfigured(problems)),
    };
    let duration_ms = u32::try_from(world.now().ms_since(started)).ok();
    match result {
        Ok(mut response) => {
            let _ = response.headers_mut().set("x-request-id", &request_id);
            Ok(response)
        }
        Err(error) => {
            log::info(&log::LogLine {
                event: "request.refused",
                request_id: Some(&request_id),
                code: Some(error.code()),
                detail: error.detail(),
                duration_ms,
                ..log::LogLine::default()
            });
            error.response(&request_id)
        }
    }
}

/// The id that the platform gave the request, or one made of the clock and chance.
fn request_id(request: &Request) -> String {
    let ray = request.headers().get("cf-ray").ok().flatten();
    ray.filter(|ray| ray.len() <= 64 && ray.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).unwrap_or_else(
        || {
            let chance = worker::js_sys::Math::random().to_bits();
            format!("{:x}-{:08x}", worker::Date::now().as_millis(), chance & 0xffff_ffff)
        },
    )
}

/// Whether a request came to a local host name.
fn local(request: &Request) -> bool {
    let url = request.inner().url();
    let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    matches!(name, "localhost" | "127.0.0.1" | "0.0.0.0") || name.starts_with("[::1]") || name.ends_with(".localhost")
}

/// Finds the route, lets only those call who may, and has the operation carried out. `HEAD` is `GET` without the body.
async fn route(mut call: Call<'_>) -> ApiResult {
    // `Request::method` takes every method that it does not know for GET.
    let method = call.request.inner().method();
    let (route, parameter) = match find(&method, &call.request.path()) {
        Lookup::Found(route, parameter) => (route, parameter),
        Lookup::MethodNotAllowed(allow) => return Err(ApiError::method_not_allowed(&allow)),
        Lookup::NotFound => return Err(ApiError::no_such_route()),
    };
    auth::authorize(route.access, &call.request, call.settings)?;
    let response = perform(&mut call, route.operation, &parameter).await?;
    if method != "HEAD" {
        return Ok(response);
    }
    let (status, headers) = (response.status_code(), response.headers().clone());
    Ok(Response::empty()?.with_status(status).with_headers(headers))
}

/// Carries an operation out. `id` is the parameter in the path.
#[expect(clippy::too_many_lines, reason = "one line for each operation")]
async fn perform(call: &mut Call<'_>, operation: Operation, id: &str) -> ApiResult {
    match operation {
        Operation::Health => admin::health(call).await,
        Operation::Openapi => admin::openapi(),
        Operation::PostLead => leads::post_lead(call).await,
        Operation::PostLeads => batch::post(call).await,
        Operation::GetLead => leads::get_lead(call, id).await,
        Operation::AcceptLead => rep_actions::post(call, id, "accept").await,
        Operation::DeclineLead => rep_actions::post(call, id, "decline").await,
        Operation::ReassignLead => rep_actions::post(call, id, "reassign").await,
        Operation::Explain => leads::explain(call).await,
        Operation::GetForm => forms::page(call, id).await,
        Operation::PostForm => forms::post_form(call, id).await,
        Operation::Preflight => forms::preflight(call, id).await,
        Operation::GetThanks => forms::thanks(call, id).await,
        Operation::GetScript => embed::script(),
        Operation::GetDemo if call.settings.dev => embed::demo(),
        Operation::GetDemo => Err(ApiError::no_such_route()),
        Operation::PostSlackClick => slack::click(call).await,
        Operation::GetHook | Operation::PostHook => webhooks::hook(call, id).await,
        Operation::SegmentBatch => webhooks::track(call, "batch").await,
        Operation::SegmentIdentify => webhooks::track(call, "identify").await,
        Operation::SegmentTrack => webhooks::track(call, "track").await,
        Operation::SegmentPage => webhooks::track(call, "page").await,
        Operation::SegmentScreen => webhooks::track(call, "screen").await,
        Operation::SegmentGroup => webhooks::track(call, "group").await,
        Operation::SegmentAlias => webhooks::track(call, "alias").await,
        Operation::GetLink => action_links::link(call, id, LinkStep::Ask).await,
        Operation::PostLink => action_links::link(call, id, LinkStep::Act).await,
        Operation::ListDecisions => decisions::list(call).await,
        Operation::ExportDecisions => export::decisions(call).await,
        Operation::ListEvents => events::list(call).await,
        Operation::ExportEvents => export::events(call).await,
        Operation::ErasePerson => people::person(call).await,
        Operation::ListTeams => roster::teams(call).await,
        Operation::GetTeam => roster::get_team(call, id).await,
        Operation::PutTeam => roster::put_team(call, id).await,
        Operation::ListReps => roster::reps(call).await,
        Operation::GetRep => roster::get_rep(call, id).await,
        Operation::PutRep => roster::put_rep(call, id).await,
        Operation::GetStatus => roster::get_status(call, id).await,
        Operation::PutStatus => roster::put_status(call, id).await,
        Operation::GetInbox => admin::inbox(call, id).await,
        Operation::ImportAccounts => admin::import_accounts(call).await,
        Operation::ListForms => form_settings::list(call).await,
        Operation::GetFormSettings => form_settings::get(call, id).await,
        Operation::PutFormSettings => form_settings::put(call, id).await,
        Operation::PreviewForm => senders::form_preview(call, id).await,
        Operation::GetSenderSettings => senders::get(call, id).await,
        Operation::PutSenderSettings => senders::put(call, id).await,
        Operation::PreviewSender => senders::preview(call, id).await,
        Operation::GetNotificationRules => notifications::get(call).await,
        Operation::PutNotificationRules => notifications::put(call).await,
        Operation::GetRubric => admin::get_rubric(call).await,
        Operation::PutRubric => admin::put_rubric(call).await,
        Operation::CheckRubric => admin::check_rubric(call).await,
        Operation::ListProviders => providers::list(call).await,
        Operation::TryProvider => providers::try_one(call, id).await,
        Operation::ListDeadLetters => dead_letters::list(call).await,
        Operation::GetDeadLetter => dead_letters::get(call, id).await,
        Operation::DismissDeadLetter => dead_letters::dismiss(call, id).await,
        Operation::RedriveDeadLetter => dead_letters::redrive(call, id).await,
        Operation::RedriveDeadLetters => dead_letters::redrive_all(call).await,
        Operation::ListRefusedEvents => refused_events::list(call).await,
        Operation::GetRefusedEvent => refused_events::get(call, id).await,
        Operation::DismissRefusedEvent => refused_events::dismiss(call, id).await,
        Operation::RedriveRefusedEvent => refused_events::redrive(call, id).await,
        Operation::RedriveRefusedEvents => refused_events::redrive_all(call).await,
        Operation::Doctor => doctor::answer(call).await,
        Operation::SetupCrm => crm::prepare(call).await,
        Operation::ResyncCrm => crm_sync::again(call).await,
    }
}
