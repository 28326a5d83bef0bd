//! Contacts and tasks.

use crate::crm::hubspot::Hubspot;
use crate::ports::crm::DeliveryResult;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use futures_util::future::join;
use lead_router_core::crm::hubspot::answers::Associated;
use lead_router_core::crm::hubspot::batch::{Results, collect, halves, unanswered, waves};
use lead_router_core::crm::hubspot::person::{ContactPlan, is_spare};
use lead_router_core::crm::hubspot::task::task;
use lead_router_core::crm::hubspot::{
    BatchInput, ContactClaim, ContactStep, HubspotCall, HubspotFailure, HubspotRecord, Object, Verb, answers, plan,
    properties,
};
use lead_router_core::crm::write::Assigning;
use lead_router_core::crm::{CrmWrite, CrmWritten, PersonKind, RecordId};
use lead_router_core::vendor::DeliveryError;
use std::collections::{BTreeMap, BTreeSet};

/// How often the contacts of a batch are read and written: again when a person made or changed one between the two, or a
/// value was refused.
const ROUNDS: usize = 4;

/// A person who is being written.
struct HubspotWrite<'w> {
    place: usize,
    write: &'w CrmWrite,
    /// Id of the contact, when a refusal has said it.
    known: Option<String>,
    /// Properties that were refused.
    without: BTreeSet<String>,
}

/// A contact that stands as it should.
struct Stood<'w> {
    place: usize,
    write: &'w CrmWrite,
    id: String,
    claim: ContactClaim,
    /// Whether this call made it: then it has no company yet.
    is_new: bool,
}

type Ends = BTreeMap<usize, DeliveryResult<CrmWritten>>;

impl<W: Http + Clock + RateLimits> Hubspot<'_, W> {
    pub(super) async fn write_all(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        let mut ends = Ends::new();
        for wave in waves(writes) {
            let items = wave.into_iter().filter_map(|place| Some((place, writes.get(place)?)));
            let items = items
                .map(|(place, write)| HubspotWrite { place, write, known: None, without: BTreeSet::new() })
                .collect();
            let stood = self.contacts(items, &mut ends).await;
            self.tasks(stood, &mut ends).await;
        }
        let lost = || Err(unanswered().setback());
        (0..writes.len()).map(|place| ends.remove(&place).unwrap_or_else(lost)).collect()
    }

    /// Steps: 1 the contacts as they stand; 2 what is done about each; 3 new ones and changes at the same time; 4 whoever met
    /// a contact that was not there before, or a rule of the account, once more.
    async fn contacts<'w>(&self, items: Vec<HubspotWrite<'w>>, ends: &mut Ends) -> Vec<Stood<'w>> {
        let mut stood = Vec::new();
        let mut open = items;
        for _ in 0..ROUNDS {
            if open.is_empty() {
                return stood;
            }
            // 1
            let found = match self.found(&open).await {
                Ok(found) => found,
                Err(setback) => {
                    ends.extend(open.into_iter().map(|item| (item.place, Err(setback.clone()))));
                    return stood;
                }
            };
            // 2
            let mut taken = BTreeSet::new();
            let (mut creates, mut updates, mut planned, mut again) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (item, found) in open.into_iter().zip(found) {
                // Two people of ours may be one contact, after a merge; a batch takes each contact once.
                if found.as_ref().is_some_and(|record| !taken.insert(record.id.clone())) {
                    again.push(item);
                    continue;
                }
                let plan = plan(item.write, found.as_ref(), &item.without);
                match input(item.write, &plan.step) {
                    Some(input) if input.id.is_none() => creates.push(input),
                    Some(input) => updates.push(input),
                    None => {}
                }
                planned.push((item, plan));
            }
            // 3
            let creates = self.batch(Object::Contacts, Verb::Create, creates);
            let updates = self.batch(Object::Contacts, Verb::Update, updates);
            let (mut results, updated) = join(creates, updates).await;
            results.extend(updated);
            // 4
            for (item, plan) in planned {
                match end(item, plan, &mut results) {
                    Ok(one) => stood.push(one),
                    Err(Missed::Again(item)) => again.push(item),
                    Err(Missed::End(place, setback)) => {
                        ends.insert(place, Err(setback));
                    }
                }
            }
            open = again;
        }
        ends.extend(open.into_iter().map(|item| (item.place, Err(DeliveryError::retryable("conflict", None)))));
        stood
    }

    /// The contacts of people, by the id that a refusal has said, by address, or by our own id.
    async fn found(&self, items: &[HubspotWrite<'_>]) -> DeliveryResult<Vec<Option<HubspotRecord>>> {
        let mut found: BTreeMap<usize, HubspotRecord> = BTreeMap::new();
        for property in [None, Some("email"), Some(properties::PERSON_ID)] {
            let id = |item: &HubspotWrite<'_>| match property {
                None => item.known.clone(),
                Some("email") => Some(item.write.email.clone()),
                Some(_) => Some(item.write.person_id.clone()),
            };
            let missing = items.iter().filter(|item| !found.contains_key(&item.place));
            let wanted: Vec<(usize, String)> = missing.filter_map(|item| Some((item.place, id(item)?))).collect();
            let ids: Vec<String> = wanted.iter().map(|(_, id)| id.clone()).collect();
            let records = self.read(Object::Contacts, property, &ids).await?.results;
            for (place, id) in wanted {
                if let Some(record) = records.iter().find(|record| record.is_called(property, &id)) {
                    found.insert(place, record.clone());
                }
            }
        }
        Ok(items.iter().map(|item| found.remove(&item.place)).collect())
    }

    /// Writes inputs. A batch that is refused as a whole because of one record is written in halves, so that the others do
    /// not wait for it; an owner whom the vendor does not know is not sent a second time.
    async fn batch(&self, object: Object, verb: Verb, inputs: Vec<BatchInput>) -> Results {
        let mut results = Results::new();
        let mut unknown_owners = BTreeSet::new();
        let mut open = vec![inputs];
        while let Some(inputs) = open.pop() {
            let is_unknown = |input: &BatchInput| owner(input).is_some_and(|owner| unknown_owners.contains(owner));
            let (refused, inputs): (Vec<_>, Vec<_>) = inputs.into_iter().partition(is_unknown);
            results.extend(refused.into_iter().map(|input| (input.key, Err(HubspotFailure::UnknownOwner))));
            if inputs.is_empty() {
                continue;
            }
            let answer = self.call(&HubspotCall::write(object, verb, &inputs)).await;
            let failure = match answer.and_then(|body| answers::records(&body).map_err(HubspotFailure::from)) {
                Ok(answer) => {
                    let rest = collect(inputs, &answer, unique(object), &mut results);
                    let error = answer.errors.iter().find(|error| error.key().is_none() && error.id().is_none());
                    let failure = error.map_or_else(unanswered, |error| error.of_a_record());
                    open.extend(divided(rest, failure, &mut results));
                    continue;
                }
                Err(failure) => failure,
            };
            if let (HubspotFailure::UnknownOwner, [input]) = (&failure, inputs.as_slice()) {
                unknown_owners.extend(owner(input).map(str::to_owned));
            }
            open.extend(divided(inputs, failure, &mut results));
        }
        results
    }

    /// The tasks of those reps who get one, and with that the ends of all.
    async fn tasks(&self, stood: Vec<Stood<'_>>, ends: &mut Ends) {
        let mut open = Vec::new();
        for one in stood {
            match (&one.claim, &one.write.assigning) {
                (ContactClaim::Task { may_exist }, Some(assigning)) => open.push((*may_exist, assigning, one)),
                (ContactClaim::Drift { owner_id }, _) => {
                    let drift = CrmWritten::OwnerDrift { record: contact(&one.id), owner_id: owner_id.clone() };
                    ends.insert(one.place, Ok(drift));
                }
                _ => {
                    ends.insert(one.place, Ok(CrmWritten::Done { record: contact(&one.id), task_id: None }));
                }
            }
        }
        let mut results = self.make_tasks(&open, |may_exist| may_exist).await;
        // A task that is there after all, though the contact did not say so, is found by its id.
        let is_there = |result: Option<&Result<String, HubspotFailure>>| {
            matches!(result, Some(Err(HubspotFailure::Conflict { .. })))
        };
        let (conflicts, rest): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, _, one)| is_there(results.get(&one.write.effect_id())));
        if !conflicts.is_empty() {
            results.extend(self.make_tasks(&conflicts, |_| true).await);
        }
        for (_, _, one) in rest.into_iter().chain(conflicts) {
            let end = match results.remove(&one.write.effect_id()).unwrap_or_else(|| Err(unanswered())) {
                Ok(id) => Ok(CrmWritten::Done { record: contact(&one.id), task_id: Some(id) }),
                Err(failure) => Err(setback(one.write, failure)),
            };
            ends.insert(one.place, end);
        }
    }

    /// Steps: 1 tasks that are there, where there may be some; 2 the companies of contacts that are not new; 3 the others are
    /// made. They are never changed: a rep may have done or moved them since.
    async fn make_tasks(&self, wanted: &[(bool, &Assigning, Stood<'_>)], may_exist: impl Fn(bool) -> bool) -> Results {
        // 1
        let ids: Vec<String> =
            wanted.iter().filter(|(may, ..)| may_exist(*may)).map(|(_, _, one)| one.write.effect_id()).collect();
        let mut results = Results::new();
        match self.read(Object::Tasks, Some(properties::EFFECT_ID), &ids).await {
            Ok(there) => results.extend(
                there.results.into_iter().map(|task| (task.get(properties::EFFECT_ID).to_owned(), Ok(task.id))),
            ),
            Err(setback) => results.extend(ids.into_iter().map(|id| (id, Err(setback.clone().into())))),
        }
        let missing: Vec<_> =
            wanted.iter().filter(|(_, _, one)| !results.contains_key(&one.write.effect_id())).collect();
        // 2
        let old: Vec<String> =
            missing.iter().filter(|(_, _, one)| !one.is_new).map(|(_, _, one)| one.id.clone()).collect();
        // The company makes the task easier to find, no more: without it the rep has the task all the same.
        let companies =
            self.associated(Object::Contacts, Object::Companies, &old).await.unwrap_or_else(|_| Associated::new());
        // 3
        let inputs =
            missing.iter().map(|(_, assigning, one)| task(one.write, assigning, &one.id, &companies)).collect();
        results.extend(self.batch(Object::Tasks, Verb::Create, inputs).await);
        results
    }
}

/// Why a contact does not stand yet.
enum Missed<'w> {
    Again(HubspotWrite<'w>),
    End(usize, DeliveryError),
}

/// What became of a person's contact.
fn end<'w>(item: HubspotWrite<'w>, plan: ContactPlan, results: &mut Results) -> Result<Stood<'w>, Missed<'w>> {
    let ContactPlan { step, claim } = plan;
    let is_new = matches!(step, ContactStep::Create(_));
    let result = match step {
        ContactStep::Keep { id } => Ok(id),
        ContactStep::Create(_) | ContactStep::Update { .. } => {
            results.remove(&item.write.person_id).unwrap_or_else(|| Err(unanswered()))
        }
    };
    let HubspotWrite { place, write, known, mut without } = item;
    match result {
        Ok(id) => Ok(Stood { place, write, id, claim, is_new }),
        Err(HubspotFailure::Conflict { existing }) if is_new => {
            Err(Missed::Again(HubspotWrite { place, write, known: existing, without }))
        }
        Err(HubspotFailure::Conflict { .. }) => {
            without.insert(properties::PERSON_ID.to_owned());
            Err(Missed::Again(HubspotWrite { place, write, known, without }))
        }
        Err(HubspotFailure::Value { names, .. })
            if names.iter().all(|name| is_spare(name) && !without.contains(name)) =>
        {
            without.extend(names);
            Err(Missed::Again(HubspotWrite { place, write, known, without }))
        }
        Err(HubspotFailure::NotFound) => Err(Missed::Again(HubspotWrite { place, write, known: None, without })),
        Err(failure) => Err(Missed::End(place, setback(write, failure))),
    }
}

/// Inputs that share a failure: halves that are tried again when one record may be to blame, results otherwise.
fn divided(inputs: Vec<BatchInput>, failure: HubspotFailure, results: &mut Results) -> Vec<Vec<BatchInput>> {
    if !failure.is_of_a_record() || inputs.len() < 2 {
        results.extend(inputs.into_iter().map(|input| (input.key, Err(failure.clone()))));
        return Vec::new();
    }
    halves(inputs).map(Vec::from).unwrap_or_default()
}

fn input(write: &CrmWrite, step: &ContactStep) -> Option<BatchInput> {
    let (id, properties) = match step {
        ContactStep::Create(properties) => (None, properties),
        ContactStep::Update { id, properties } => (Some(id.clone()), properties),
        ContactStep::Keep { .. } => return None,
    };
    Some(BatchInput { key: write.person_id.clone(), id, properties: properties.clone(), associations: Vec::new() })
}

fn owner(input: &BatchInput) -> Option<&str> {
    input.properties.get(properties::OWNER).map(String::as_str)
}

const fn unique(object: Object) -> &'static str {
    match object {
        Object::Tasks => properties::EFFECT_ID,
        _ => properties::PERSON_ID,
    }
}

fn contact(id: &str) -> RecordId {
    RecordId { kind: PersonKind::Contact, id: id.to_owned() }
}

/// A failure of one lead, for the person who operates this.
fn setback(write: &CrmWrite, failure: HubspotFailure) -> DeliveryError {
    match (failure, &write.assigning) {
        (HubspotFailure::UnknownOwner, Some(assigning)) => DeliveryError::config(
            "unknown_owner",
            format!(
                "HubSpot does not know the owner of rep `{}`: correct `crm_ids.hubspot` of the rep",
                assigning.rep_id
            ),
        ),
        // The record that a task belongs to is gone; the next try makes another.
        (HubspotFailure::NotFound, _) => DeliveryError::retryable("record_gone", None),
        (failure, _) => failure.setback(),
    }
}
