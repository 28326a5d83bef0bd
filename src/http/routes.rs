//! The routes, and what every request has in common: id, settings, log line, errors.

use crate::bindings::log;
use crate::bindings::settings::Settings;
use crate::bindings::world::World;
use crate::cron::crm_sync;
use crate::http::audit::{decisions, events, export, people};
use crate::http::respond::{ApiError, ApiResult};
use crate::http::{
    action_links, admin, batch, dead_letters, doctor, embed, form_settings, forms, leads, notifications, pages,
    providers, rep_actions, roster, slack, webhooks,
};
use crate::queues::crm;
use lead_router_app::ports::Clock;
use worker::{Context, Env, Method, Request, Response, Result};

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

async fn route(mut call: Call<'_>) -> ApiResult {
    let path = call.request.path();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let method = call.request.method();
    let (get, put, post) = (method == Method::Get, method == Method::Put, method == Method::Post);
    let delete = method == Method::Delete;
    match parts.as_slice() {
        ["healthz"] if get => admin::health(&call).await,
        ["openapi.json"] if get => admin::openapi(),
        ["v1", "leads"] if post => leads::post_lead(&mut call).await,
        ["v1", "leads:batch"] if post => batch::post(&mut call).await,
        ["v1", "leads", id] if get => leads::get_lead(&call, id).await,
        ["v1", "leads", id, "accept"] if post => rep_actions::post(&mut call, id, "accept").await,
        ["v1", "leads", id, "decline"] if post => rep_actions::post(&mut call, id, "decline").await,
        ["v1", "leads", id, "reassign"] if post => rep_actions::post(&mut call, id, "reassign").await,
        ["v1", "explain"] if post => leads::explain(&mut call).await,
        ["forms", form] if post => forms::post_form(&mut call, form).await,
        ["forms", form] if method == Method::Options => forms::preflight(&call, form).await,
        ["forms", form] if get => forms::page(&call, form, pages::form).await,
        ["forms", form, "thanks"] if get => forms::page(&call, form, pages::thanks).await,
        ["embed.js"] if get => embed::script(),
        ["demo"] if get && call.settings.dev => embed::demo(),
        ["hooks", "slack"] if post => slack::click(&mut call).await,
        ["hooks", sender] if get || post => webhooks::hook(&mut call, sender).await,
        ["v1", "batch"] if post => webhooks::track(&mut call, "batch").await,
        ["v1", "identify"] if post => webhooks::track(&mut call, "identify").await,
        ["v1", "track"] if post => webhooks::track(&mut call, "track").await,
        ["v1", "page"] if post => webhooks::track(&mut call, "page").await,
        ["v1", "screen"] if post => webhooks::track(&mut call, "screen").await,
        ["v1", "group"] if post => webhooks::track(&mut call, "group").await,
        ["v1", "alias"] if post => webhooks::track(&mut call, "alias").await,
        ["v1", "decisions"] if get => decisions::list(&call).await,
        ["v1", "decisions:export"] if get => export::decisions(&call).await,
        ["v1", "events"] if get => events::list(&call).await,
        ["v1", "events:export"] if get => export::events(&call).await,
        ["v1", "people"] if delete => people::person(&mut call).await,
        ["v1", "teams"] if get => roster::list(&call, "teams").await,
        ["v1", "reps"] if get => roster::list(&call, "reps").await,
        ["v1", "teams", id] if get || put => roster::team(&mut call, id).await,
        ["v1", "reps", id] if get || put => roster::rep(&mut call, id).await,
        ["v1", "reps", id, "status"] if get || put => roster::status(&mut call, id).await,
        ["v1", "reps", id, "inbox"] if get => admin::inbox(&call, id).await,
        ["v1", "accounts:import"] if post => admin::import_accounts(&mut call).await,
        ["v1", "forms"] if get => form_settings::list(&call).await,
        ["v1", "forms", id] if get || put => form_settings::form(&mut call, id).await,
        ["v1", "notifications"] if get || put => notifications::rules(&mut call).await,
        ["actions", token] if get || post => action_links::link(&call, token).await,
        parts => operate(&mut call, parts, (get, put, post), delete).await,
    }
}

/// What operators alone ask for: the rubric, providers, what was given up, whether all is well.
async fn operate(call: &mut Call<'_>, parts: &[&str], (get, put, post): (bool, bool, bool), delete: bool) -> ApiResult {
    match parts {
        ["v1", "rubric"] if get => admin::get_rubric(call).await,
        ["v1", "rubric"] if put => admin::put_rubric(call).await,
        ["v1", "rubric", "check"] if post => admin::check_rubric(call).await,
        ["v1", "providers"] if get => providers::list(call).await,
        ["v1", "providers", id, "try"] if post => providers::try_one(call, id).await,
        ["v1", "dead-letters"] if get => dead_letters::list(call).await,
        ["v1", "dead-letters", id] if get => dead_letters::get(call, id).await,
        ["v1", "dead-letters", id] if delete => dead_letters::dismiss(call, id).await,
        ["v1", "dead-letters", id, "redrive"] if post => dead_letters::redrive(call, id).await,
        ["v1", "dead-letters:redrive"] if post => dead_letters::redrive_all(call).await,
        ["v1", "doctor"] if get => doctor::answer(call).await,
        ["v1", "crm:setup"] if post => crm::prepare(call).await,
        ["v1", "crm:resync"] if post => crm_sync::again(call).await,
        parts if known(parts) => Err(ApiError::new(405, "method_not_allowed", "this address takes another method")),
        _ => Err(ApiError::new(404, "no_such_route", "there is nothing at this address; see /openapi.json")),
    }
}

/// Whether an address exists, whatever the method.
fn known(parts: &[&str]) -> bool {
    matches!(
        parts,
        ["healthz" | "openapi.json" | "embed.js" | "demo"]
            | ["forms" | "hooks" | "actions", _]
            | ["forms", _, "thanks"]
            | [
                "v1",
                "leads"
                    | "explain"
                    | "decisions"
                    | "decisions:export"
                    | "events"
                    | "events:export"
                    | "people"
                    | "doctor"
                    | "crm:setup"
                    | "crm:resync"
                    | "dead-letters:redrive"
                    | "teams"
                    | "reps"
                    | "accounts:import"
                    | "rubric"
                    | "providers"
                    | "dead-letters"
                    | "batch"
                    | "identify"
                    | "track"
                    | "page"
                    | "screen"
                    | "group"
                    | "alias"
                    | "leads:batch"
                    | "forms"
                    | "notifications"
            ]
            | ["v1", "leads" | "teams" | "reps" | "forms" | "dead-letters", _]
            | ["v1", "leads", _, "accept" | "decline" | "reassign"]
            | ["v1", "dead-letters", _, "redrive"]
            | ["v1", "reps", _, "status" | "inbox"]
            | ["v1", "rubric", "check"]
            | ["v1", "providers", _, "try"]
    )
}
