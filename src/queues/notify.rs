//! The consumer tells reps and teams, and remembers which messages can be changed later.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::settings::{Settings, setting};
use crate::bindings::world::World;
use crate::bindings::{config, platform};
use crate::http::audit::events::has_any;
use crate::http::audit::people::is_erased;
use crate::http::dead_letters;
use crate::http::dead_letters::DeadLetter;
use lead_router_app::notify::deliver::{NotifyOutcome, jobs, notify_next};
use lead_router_app::ports::crm::CrmLookups;
use lead_router_app::ports::jobs::{Job, NotificationJob};
use lead_router_app::ports::messages::{LeadStatus, SnapshotRequest};
use lead_router_app::ports::{AccountShards, Clock, Config, Events, Jobs, PortResult, PostedMessages, Unavailable};
use lead_router_core::audit::{AuditEvent, AuditEventKind, EventDetail, Who};
use lead_router_core::crm::CrmKind;
use lead_router_core::decision::record::Record;
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::notify::slack::PostedMessage;
use lead_router_core::notify::{Channel, Notice, NoticeEvent, NoticeInputs, notices, owner_drift as drift_notice};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::DeliveryError;
use serde::Deserialize;
use worker::wasm_bindgen::JsValue;
use worker::{MessageExt, RawMessage};

/// Pause before a notice comes again that could not be dealt with at all, in seconds.
const RETRY_S: u32 = 10;
/// Age of a message from which on it may have been delivered before, in milliseconds: the queue repeats it after as long.
const REPEATED_AFTER_MS: i64 = 10_000;

/// Puts on the queue who is told what of some decisions.
///
/// # Errors
/// [`Unavailable`] when the configuration or the queue fails; doing it again tells nobody twice who is not told twice by
/// their channel.
pub async fn announce(world: &World, records: &[Record]) -> PortResult<()> {
    let config = world.current().await?;
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    let public_url = setting(&world.env, "PUBLIC_URL");
    let making = NoticeInputs {
        index: &config.index,
        public_url: public_url.as_deref(),
        link_key: settings.link_keys.last().map(String::as_bytes),
        crm_url: None,
    };
    let mut told = Vec::new();
    for record in records {
        let crm_url = crm_url(world, &record.keys).await;
        told.extend(notices(record, &NoticeInputs { crm_url: crm_url.as_deref(), ..making }));
    }
    let jobs = jobs(world, told).await?;
    if jobs.is_empty() { Ok(()) } else { world.enqueue(&jobs, 0).await }
}

/// Where the person's record is in the CRM, when the account shard remembers one. An account shard that cannot be asked names none: a message
/// without this link is better than no message.
async fn crm_url(world: &World, keys: &LeadKeys) -> Option<String> {
    if world.crm() == CrmKind::Builtin {
        return None;
    }
    let template = setting(&world.env, "CRM_RECORD_URL")?;
    let ask = SnapshotRequest { account: keys.account.clone(), person: keys.person.clone() };
    let mirror = world.mirror(&keys.account.shard(), &ask).await.ok()?;
    let id = mirror.person?.state?.id;
    Some(template.replace("{id}", &id))
}

/// Tells the rep of a decision that a person gave the lead to somebody else in the CRM, whom the roster does not know.
///
/// # Errors
/// As [`announce`].
pub async fn owner_drift(world: &World, lead_id: &LeadId, decision_no: u32, owner_id: &str) -> PortResult<()> {
    let Some(LeadStatus::Decided { record, .. }) = world.lead(lead_id).await? else { return Ok(()) };
    if record.decision_no != decision_no {
        return Ok(());
    }
    let in_force = world.current().await?;
    let public_url = setting(&world.env, "PUBLIC_URL");
    let making =
        NoticeInputs { index: &in_force.index, public_url: public_url.as_deref(), link_key: None, crm_url: None };
    let owner = config::crm_user(&world.env, owner_id).await?;
    let notice = drift_notice(&record, owner, &making);
    let jobs = jobs(world, notice.into_iter().collect()).await?;
    if jobs.is_empty() { Ok(()) } else { world.enqueue(&jobs, 0).await }
}

/// One try of telling one notice. What has to wait goes on the queue again as a new message; what is given up becomes a
/// dead letter.
///
/// # Errors
/// [`Unavailable`] when the message has to come again as it is.
pub async fn tell(
    world: &World,
    (queue, message): (&str, &RawMessage),
    notification: NotificationJob,
) -> PortResult<()> {
    let is_gone = is_erased(world, &[(&notification.notice.lead_id, notification.notice.decided_at)]).await?;
    if is_gone.first() == Some(&true)
        || is_told(world, &notification).await?
        || is_outdated(world, &notification.notice).await?
    {
        return Ok(());
    }
    // An earlier delivery of this message may have told it.
    let sent_at = i64::try_from(message.timestamp().as_millis()).unwrap_or(i64::MAX);
    let is_old = world.now().as_ms().saturating_sub(sent_at) >= REPEATED_AFTER_MS;
    let notification = NotificationJob { is_repeated: notification.is_repeated || is_old, ..notification };
    let repeated = NotificationJob { is_repeated: true, ..notification.clone() };
    let fresh = NotificationJob { so_far: Vec::new(), is_repeated: false, ..notification.clone() };
    let became = match notify_next(world, notification, platform::chance).await {
        Ok(became) => became,
        // It may have been told before this failed, which the message itself does not say when it comes again.
        Err(_) => return world.enqueue(&[Job::Notify { notification: Box::new(repeated) }], RETRY_S).await,
    };
    match became {
        NotifyOutcome::Told(None) => Ok(()),
        NotifyOutcome::Told(Some(channel)) => {
            let notice = &fresh.notice;
            let name = channel.to_string();
            let detail = EventDetail {
                system: Some(name.clone()),
                rep_id: notice.to.rep_id.clone(),
                decision_id: Some(notice.decision_id.clone()),
                code: Some(notice.event.as_str().to_owned()),
                ..EventDetail::default()
            };
            let noted = world.note(&[told_event(notice, &channel, world.now()).with(detail)]).await;
            match noted {
                Ok(()) => Ok(()),
                Err(_) => world.enqueue(&[Job::Notify { notification: Box::new(repeated) }], RETRY_S).await,
            }
        }
        NotifyOutcome::Again { notification, after_ms } => {
            let after_s = u32::try_from(after_ms.saturating_add(999).div_euclid(1_000)).unwrap_or(0);
            world.enqueue(&[Job::Notify { notification }], after_s).await
        }
        NotifyOutcome::GivenUp(setback) => {
            let what = match &setback {
                DeliveryError::Retryable { .. } => "no channel could be told; send it again when one can",
                DeliveryError::Permanent { message, .. } => message.as_str(),
            };
            let job = Job::Notify { notification: Box::new(fresh) };
            let body = serde_json::to_string(&job).map_err(|error| Unavailable::new("queue", error.to_string()))?;
            let letter =
                DeadLetter { id: &message.id(), queue, body: &body, code: setback.code(), message: what, tries: None };
            dead_letters::keep(world, &letter).await
        }
    }
}

/// What the history says when a channel was told of a notice: the same every time.
fn told_event(notice: &Notice, channel: &Channel, at: Timestamp) -> AuditEvent {
    let which = format!("{}-{}-{channel}", notice.decision_no, notice.event.as_str());
    AuditEvent::new(&notice.lead_id, AuditEventKind::Notified, which, at, Who::Router)
}

/// Whether the history says that a channel of the chain was told: the decision was delivered again, or the message was.
async fn is_told(world: &World, notification: &NotificationJob) -> PortResult<bool> {
    let channels = notification.policy.chains.iter().flatten();
    let events = channels.map(|channel| told_event(&notification.notice, channel, world.now()).event_id);
    has_any(&world.env, &events.collect::<Vec<_>>()).await
}

/// Whether a rep would be told of a lead that was decided anew meanwhile. Whoever lost it is told that all the same.
async fn is_outdated(world: &World, notice: &Notice) -> PortResult<bool> {
    if !matches!(notice.event, NoticeEvent::Assigned | NoticeEvent::Changed) {
        return Ok(false);
    }
    let standing = world.lead(&notice.lead_id).await?;
    Ok(matches!(standing, Some(LeadStatus::Decided { record, .. }) if record.decision_no > notice.decision_no))
}

#[derive(Deserialize)]
struct PostedRow {
    posted: String,
}

impl PostedMessages for World {
    async fn posted(&self, lead_id: &LeadId, rep_id: &RepId) -> PortResult<Option<PostedMessage>> {
        let query = "SELECT posted FROM messages WHERE lead_id = ?1 AND rep_id = ?2";
        let bind = [JsValue::from_str(lead_id.as_str()), JsValue::from_str(rep_id.as_str())];
        let statement = database(&self.env)?.prepare(query).bind(&bind).map_err(failed)?;
        let rows: Vec<PostedRow> = statement.all().await.map_err(failed)?.results().map_err(failed)?;
        Ok(rows.first().and_then(|row| serde_json::from_str(&row.posted).ok()))
    }

    async fn keep_posted(&self, lead_id: &LeadId, rep_id: &RepId, posted: &PostedMessage) -> PortResult<()> {
        let query = "INSERT INTO messages (lead_id, rep_id, posted, at_ms) VALUES (?1, ?2, ?3, ?4) \
            ON CONFLICT (lead_id, rep_id) DO UPDATE SET posted = excluded.posted, at_ms = excluded.at_ms";
        let text = serde_json::to_string(posted).map_err(failed)?;
        let bind = [
            JsValue::from_str(lead_id.as_str()),
            JsValue::from_str(rep_id.as_str()),
            JsValue::from_str(&text),
            number(self.now().as_ms()),
        ];
        let statement = database(&self.env)?.prepare(query).bind(&bind).map_err(failed)?;
        statement.run().await.map_err(failed).map(|_| ())
    }
}
