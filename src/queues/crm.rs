//! The connected CRM: what a decision asks it, and the consumer that tells it about leads.

use crate::bindings::world::World;
use crate::bindings::{log, platform, settings};
use crate::http::audit::people::is_erased;
use crate::http::dead_letters;
use crate::http::dead_letters::DeadLetter;
use crate::http::respond::{ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::crm::write_back::{Due, WriteOutcome, write_all};
use lead_router_app::crm::{CallBudget, connect};
use lead_router_app::follow_up::follow_up;
use lead_router_app::ports::crm::{Check, Crm, CrmLookups, DeliveryResult};
use lead_router_app::ports::follow_up::{RepAction, RepActionKind};
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::messages::StoreSnapshotRequest;
use lead_router_app::ports::{AccountShards, Clock, Config, Events, Jobs, PortResult, Unavailable};
use lead_router_core::audit::{AuditEvent, AuditEventKind, EventDetail, Who};
use lead_router_core::crm::snapshot::{CrmSnapshot, SnapshotEntry};
use lead_router_core::crm::state::{CrmQuestion, OwnerRef, State};
use lead_router_core::crm::{CrmKind, CrmWrite, CrmWritten, PersonState, RecordId};
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::lead::key::AccountHash;
use lead_router_core::vendor::DeliveryError;
use serde_json::json;
use worker::{MessageExt, QueueRetryOptionsBuilder, RawMessage};

/// Pause before a message comes again that could not be dealt with at all, in seconds.
const RETRY_S: u32 = 10;
/// Length of the part of an id of ours that stands for the account, with its dash.
const ACCOUNT_PART: usize = 17;

impl CrmLookups for World {
    fn crm(&self) -> CrmKind {
        settings::crm(&self.env)
    }

    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        connect(self, self.crm(), CallBudget::SENDER)?.lookup(question).await
    }
}

/// `POST /v1/crm:setup`: makes what the CRM lacks before the first write, as far as the vendor lets a token make it, and
/// reads who can own records there.
pub async fn prepare(call: &Call<'_>) -> ApiResult {
    let world = &call.world;
    let kind = world.crm();
    let mut checks = match connect(world, kind, CallBudget::CONSUMER) {
        Ok(crm) => crm.prepare().await,
        Err(setback) => vec![Check::new(format!("{kind}: settings"), &DeliveryResult::<()>::Err(setback))],
    };
    if kind != CrmKind::Builtin && checks.iter().all(|check| check.problem.is_none()) {
        checks.push(Check::new("owners", &crate::cron::crm_sync::crm_users(world).await));
    }
    let problems = checks.iter().filter(|check| check.problem.is_some()).count();
    let status = if problems == 0 { "ok" } else { "problems" };
    json(200, &json!({"status": status, "problems": problems, "checks": checks}))
}

/// Tells the CRM about some leads, and answers each message by itself.
///
/// A write that has to wait goes on the queue again as a new message, which counts its tries; one that is given up becomes
/// a dead letter. Only then is the old message done with.
pub async fn tell(world: &World, queue: &str, messages: Vec<(RawMessage, Due)>) {
    if messages.is_empty() {
        return;
    }
    let leads: Vec<_> = messages.iter().map(|(_, due)| (&due.write.lead_id, due.write.received_at)).collect();
    let ready = async { Ok::<_, Unavailable>((world.current().await?, is_erased(world, &leads).await?)) }.await;
    let (config, erased) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            messages.iter().for_each(|(message, _)| answer(message, Err(error.clone())));
            return;
        }
    };
    let (gone, messages): (Vec<_>, Vec<_>) = messages.into_iter().zip(erased).partition(|(_, erased)| *erased);
    gone.iter().for_each(|((message, _), _)| message.ack());
    let (messages, due): (Vec<RawMessage>, Vec<Due>) = messages.into_iter().map(|(message, _)| message).unzip();
    let became = write(world, &config.index, &due).await;
    for ((message, due), became) in messages.iter().zip(&due).zip(became) {
        let done = decide(world, queue, (&config.index, message, due), became).await;
        answer(message, done);
    }
}

async fn write(world: &World, index: &RosterIndex, due: &[Due]) -> Vec<WriteOutcome> {
    let kind = world.crm();
    match connect(world, kind, CallBudget::CONSUMER) {
        Ok(crm) => write_all(&crm, (kind, index), due, platform::chance).await,
        Err(setback) => {
            due.iter().map(|due| WriteOutcome::of_setback(setback.clone(), due, platform::chance())).collect()
        }
    }
}

/// Does what follows from what became of a write.
async fn decide(
    world: &World,
    queue: &str,
    (index, message, due): (&RosterIndex, &RawMessage, &Due),
    became: WriteOutcome,
) -> PortResult<()> {
    let Due { write, tries } = due;
    match became {
        WriteOutcome::Written(written) => {
            remember(world, write, &written).await?;
            world.note(&[event(world, write, &written)]).await?;
            hand_over(world, index, write, &written).await
        }
        WriteOutcome::Superseded => Ok(()),
        WriteOutcome::Again { after_ms, code } => {
            log::info(&log::LogLine { event: "crm.again", code: Some(&code), ..log::LogLine::default() });
            let job = Job::Crm { write: Box::new(write.clone()), tries: tries.saturating_add(1) };
            let after_s = u32::try_from(after_ms.saturating_add(999).div_euclid(1_000)).unwrap_or(0);
            world.enqueue(&[job], after_s).await
        }
        WriteOutcome::Parked(setback) => {
            let message_of = |setback: &DeliveryError| match setback {
                DeliveryError::Retryable { .. } => {
                    "the CRM did not take it for a day; send it again when it does".to_owned()
                }
                DeliveryError::Permanent { message, .. } => message.clone(),
            };
            // Sent again by a person, it is tried for a day anew.
            let job = Job::Crm { write: Box::new(write.clone()), tries: 0 };
            let body = serde_json::to_string(&job).map_err(|error| Unavailable::new("crm", error.to_string()))?;
            let letter = DeadLetter {
                id: &message.id(),
                queue,
                body: &body,
                code: setback.code(),
                message: &message_of(&setback),
                tries: Some(tries.saturating_add(1)),
            };
            dead_letters::keep(world, &letter).await
        }
    }
}

/// What the account shard remembers of the person from here on: the next lead meets the owner that the CRM has now.
async fn remember(world: &World, write: &CrmWrite, written: &CrmWritten) -> PortResult<()> {
    let (record, owner) = match written {
        CrmWritten::Done { record, .. } => {
            (record, write.assigning.as_ref().map(|assigning| assigning.owner_id.clone()))
        }
        CrmWritten::OwnerDrift { record, owner_id } => (record, Some(owner_id.clone())),
    };
    let Some(owner) = owner else { return Ok(()) };
    let Some((account, person)) = parts(write) else { return Ok(()) };
    let RecordId { kind, id } = record.clone();
    let state = PersonState { id, kind, owner: OwnerRef::new(&owner), touched: None };
    let read = CrmSnapshot { person: Some(SnapshotEntry { state: Some(state), at: world.now() }), account: None };
    world.learn(&account.shard(), &[StoreSnapshotRequest { account: account.clone(), person, read }]).await
}

/// Account and person of a write.
fn parts(write: &CrmWrite) -> Option<(AccountHash, String)> {
    let account = AccountHash::of_lead(&write.lead_id)?;
    let person = write.person_id.get(ACCOUNT_PART..)?.to_owned();
    Some((account, person))
}

fn event(world: &World, write: &CrmWrite, written: &CrmWritten) -> AuditEvent {
    let kind = if matches!(written, CrmWritten::Done { .. }) {
        AuditEventKind::CrmWritten
    } else {
        AuditEventKind::OwnerDrift
    };
    let (CrmWritten::Done { record, .. } | CrmWritten::OwnerDrift { record, .. }) = written;
    let detail = EventDetail {
        system: Some(world.crm().to_string()),
        record_id: Some(record.id.clone()),
        rep_id: write.assigning.as_ref().map(|assigning| assigning.rep_id.clone()),
        decision_id: (write.decision_no > 0).then(|| write.effect_id()),
        ..EventDetail::default()
    };
    AuditEvent::new(&write.lead_id, kind, write.decision_no, world.now(), Who::System(world.crm().as_str()))
        .with(detail)
}

/// A person gave the record to somebody else: when that is a rep of the roster, the lead is theirs here as well, and both
/// hear of it. Somebody whom the roster does not know keeps the record, and the rep hears of that.
async fn hand_over(world: &World, index: &RosterIndex, write: &CrmWrite, written: &CrmWritten) -> PortResult<()> {
    let CrmWritten::OwnerDrift { owner_id, .. } = written else { return Ok(()) };
    let to = index.rep_of_crm(world.crm(), owner_id).cloned();
    let Some(to) = to else {
        return crate::queues::notify::owner_drift(world, &write.lead_id, write.decision_no, owner_id).await;
    };
    let kind = RepActionKind::Reassign { to: Some(to) };
    let act =
        RepAction { lead_id: write.lead_id.clone(), kind, by: None, decision_no: write.decision_no, at: world.now() };
    follow_up(world, &act).await.map(|_| ())
}

fn answer(message: &RawMessage, result: PortResult<()>) {
    match result {
        Ok(()) => message.ack(),
        Err(error) => {
            let detail = Some(error.detail.as_str());
            log::error(&log::LogLine { event: "job.failed", code: Some("crm"), detail, ..log::LogLine::default() });
            message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(RETRY_S).build());
        }
    }
}
