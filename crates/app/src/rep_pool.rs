//! A pool answers who takes a lead.
//!
//! Read, decide, write: one synchronous stretch, so that two leads can never be given against the same
//! state. The answer is final: asking again for the lead gives the stored answer.

use crate::ports::messages::{PickResponse, ReleaseRequest, StoredPick};
use crate::ports::{PortResult, RepPoolStore, Unavailable};
use lead_router_core::decision::decide::states_of;
use lead_router_core::roster::model::{PickKind, PickOutcome, PickRequest};
use lead_router_core::roster::prepared::PreparedPool;

/// Answers a question and counts it.
///
/// # Errors
/// [`Unavailable`] when the store fails; nothing is counted then.
pub fn pick(
    store: &impl RepPoolStore,
    pool: &mut PreparedPool,
    roster_version: &str,
    request: &PickRequest,
) -> PortResult<PickResponse> {
    let slot = slot(request);
    if let Some(text) = store.answer(&request.lead_id, &slot)? {
        let StoredPick { request: first, reply } = parse(&text)?;
        return Ok(PickResponse { request: (first != *request).then_some(first), ..reply });
    }
    let reply = peek(pool, roster_version, request);
    let PickOutcome::Picked { .. } = reply.pick.outcome else {
        return Ok(reply);
    };
    let answered = StoredPick { request: request.clone(), reply };
    let text = json(&answered)?;
    let pick = &answered.reply.pick;
    change(
        pool,
        |pool| pool.apply(request, pick),
        |states| store.put_answer(&request.lead_id, &slot, &text, request.now, states),
    )?;
    Ok(answered.reply)
}

/// Takes back every answer to a lead but the one that counts.
///
/// A lead that is routed again after a crash may ask another question than before, because more is known about it by
/// then. What the first question was answered would stay counted.
///
/// # Errors
/// [`Unavailable`] when the store fails; taking back again is harmless.
pub fn release(store: &impl RepPoolStore, pool: &mut PreparedPool, release: &ReleaseRequest) -> PortResult<()> {
    let keep = release.keep.as_ref().map(slot);
    for (slot, text) in store.answers(&release.lead_id)? {
        if keep.as_ref() == Some(&slot) {
            continue;
        }
        let StoredPick { request, reply } = parse(&text)?;
        change(
            pool,
            |pool| pool.release(&request, &reply.pick),
            |states| store.remove_answer(&release.lead_id, &slot, states),
        )?;
    }
    Ok(())
}

/// Changes the states and stores them; when that fails, they are as before.
fn change(
    pool: &mut PreparedPool,
    change: impl FnOnce(&mut PreparedPool),
    store: impl FnOnce(&str) -> PortResult<()>,
) -> PortResult<()> {
    let before = pool.states().clone();
    change(pool);
    let stored = json(pool.states()).and_then(|states| store(&states));
    if stored.is_err() {
        pool.restore(before);
    }
    stored
}

fn parse(text: &str) -> PortResult<StoredPick> {
    serde_json::from_str(text).map_err(|error| Unavailable::new("team", error.to_string()))
}

/// Answers a question without any effect.
#[must_use]
pub fn peek(pool: &PreparedPool, roster_version: &str, request: &PickRequest) -> PickResponse {
    let pick = pool.pick(request);
    PickResponse { request: None, states: states_of(pool, request), pick, roster_version: roster_version.to_owned() }
}

/// What a stored answer is filed under: a lead may ask several teams of a pool, and one team after a rep
/// gave it back, so the team and the number of reps who had it are part of the key.
fn slot(request: &PickRequest) -> String {
    let kind = match &request.kind {
        PickKind::Rotation | PickKind::AnyShift => "any".to_owned(),
        PickKind::Owner { rep_id, .. } => format!("owner:{rep_id}"),
        PickKind::Duplicate { rep_id } => format!("duplicate:{rep_id}"),
        PickKind::Manager => "manager".to_owned(),
    };
    format!("{}|{kind}|{}", request.team, request.exclude.len())
}

fn json<T: serde::Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("team", error.to_string()))
}
