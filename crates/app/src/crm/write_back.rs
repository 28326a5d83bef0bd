//! The CRM is told: what a decision means to it, in which order leads of one person are written, what becomes of each.

use crate::ports::crm::{Crm, DeliveryResult};
use crate::ports::messages::OpenRequest;
use lead_router_core::crm::write::Profile;
use lead_router_core::crm::{Assigning, CrmKind, CrmWrite, CrmWritten};
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::decision::record::{Outcome, Record};
use lead_router_core::facts::{Facts, Field};
use lead_router_core::id::LeadId;
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::vendor::{DeliveryError, next_try_ms};
use std::collections::BTreeMap;

/// The write that makes a record of a lead that is accepted and not decided.
#[must_use]
pub fn announced(lead_id: &LeadId, open: &OpenRequest) -> CrmWrite {
    CrmWrite {
        lead_id: lead_id.clone(),
        decision_no: 0,
        person_id: person_id(&open.keys),
        received_at: open.received_at,
        email: open.lead.email.address.clone(),
        profile: profile(&open.lead, &open.lead.facts()),
        assigning: None,
    }
}

/// Our id of a person in the CRM and in the tables: the account and the person, so that one who writes from two companies
/// is two.
#[must_use]
pub fn person_id(keys: &LeadKeys) -> String {
    format!("{}-{}", keys.account.as_str(), keys.person)
}

/// What the CRM is told of a decision; `None` when it is told nothing: the lead is not for sales. A lead that is held is
/// told without a rep, so that its record is there.
#[must_use]
pub fn write_of(record: &Record) -> Option<CrmWrite> {
    let decision = &record.decision;
    if decision.outcome == Outcome::Rejected {
        return None;
    }
    let seen_owner = record.view.crm.as_ref().and_then(|crm| crm.person_owner.clone());
    let assigning = decision.assignment.as_ref().map(|assignment| Assigning {
        rep_id: assignment.rep_id.clone(),
        owner_id: String::new(),
        seen_owner,
        team: assignment.team.clone(),
        tier: assignment.tier.clone(),
        score: assignment.score,
        reason: assignment.reason.clone(),
        due_at: assignment.due_at,
        decided_at: decision.decided_at,
    });
    Some(CrmWrite {
        lead_id: decision.lead_id.clone(),
        decision_no: record.decision_no,
        person_id: person_id(&record.keys),
        received_at: decision.decided_at.plus_ms(i64::from(decision.ms).saturating_neg()),
        email: record.lead.email.address.clone(),
        profile: profile(&record.lead, &record.facts),
        assigning,
    })
}

/// The same with the rep's id in the CRM, as the roster says it at the moment of writing: an operator who adds it has
/// mended every write that waits for it.
///
/// # Errors
/// `rep_without_crm_id` when nobody in the CRM is the rep.
pub fn with_owner(write: CrmWrite, kind: CrmKind, index: &RosterIndex) -> DeliveryResult<CrmWrite> {
    let Some(assigning) = write.assigning else {
        return Ok(write);
    };
    let owner_id = index.reps.get(&assigning.rep_id).and_then(|entry| entry.crm_ids.get(kind.as_str())).cloned();
    let owner_id = owner_id.ok_or_else(|| {
        let rep = &assigning.rep_id;
        DeliveryError::config("rep_without_crm_id", format!("give rep `{rep}` their id in the CRM: `crm_ids.{kind}`"))
    })?;
    Ok(CrmWrite { assigning: Some(Assigning { owner_id, ..assigning }), ..write })
}

fn profile(lead: &Lead, facts: &Facts) -> Profile {
    let fact = |field| facts.text(field).map(str::to_owned);
    let (first_name, last_name) = names(lead);
    Profile {
        first_name,
        last_name,
        company: fact(Field::CompanyName).or_else(|| lead.company.clone()),
        domain: fact(Field::CompanyDomain),
        title: lead.title.clone().or_else(|| fact(Field::PersonTitle)),
        phone: lead.phone.as_ref().map(|phone| phone.normal.clone().unwrap_or_else(|| phone.typed.clone())),
        country: lead.country.as_ref().and_then(|country| country.normal.clone()),
        source: lead.source.clone(),
        message: lead.message.clone(),
    }
}

/// First and last name: as given, else the full name at its last blank.
fn names(lead: &Lead) -> (Option<String>, Option<String>) {
    if lead.first_name.is_some() || lead.last_name.is_some() {
        return (lead.first_name.clone(), lead.last_name.clone());
    }
    match lead.name.as_deref().map(|name| name.rsplit_once(' ')) {
        Some(Some((first, last))) => (Some(first.to_owned()), Some(last.to_owned())),
        Some(None) => (None, lead.name.clone()),
        None => (None, None),
    }
}

/// A write that is to be made, and how often it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The write.
    pub write: CrmWrite,
    /// Tries so far.
    pub tries: u32,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The CRM has it.
    Written(CrmWritten),
    /// A newer decision about the lead is written with it or was before: there is nothing to do.
    Superseded,
    /// It is tried again after so many milliseconds.
    Again {
        /// Milliseconds.
        after_ms: i64,
        /// Why, a stable code.
        code: String,
    },
    /// It was given up, or will never work as it stands: a person has to look.
    Parked(DeliveryError),
}

impl WriteOutcome {
    /// What becomes of a write when the CRM cannot be connected at all.
    #[must_use]
    pub fn of_setback(setback: DeliveryError, due: &Due, chance: u16) -> Self {
        after(setback, due.tries.saturating_add(1), chance)
    }
}

/// Makes some writes; what became of each, in their order.
///
/// Steps: 1 of several decisions about one lead the newest is written; 2 leads of one person are written one after the
/// other, in the order in which they arrived, everybody else's with them in batches; 3 after one that has to wait, the
/// later ones of that person wait as well. `chance` draws the pauses.
pub async fn write_all(
    crm: &impl Crm,
    (kind, index): (CrmKind, &RosterIndex),
    due: &[Due],
    mut chance: impl FnMut() -> u16,
) -> Vec<WriteOutcome> {
    // 1
    let mut became: Vec<Option<WriteOutcome>> = due.iter().map(|_| None).collect();
    let mut by_person: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, own) in due.iter().enumerate() {
        if is_superseded(due, place, own) {
            set(&mut became, place, WriteOutcome::Superseded);
        } else {
            by_person.entry(&own.write.person_id).or_default().push(place);
        }
    }
    // 2
    let order = |place: &usize| due.get(*place).map(|due| (due.write.received_at, due.write.decision_no));
    for places in by_person.values_mut() {
        places.sort_by_key(order);
        places.reverse();
    }
    loop {
        let round: Vec<usize> = by_person.values_mut().filter_map(Vec::pop).collect();
        if round.is_empty() {
            break;
        }
        for (place, answer) in write_round(crm, (kind, index), due, &round).await {
            let Some(own) = due.get(place) else { continue };
            let ended = ended(answer, own.tries.saturating_add(1), chance());
            // 3
            if let WriteOutcome::Again { after_ms, .. } = &ended {
                for later in by_person.get_mut(own.write.person_id.as_str()).map(std::mem::take).unwrap_or_default() {
                    let code = "after_another".to_owned();
                    set(&mut became, later, WriteOutcome::Again { after_ms: *after_ms, code });
                }
            }
            set(&mut became, place, ended);
        }
    }
    // A CRM that answers too few leaves the rest to be tried again.
    became.into_iter().map(|became| became.unwrap_or_else(unanswered)).collect()
}

/// Whether a newer decision about the lead is among the others, or the same one stands before it.
fn is_superseded(due: &[Due], place: usize, own: &Due) -> bool {
    due.iter().enumerate().any(|(other_place, other)| {
        let (other_no, own_no) = (other.write.decision_no, own.write.decision_no);
        other.write.lead_id == own.write.lead_id && (other_no > own_no || (other_no == own_no && other_place < place))
    })
}

/// Writes leads of different people, in as many batches as the CRM's limit asks for.
///
/// A lead whose rep cannot own records (nobody says who they are in the CRM, or the CRM does not take them) is written without
/// an owner, so that its record is there. The answer stays the setback, which names the rep: the write is tried again, and
/// once the rep is put right the record gets its owner.
async fn write_round(
    crm: &impl Crm,
    (kind, index): (CrmKind, &RosterIndex),
    due: &[Due],
    round: &[usize],
) -> Vec<(usize, DeliveryResult<CrmWritten>)> {
    let mut answers = Vec::with_capacity(round.len());
    let mut ready = Vec::with_capacity(round.len());
    let mut unowned = Vec::new();
    for place in round {
        match due.get(*place).map(|due| with_owner(due.write.clone(), kind, index)) {
            Some(Ok(write)) => ready.push((*place, write)),
            Some(Err(setback)) => unowned.push((*place, setback)),
            None => {}
        }
    }
    for (place, answer) in write_batches(crm, &ready).await {
        match answer {
            Err(setback) if setback.code() == UNKNOWN_OWNER => unowned.push((place, setback)),
            answer => answers.push((place, answer)),
        }
    }
    let without_owner = |place: &usize| due.get(*place).map(|due| CrmWrite { assigning: None, ..due.write.clone() });
    let records = unowned.iter().filter_map(|(place, _)| Some((*place, without_owner(place)?)));
    let written = write_batches(crm, &records.collect::<Vec<_>>()).await;
    for ((place, setback), (_, answer)) in unowned.into_iter().zip(written) {
        answers.push((place, answer.and(Err(setback))));
    }
    answers
}

/// The code of a CRM that does not take records for a rep.
const UNKNOWN_OWNER: &str = "unknown_owner";

async fn write_batches(crm: &impl Crm, ready: &[(usize, CrmWrite)]) -> Vec<(usize, DeliveryResult<CrmWritten>)> {
    let mut answers = Vec::with_capacity(ready.len());
    for chunk in ready.chunks(crm.batch_max().max(1)) {
        let writes: Vec<CrmWrite> = chunk.iter().map(|(_, write)| write.clone()).collect();
        let places = chunk.iter().map(|(place, _)| *place);
        answers.extend(places.zip(crm.write(&writes).await));
    }
    answers
}

fn set(became: &mut [Option<WriteOutcome>], place: usize, value: WriteOutcome) {
    if let Some(slot) = became.get_mut(place) {
        *slot = Some(value);
    }
}

fn unanswered() -> WriteOutcome {
    WriteOutcome::Again { after_ms: next_try_ms(1, None, 0).unwrap_or_default(), code: "no_answer".to_owned() }
}

fn ended(answer: DeliveryResult<CrmWritten>, tries: u32, chance: u16) -> WriteOutcome {
    match answer {
        Ok(written) => WriteOutcome::Written(written),
        Err(setback) => after(setback, tries, chance),
    }
}

/// What a setback means after so many tries. What an operator has to mend is tried again like what the vendor could not do:
/// once it is mended, nobody has to send every lead again by hand. What is wrong with this one lead is not.
fn after(setback: DeliveryError, tries: u32, chance: u16) -> WriteOutcome {
    let after_ms = match &setback {
        DeliveryError::Retryable { after_ms, .. } => next_try_ms(tries, *after_ms, chance),
        DeliveryError::Permanent { config: true, .. } => next_try_ms(tries, None, chance),
        DeliveryError::Permanent { config: false, .. } => None,
    };
    match after_ms {
        Some(after_ms) => WriteOutcome::Again { after_ms, code: setback.code().to_owned() },
        None => WriteOutcome::Parked(setback),
    }
}
