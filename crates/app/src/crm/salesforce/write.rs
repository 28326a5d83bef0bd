//! Leads into the organisation: find, decide, make, change, task. Up to 200 leads cost one call each.

use crate::crm::salesforce::Salesforce;
use crate::ports::crm::{DeliveryResult, Signer};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use lead_router_core::crm::salesforce::answers::{Saved, saved, saved_single, text};
use lead_router_core::crm::salesforce::decide::{Found, PersonStep, Wanted};
use lead_router_core::crm::salesforce::errors::{SalesforceFailure, of_call, of_record};
use lead_router_core::crm::salesforce::fields::{EFFECT_ID, PERSON_ID, task};
use lead_router_core::crm::salesforce::requests::Duplicates;
use lead_router_core::crm::salesforce::{SalesforceApi, decide};
use lead_router_core::crm::state::PersonKind;
use lead_router_core::crm::write::{CrmWrite, CrmWritten, RecordId};
use lead_router_core::http::HttpRequest;
use lead_router_core::vendor::DeliveryError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One write on its way.
struct SalesforceWrite<'a> {
    write: &'a CrmWrite,
    step: PersonStep,
    /// The person's record, once it stands as it should; or why not.
    record: DeliveryResult<RecordId>,
    task_id: Option<String>,
}

/// What is there already.
#[derive(Default)]
struct There {
    people: Vec<Found>,
    tasks: BTreeMap<String, String>,
}

impl<W: Http + Clock + RateLimits + Signer> Salesforce<'_, W> {
    /// Writes at most 200 leads:
    /// 1. finds the people and the tasks that are there;
    /// 2. decides about each;
    /// 3. makes leads, and finds what rules for duplicates say is the same person;
    /// 4. changes records, those of an account next to each other;
    /// 5. makes the tasks that are missing.
    pub(super) async fn write_batch(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        let there = match self.find(writes).await {
            Ok(there) => there,
            Err(setback) => return writes.iter().map(|_| Err(setback.clone())).collect(),
        };
        let mut items: Vec<SalesforceWrite<'_>> =
            writes.iter().map(|write| SalesforceWrite::new(write, &there)).collect();
        self.create(&mut items).await;
        self.update(&mut items).await;
        self.add_tasks(&mut items).await;
        items.into_iter().map(SalesforceWrite::written).collect()
    }

    async fn find(&self, writes: &[CrmWrite]) -> DeliveryResult<There> {
        let writes: Vec<&CrmWrite> = writes.iter().collect();
        let mut there = There::default();
        for group in decide::queries(&writes) {
            self.find_some(&group, &mut there).await?;
        }
        Ok(there)
    }

    async fn find_some(&self, group: &[(Wanted, String)], there: &mut There) -> DeliveryResult<()> {
        let names: Vec<String> = (0..group.len()).map(|place| format!("q{place}")).collect();
        let queries: Vec<(&str, String)> =
            names.iter().zip(group).map(|(name, (_, soql))| (name.as_str(), soql.clone())).collect();
        let pages = self.query_all(&queries).await?;
        for ((wanted, _), (_, page)) in group.iter().zip(pages) {
            let records = self.with_rest(page).await?;
            match wanted {
                Wanted::People(kind) => there.people.extend(decide::people(*kind, &records)),
                Wanted::Tasks => there.tasks.extend(decide::tasks(&records)),
            }
        }
        Ok(())
    }

    async fn create(&self, items: &mut [SalesforceWrite<'_>]) {
        let new: Vec<Value> = items.iter().filter_map(SalesforceWrite::new_fields).map(decide::new_record).collect();
        let duplicates = self.duplicates();
        let results = self.save(&new, |api, records| api.upsert("Lead", PERSON_ID, records, duplicates)).await;
        let mut refused = Vec::new();
        for (item, saved) in items.iter_mut().filter(|item| item.new_fields().is_some()).zip(results) {
            match saved {
                Ok(Err(failure)) if failure.code == "DUPLICATES_DETECTED" => refused.push(item),
                saved => item.settle(PersonKind::Lead, saved),
            }
        }
        self.take_same(refused).await;
    }

    /// Whether a rule for duplicates may stop a lead from being made.
    const fn duplicates(&self) -> Duplicates {
        if self.settings.allows_duplicates { Duplicates::Pass } else { Duplicates::Stop }
    }

    /// Leads that a rule for duplicates refused: the record that it found is the person's. A collection does not say which
    /// one that is, so each is tried once more by itself.
    async fn take_same(&self, refused: Vec<&mut SalesforceWrite<'_>>) {
        let mut same: Vec<(&mut SalesforceWrite<'_>, RecordId)> = Vec::new();
        for item in refused {
            match self.create_one(item.write, item.new_fields()).await {
                Ok(Err(failure)) => match record_of(&failure) {
                    Some(record) => same.push((item, record)),
                    None => item.settle(PersonKind::Lead, Ok(Err(failure))),
                },
                saved => item.settle(PersonKind::Lead, saved),
            }
        }
        for kind in [PersonKind::Contact, PersonKind::Lead] {
            let mut there = There::default();
            let wanted = same.iter().filter(|(_, record)| record.kind == kind);
            let ids: Vec<String> = wanted.map(|(_, record)| record.id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            let found = self.find_some(&decide::queries_by_id(kind, &ids), &mut there).await;
            for (item, record) in same.iter_mut().filter(|(_, record)| record.kind == kind) {
                match (&found, decide::current(&there.people, record)) {
                    (Err(setback), _) => item.record = Err(setback.clone()),
                    (Ok(()), Some(found)) => item.take(found),
                    // Gone since, or not for this user to see.
                    (Ok(()), None) => item.record = Err(DeliveryError::retryable("record_changed", None)),
                }
            }
        }
    }

    async fn create_one(&self, write: &CrmWrite, fields: Option<&Map<String, Value>>) -> DeliveryResult<Saved> {
        let mut fields = fields.cloned().unwrap_or_default();
        // The external id stands in the address, and must not stand in the body.
        fields.remove(PERSON_ID);
        let fields = Value::Object(fields);
        let by = (PERSON_ID, write.person_id.as_str());
        let answer = self.ask(&|api: SalesforceApi<'_>| api.upsert_one("Lead", by, &fields, self.duplicates())).await?;
        match saved_single(answer.status, &answer.body) {
            Some(Err(failure)) if failure.code != "DUPLICATES_DETECTED" && answer.status != 400 => {
                self.heard(Err(of_call(answer.status, answer.retry_after_s, &answer.body))).await
            }
            Some(saved) => Ok(saved),
            // Done, without an id: reading it again finds it.
            None => Err(DeliveryError::retryable("record_changed", None)),
        }
    }

    async fn update(&self, items: &mut [SalesforceWrite<'_>]) {
        let mut changed: Vec<_> = items.iter().enumerate().filter_map(|(place, item)| item.change(place)).collect();
        // Each kind, and in it each account, next to each other: a record locks its account while it is written.
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        let records: Vec<Value> = changed.iter().map(|(_, _, record)| record.clone()).collect();
        let results = self.save(&records, |api, records| api.update(records)).await;
        for ((_, place, _), saved) in changed.iter().zip(results) {
            if let Some(item) = items.get_mut(*place) {
                let kind = item.kind();
                item.settle(kind, saved);
            }
        }
    }

    async fn add_tasks(&self, items: &mut [SalesforceWrite<'_>]) {
        let tasks: Vec<Value> = items.iter().filter_map(SalesforceWrite::task).collect();
        let results = self.save(&tasks, |api, tasks| api.upsert("Task", EFFECT_ID, tasks, Duplicates::Pass)).await;
        for (item, saved) in items.iter_mut().filter(|item| item.task().is_some()).zip(results) {
            let rep = item.write.assigning.as_ref().map(|assigning| &assigning.rep_id);
            match saved {
                Ok(Ok(id)) => item.task_id = Some(id),
                Ok(Err(failure)) => item.record = Err(of_record(&failure, rep)),
                Err(setback) => item.record = Err(setback),
            }
        }
    }

    /// Sends records as a collection; what came of each, in their order.
    async fn save(
        &self,
        records: &[Value],
        request: impl Fn(SalesforceApi<'_>, &[Value]) -> HttpRequest,
    ) -> Vec<DeliveryResult<Saved>> {
        if records.is_empty() {
            return Vec::new();
        }
        let answer = self.call(|api: SalesforceApi<'_>| request(api, records)).await;
        match answer.and_then(|answer| saved(&answer.body, records.len())) {
            Ok(results) => results.into_iter().map(Ok).collect(),
            Err(setback) => vec![Err(setback); records.len()],
        }
    }
}

/// The record that a rule for duplicates names: a contact before a lead, of several the first.
fn record_of(failure: &SalesforceFailure) -> Option<RecordId> {
    let of = |kind: PersonKind, object: &str| {
        let found = failure.matches.iter().find(|(own, _)| own == object);
        found.map(|(_, id)| RecordId { kind, id: id.clone() })
    };
    of(PersonKind::Contact, "Contact").or_else(|| of(PersonKind::Lead, "Lead"))
}

impl<'a> SalesforceWrite<'a> {
    fn new(write: &'a CrmWrite, there: &There) -> Self {
        let step = decide::step(write, decide::record_of(write, &there.people));
        let task_id = there.tasks.get(&write.effect_id()).cloned();
        let mut item = Self { write, step, record: Err(DeliveryError::retryable("not_tried", None)), task_id };
        item.stand();
        item
    }

    /// Goes on with a record that turned out to be the person's.
    fn take(&mut self, found: Found) {
        self.step = decide::step(self.write, Some(found));
        self.stand();
    }

    /// A record that is not written stands as it is.
    fn stand(&mut self) {
        if let PersonStep::Keep(record) | PersonStep::Superseded(record) | PersonStep::Drift(record, _) = &self.step {
            self.record = Ok(record.clone());
        }
    }

    fn settle(&mut self, kind: PersonKind, saved: DeliveryResult<Saved>) {
        let rep = self.write.assigning.as_ref().map(|assigning| &assigning.rep_id);
        self.record = saved.and_then(|saved| match saved {
            Ok(id) => Ok(RecordId { kind, id }),
            Err(failure) => Err(of_record(&failure, rep)),
        });
    }

    const fn new_fields(&self) -> Option<&Map<String, Value>> {
        match &self.step {
            PersonStep::Create(fields) => Some(fields),
            _ => None,
        }
    }

    const fn kind(&self) -> PersonKind {
        match &self.step {
            PersonStep::Update(found, _) => found.id.kind,
            _ => PersonKind::Lead,
        }
    }

    /// The change to a record, with what it is ordered by and the place of this item.
    fn change(&self, place: usize) -> Option<((&'static str, String), usize, Value)> {
        let PersonStep::Update(found, fields) = &self.step else { return None };
        let kind = if found.id.kind == PersonKind::Contact { "Contact" } else { "Lead" };
        let account = text(&found.fields, "AccountId").unwrap_or_default().to_owned();
        Some(((kind, account), place, decide::changed_record(&found.id, fields)))
    }

    /// The task that the rep is still to get.
    fn task(&self) -> Option<Value> {
        let assigning = self.write.assigning.as_ref()?;
        let record = self.record.as_ref().ok()?;
        let is_due = !matches!(self.step, PersonStep::Superseded(_) | PersonStep::Drift(..)) && self.task_id.is_none();
        is_due.then(|| task(self.write, assigning, &record.id))
    }

    fn written(self) -> DeliveryResult<CrmWritten> {
        let record = self.record?;
        Ok(match self.step {
            PersonStep::Drift(_, owner_id) => CrmWritten::OwnerDrift { record, owner_id },
            _ => CrmWritten::Done { record, task_id: self.task_id },
        })
    }
}
