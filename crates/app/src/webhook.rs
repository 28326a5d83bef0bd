//! Events of senders become leads: each once, and durable before the sender is answered.

use crate::crm::vendor::{RATE_LIMITER_FULL, no_answer};
use crate::crm::{CallBudget, Hubspot};
use crate::intake::{IntakeAnswer, IntakeWorld, Options, accept, id_of, intake};
use crate::ports::crm::DeliveryResult;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Http, HttpAnswer, PortResult};
use futures_util::{StreamExt, stream};
use lead_router_core::error::Problem;
use lead_router_core::form::GuardedField;
use lead_router_core::id::LeadId;
use lead_router_core::intake::{FieldMap, LeadField, RawLead};
use lead_router_core::lead::{KeyScope, Lead, check};
use lead_router_core::limits::PUBLIC_LEAD_BYTES_MAX;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::DeliveryError;
use lead_router_core::webhook::{Fetch, FetchVendor, Fetched, HUBSPOT_TOKEN, Sender, WebhookEvent, WebhookEventKind};

/// How long the events of one request may take, in milliseconds. `HubSpot` and Segment wait for five seconds.
pub const BUDGET_MS: i64 = 4_000;

/// Time below which no record is asked for any more, in milliseconds: an answer in time would be luck.
pub const LEAST_MS: i64 = 500;

/// Longest wait for one record at a vendor, in milliseconds.
const FETCH_TIMEOUT_MS: u32 = 2_500;

/// Events that are worked on at the same time: as many connections as the platform has for one request.
const AT_ONCE: usize = 6;

/// An event that was read and is no lead as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEvent {
    /// What makes a second delivery the same event.
    pub key: Option<String>,
    /// What it said.
    pub raw: RawLead,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookResult {
    /// It is a lead, durable, and has to be routed.
    Accepted(LeadId),
    /// The lead was there before.
    Duplicate(LeadId),
    /// Nothing for this program; the code says why.
    Ignored(&'static str),
    /// It is no lead as it is; the codes say why, one per field that is wrong.
    Refused {
        /// Why.
        codes: Vec<String>,
        /// What it said, where it could be read: an operator may say what its fields mean, and take it in again.
        event: Option<Box<RefusedEvent>>,
    },
    /// There was no time to read it at its vendor: it belongs on the queue, as a `Job::Fetch`.
    Left {
        /// Where the lead is.
        fetch: Fetch,
        /// What makes a second delivery the same event.
        key: Option<String>,
    },
    /// It has to come again; the code says why.
    Later {
        /// Why.
        code: &'static str,
        /// Whether an operator has to act before that.
        operator: bool,
        /// What the platform said, or what is to be set. Holds no lead data.
        detail: String,
    },
}

/// Takes events in, several at the same time; the answers are in the order of the events.
///
/// Nobody waits for enrichment or a decision: a lead that is [`WebhookResult::Accepted`] still has to be routed. `map` says
/// what the field names of a record mean that is read at the sender.
pub async fn take_all<W: IntakeWorld + RateLimits>(
    world: &W,
    sender: Sender,
    events: Vec<WebhookEvent>,
    map: &FieldMap,
    received_at: Timestamp,
    options: Options<'_>,
) -> Vec<WebhookResult> {
    let options = Options { wait: false, ..options };
    let taken = events.into_iter().map(|event| take(world, sender, event, map, received_at, options));
    stream::iter(taken).buffered(AT_ONCE).collect().await
}

async fn take<W: IntakeWorld + RateLimits>(
    world: &W,
    sender: Sender,
    event: WebhookEvent,
    map: &FieldMap,
    received_at: Timestamp,
    options: Options<'_>,
) -> WebhookResult {
    let raw = match event.says {
        WebhookEventKind::Nothing(code) => return WebhookResult::Ignored(code),
        WebhookEventKind::Broken(code) => return WebhookResult::refused(code),
        WebhookEventKind::Lead(raw) => raw,
        WebhookEventKind::Fetch(fetch) => match fetched(world, &fetch, map, received_at).await {
            Ok(Some(raw)) => raw,
            Ok(None) => return WebhookResult::Left { fetch, key: event.key },
            Err(taken) => return taken,
        },
    };
    match judged(guarded(world, sender, (*raw).clone()), received_at) {
        Ok(lead) => {
            let key = event.key.map(|key| KeyScope::Sender(sender.id()).of(&key));
            store(world, lead, key, received_at, options).await.unwrap_or_else(|error| WebhookResult::Later {
                code: "unavailable",
                operator: false,
                detail: format!("{}: {}", error.port, error.detail),
            })
        }
        Err(problems) => {
            let refused = RefusedEvent { key: event.key, raw: *raw };
            WebhookResult::Refused { codes: codes(&problems), event: Some(Box::new(refused)) }
        }
    }
}

/// The lead without what its sender cannot know.
fn guarded<W: Http>(world: &W, sender: Sender, mut raw: RawLead) -> RawLead {
    let mut accepted = sender.accepts();
    let setting = world.setting(&sender.accept_setting()).unwrap_or_default();
    accepted.extend(setting.split(',').filter_map(|name| GuardedField::from_name(name.trim())));
    raw.keep_accepted(&accepted);
    raw.set_default(LeadField::Source, sender.id());
    raw
}

/// The lead, cut to the weight that a stranger's lead may have.
fn judged(raw: RawLead, received_at: Timestamp) -> Result<Lead, Vec<Problem>> {
    let mut lead = check(raw, received_at)?;
    if lead.cut_to(PUBLIC_LEAD_BYTES_MAX) {
        return Ok(lead);
    }
    Err(vec![Problem::new("", "lead_too_large", format!("expected {PUBLIC_LEAD_BYTES_MAX} bytes at most"))])
}

impl WebhookResult {
    /// A refusal of something that could not be read.
    fn refused(code: &str) -> Self {
        Self::Refused { codes: vec![code.to_owned()], event: None }
    }
}

/// Codes and names of known fields; a name of the sender's own might say something about the person.
fn codes(problems: &[Problem]) -> Vec<String> {
    let code =
        |path: &str, code: &str| if path.contains("fields.") { code.to_owned() } else { format!("{path}:{code}") };
    problems.iter().map(|problem| code(&problem.path, &problem.code)).collect()
}

/// Reads a lead at its vendor; `None` when there was no time left for the sender.
async fn fetched<W: IntakeWorld + RateLimits>(
    world: &W,
    fetch: &Fetch,
    map: &FieldMap,
    received_at: Timestamp,
) -> Result<Option<Box<RawLead>>, WebhookResult> {
    let later = |code, operator, detail: &str| WebhookResult::Later { code, operator, detail: detail.to_owned() };
    let left_ms = BUDGET_MS.saturating_sub(world.now().ms_since(received_at));
    if left_ms < LEAST_MS {
        return Ok(None);
    }
    let timeout_ms = u32::try_from(left_ms).unwrap_or(0).min(FETCH_TIMEOUT_MS);
    let answer = match answer(world, fetch, timeout_ms).await {
        Ok(answer) => answer,
        // The vendor is not at fault when the time was short, nor when its limits let no more through for now.
        Err(DeliveryError::Retryable { code, .. })
            if code == RATE_LIMITER_FULL || code == "timeout" && timeout_ms < FETCH_TIMEOUT_MS =>
        {
            return Ok(None);
        }
        Err(DeliveryError::Retryable { code, .. }) => return Err(later("fetch_unavailable", false, &code)),
        Err(DeliveryError::Permanent { code, message, .. }) => {
            let code = if code == "not_set_up" { "not_set_up" } else { "fetch_token_refused" };
            return Err(later(code, true, &message));
        }
    };
    match fetch.read(answer.status, &answer.body, map, world.now()) {
        Fetched::Lead(raw) => Ok(Some(raw)),
        Fetched::Nothing(code) => Err(WebhookResult::Ignored(code)),
        Fetched::Broken(code) => Err(WebhookResult::refused(code)),
        Fetched::Later(code) => Err(later(code, false, &format!("status {}", answer.status))),
        Fetched::Misconfigured(code) => Err(later(code, true, &format!("status {}", answer.status))),
    }
}

/// What the vendor answers. `HubSpot` is asked as everywhere: with the token that is in force, and within its limits.
async fn answer<W: IntakeWorld + RateLimits>(world: &W, fetch: &Fetch, timeout_ms: u32) -> DeliveryResult<HttpAnswer> {
    let request = |token: Option<&str>| {
        let named = |name: &str| token.filter(|_| name == HUBSPOT_TOKEN).map(str::to_owned);
        let request = fetch.request(&|name| named(name).or_else(|| world.setting(name)));
        request.map_err(|refusal| DeliveryError::config(refusal.code, refusal.message))
    };
    if fetch.vendor == FetchVendor::Hubspot {
        let budget = CallBudget { limiter_ms: timeout_ms, answer_ms: timeout_ms, ..CallBudget::CONSUMER };
        return Hubspot::connect(world, budget)?.ask(|token| request(Some(token))).await;
    }
    world.send(&request(None)?, timeout_ms).await.map_err(no_answer)
}

/// Makes a lead durable, unless it is.
///
/// Steps: 1 a lead that is there already, however long ago, is a duplicate: vendors repeat themselves for days, and some
/// send the record as it is by then; 2 it is accepted under its key; 3 when the key belongs to another content and yet
/// there is no such lead, the first delivery ended between the two, or the record is another person's by now: it is
/// accepted all the same.
async fn store<W: IntakeWorld>(
    world: &W,
    lead: Lead,
    key: Option<String>,
    received_at: Timestamp,
    options: Options<'_>,
) -> PortResult<WebhookResult> {
    // 1
    let id = key.as_ref().and_then(|key| id_of(&lead, key, options.person_key));
    if let Some(id) = &id
        && world.lead(id).await?.is_some()
    {
        return Ok(WebhookResult::Duplicate(id.clone()));
    }
    // 2
    let mut answer = intake(world, lead.clone(), key.as_deref(), received_at, options).await?.answer;
    // 3
    if answer == IntakeAnswer::Conflict {
        answer = accept(world, lead, key.as_deref(), received_at, options).await?.answer;
    }
    Ok(match (answer, id) {
        (IntakeAnswer::Accepted { lead_id }, _) => WebhookResult::Accepted(lead_id),
        (IntakeAnswer::Decided { decision, .. }, _) => WebhookResult::Duplicate(decision.lead_id),
        // Another content of the same person came in between.
        (IntakeAnswer::Conflict, Some(id)) => WebhookResult::Duplicate(id),
        (IntakeAnswer::Conflict, None) => WebhookResult::refused("conflict"),
    })
}
