//! Webhooks of vendors, and Segment's tracking API: each sender is answered as it wants to be.

use crate::bindings::log;
use crate::bindings::queue::send_jobs;
use crate::bindings::settings::setting;
use crate::bindings::world::World;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::http::{body, multipart, refused_events, senders};
use lead_router_app::enrichment::after;
use lead_router_app::intake::{Options, route_again};
use lead_router_app::ports::crm::CrmLookups;
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::{Clock, Jobs};
use lead_router_app::webhook::{WebhookResult, take_all};
use lead_router_core::crm::CrmKind;
use lead_router_core::decision::record::Mode;
use lead_router_core::id::LeadId;
use lead_router_core::intake::{FieldMap, Media};
use lead_router_core::limits::HOOK_BODY_BYTES_MAX;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::hubspot::CRM_CHANGE;
use lead_router_core::webhook::segment::TRACKING_SETTINGS;
use lead_router_core::webhook::{
    Blame, Incoming, ParsedWebhook, Sender, SenderSettings, WebhookEvent, WebhookMethod, parse, salesforce, segment,
};
use serde_json::{Value, json};
use worker::{Headers, Request, Response};

/// How long after an event the changes in the CRM are read, in seconds: longer than its search is behind.
const SYNC_AFTER_S: u32 = 10;

/// A request as its sender's file reads it, with what it borrows.
struct Arrived {
    method: WebhookMethod,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    now: Timestamp,
}

impl Arrived {
    async fn new(call: &mut Call<'_>) -> Result<Self, ApiError> {
        let now = call.world.now();
        let method =
            if call.request.method() == worker::Method::Post { WebhookMethod::Post } else { WebhookMethod::Get };
        let url = call.request.inner().url();
        let headers = headers(&call.request);
        let body = match method {
            WebhookMethod::Get => Vec::new(),
            WebhookMethod::Post => body::sent_bytes(&mut call.request, HOOK_BODY_BYTES_MAX).await?,
        };
        Ok(Self { method, url, headers, body, now })
    }

    /// A multipart form as pairs. Only Jotform sends one, and it signs nothing, so the bytes themselves do not matter.
    async fn with_pairs(mut self) -> Result<Self, ApiError> {
        let Some((_, media)) = self.headers.iter_mut().find(|(name, _)| name == "content-type") else {
            return Ok(self);
        };
        if Media::of(Some(media)) == Ok(Media::Multipart) {
            let parts = multipart::take_apart(std::mem::take(&mut self.body), media).await?;
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            self.body = pairs.extend_pairs(parts.pairs).finish().into_bytes();
        }
        Ok(self)
    }

    fn incoming(&self) -> Incoming<'_> {
        Incoming { method: self.method, url: &self.url, headers: &self.headers, body: &self.body, now: self.now }
    }
}

fn headers(request: &Request) -> Vec<(String, String)> {
    request.headers().entries().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// `/hooks/{sender}`: the webhooks of a vendor, and its challenges with GET.
///
/// Steps: 1 the sender; 2 the body as bytes, once; 3 signature, then content; 4 every event is made durable; 5 what was
/// accepted is routed after the answer; 6 the answer in the sender's own form.
pub async fn hook(call: &mut Call<'_>, sender: &str) -> ApiResult {
    // 1
    let sender = Sender::from_id(sender)
        .ok_or_else(|| ApiError::new(404, "no_such_sender", "no sender has this name; see docs/SENDERS.md"))?;
    // 2
    let mut arrived = Arrived::new(call).await?;
    if sender == Sender::Jotform {
        arrived = arrived.with_pairs().await?;
    }
    // 3
    let settings = SenderSettings::read(sender.settings(), |name| setting(&call.world.env, name));
    let map = senders::in_force(&call.world, sender).await?;
    let settings = settings.with_map((*map).clone());
    let events = match parse(sender, &arrived.incoming(), &settings) {
        Ok(ParsedWebhook::Events(events)) => events,
        Ok(ParsedWebhook::Challenge { media, body }) => return text(media, &body),
        Err(refusal) => {
            // It came from the sender, so an operator has to see it.
            if matches!(refusal.blame, Blame::Request | Blame::Size) {
                refused_events::keep(&call.world, sender.id(), &[refusal.code.to_owned()], None).await?;
            }
            return Err(refusal.into());
        }
    };
    // 4 and 5
    let taken = take(call, sender, events, &map, arrived.now).await?;
    if taken.contains(&WebhookResult::Ignored(CRM_CHANGE)) && call.world.crm() == CrmKind::Hubspot {
        call.world.enqueue(&[Job::Sync], SYNC_AFTER_S).await?;
    }
    // 6
    answer(sender, &arrived.incoming(), &taken)
}

/// `/v1/batch` and the calls with one event: Segment's tracking API, so that its libraries can point here.
pub async fn track(call: &mut Call<'_>, name: &str) -> ApiResult {
    let arrived = Arrived::new(call).await?;
    let map = senders::in_force(&call.world, Sender::Segment).await?;
    let settings = SenderSettings::read(TRACKING_SETTINGS, |name| setting(&call.world.env, name));
    let settings = settings.with_map((*map).clone());
    if let ParsedWebhook::Events(events) = segment::track(&arrived.incoming(), name, &settings)? {
        take(call, Sender::Segment, events, &map, arrived.now).await?;
    }
    json(200, &json!({"success": true}))
}

/// Takes events in. An error when one of them has to come again: the sender repeats the request then, and those that
/// were accepted are recognized.
async fn take(
    call: &Call<'_>,
    sender: Sender,
    events: Vec<WebhookEvent>,
    map: &FieldMap,
    received_at: Timestamp,
) -> Result<Vec<WebhookResult>, ApiError> {
    let options = options(call.settings.person_key.as_bytes(), call);
    let taken = take_all(&call.world, sender, events, map, received_at, options).await;
    let accepted =
        taken.iter().filter_map(|taken| if let WebhookResult::Accepted(id) = taken { Some(id.clone()) } else { None });
    route_after_the_answer(call, accepted.collect());
    let left: Vec<Job> = taken.iter().filter_map(job).collect();
    send_jobs(&call.world.env, &left).await?;
    let mut again = None;
    for taken in &taken {
        match taken {
            WebhookResult::Refused { codes, event } => {
                refused_events::keep(&call.world, sender.id(), codes, event.as_deref()).await?;
                let (code, detail) = (codes.join(" "), Some(sender.id()));
                log::info(&log::LogLine {
                    event: "event.refused",
                    code: Some(&code),
                    detail,
                    ..log::LogLine::default()
                });
            }
            WebhookResult::Later { code, operator, detail } => {
                if *operator {
                    let event = "sender.misconfigured";
                    log::error(&log::LogLine {
                        event,
                        code: Some(code),
                        detail: Some(detail),
                        ..log::LogLine::default()
                    });
                }
                again.get_or_insert((code, operator, detail));
            }
            WebhookResult::Accepted(_)
            | WebhookResult::Duplicate(_)
            | WebhookResult::Ignored(_)
            | WebhookResult::Left { .. } => {}
        }
    }
    match again {
        None => Ok(taken),
        Some((code, true, detail)) => Err(ApiError::new(503, code, operators_part(code, detail))),
        Some((code, false, detail)) => {
            let message = "an event could not be taken in at the moment; send the same request again";
            Err(ApiError::new(503, code, message).with_detail(detail.clone()))
        }
    }
}

/// Takes in one event that an operator sends again, and routes it after the answer.
///
/// # Errors
/// None of its own: what cannot be taken in is a result.
pub async fn take_one(call: &Call<'_>, sender: Sender, event: WebhookEvent) -> Result<WebhookResult, ApiError> {
    let options = options(call.settings.person_key.as_bytes(), call);
    let taken = take_all(&call.world, sender, vec![event], &FieldMap::default(), call.world.now(), options).await;
    let taken = taken.into_iter().next().ok_or_else(|| ApiError::not_found("refused event"))?;
    if let WebhookResult::Accepted(id) = &taken {
        route_after_the_answer(call, vec![id.clone()]);
    }
    Ok(taken)
}

/// The queue takes over what there was no time to read.
fn job(taken: &WebhookResult) -> Option<Job> {
    let WebhookResult::Left { fetch, key } = taken else { return None };
    Some(Job::Fetch { fetch: fetch.clone(), key: key.clone() })
}

/// What an operator has to do about an event that cannot be read at its vendor.
fn operators_part(code: &str, detail: &str) -> String {
    match code {
        "not_set_up" => detail.to_owned(),
        _ => "the vendor refuses the token of this program; its operator has to renew it".to_owned(),
    }
}

fn options<'a>(person_key: &'a [u8], call: &Call<'_>) -> Options<'a> {
    let mode: Mode = call.settings.mode;
    Options { person_key, mode, wait: false }
}

/// Routes what was accepted: one lead at once, several through the queue, which takes its time. When either fails, the
/// watchdog of each lead routes it.
fn route_after_the_answer(call: &Call<'_>, mut accepted: Vec<LeadId>) {
    let (world, settings): (World, _) = (call.world.clone(), call.settings.clone());
    if accepted.len() > 1 {
        let jobs: Vec<Job> = accepted.into_iter().map(|lead_id| Job::Route { lead_id }).collect();
        call.context.wait_until(async move {
            let _ = send_jobs(&world.env, &jobs).await;
        });
    } else if let Some(id) = accepted.pop() {
        call.context.wait_until(async move {
            let person_key = settings.person_key.as_bytes();
            let options = Options { person_key, mode: settings.mode, wait: true };
            if let Ok(Some(done)) = route_again(&world, &id, options).await {
                after(&world, done.after).await;
            }
        });
    }
}

/// What the sender is told. A lead that was refused is no reason to send it again, so most are told that all is well;
/// Google shows the reason to the advertiser, and a flow of Salesforce takes its fault path.
fn answer(sender: Sender, incoming: &Incoming<'_>, taken: &[WebhookResult]) -> ApiResult {
    let refused = taken
        .iter()
        .find_map(|taken| if let WebhookResult::Refused { codes, .. } = taken { Some(codes) } else { None });
    let is_callout = sender == Sender::Salesforce && salesforce::is_callout(incoming);
    match (sender, refused) {
        (Sender::Salesforce, _) if !is_callout => text("text/xml; charset=utf-8", salesforce::ACKNOWLEDGEMENT),
        (Sender::Salesforce, Some(codes)) => {
            Err(ApiError::new(422, "invalid", format!("these fields have to be mended: {}", codes.join(", "))))
        }
        (Sender::GoogleAds, Some(codes)) => {
            json(400, &json!({"message": format!("the lead cannot be used: {}", codes.join(", "))}))
        }
        (Sender::GoogleAds, None) => json(200, &json!({})),
        _ => json(200, &summary(taken)),
    }
}

/// `status` and `lead_id` of the first event that is a lead, and what became of each event.
fn summary(taken: &[WebhookResult]) -> Value {
    let events: Vec<Value> = taken
        .iter()
        .map(|taken| match taken {
            WebhookResult::Accepted(id) => json!({"status": "accepted", "lead_id": id}),
            WebhookResult::Duplicate(id) => json!({"status": "duplicate", "lead_id": id}),
            WebhookResult::Ignored(code) => json!({"status": "ignored", "code": code}),
            WebhookResult::Refused { codes, .. } => json!({"status": "refused", "code": codes.join(" ")}),
            WebhookResult::Left { .. } => json!({"status": "queued"}),
            WebhookResult::Later { code, .. } => json!({"status": "later", "code": code}),
        })
        .collect();
    let first = events.iter().find(|event| event.get("lead_id").is_some()).or_else(|| events.first());
    let field = |name: &str| first.and_then(|event| event.get(name)).cloned();
    json!({
        "status": field("status").unwrap_or_else(|| json!("ignored")),
        "lead_id": field("lead_id"),
        "events": events,
    })
}

fn text(media: &str, body: &str) -> ApiResult {
    let headers = Headers::new();
    headers.set("content-type", media)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Response::ok(body)?.with_headers(headers))
}
