//! Batches: who goes together, and which answer belongs to whom.

use crate::crm::hubspot::BATCH_MAX;
use crate::crm::hubspot::answers::{HubspotAnswer, HubspotRecord};
use crate::crm::hubspot::errors::HubspotFailure;
use crate::crm::hubspot::requests::BatchInput;
use crate::crm::write::CrmWrite;
use crate::vendor::DeliveryError;
use std::collections::BTreeMap;

/// What became of inputs, by their key: the id of the record, or why there is none.
pub type Results = BTreeMap<String, Result<String, HubspotFailure>>;

/// Places of the writes in batches that go one after another. Two writes of one person, by our id or by the address, are
/// never in one batch, and keep their order.
#[must_use]
pub fn waves(writes: &[CrmWrite]) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, write) in writes.iter().enumerate() {
        let names = [write.person_id.as_str(), write.email.as_str()];
        let mut number = names.iter().filter_map(|name| next.get(name)).copied().max().unwrap_or(0);
        while waves.get(number).is_some_and(|wave| wave.len() >= BATCH_MAX) {
            number = number.saturating_add(1);
        }
        next.extend(names.map(|name| (name, number.saturating_add(1))));
        if waves.len() <= number {
            waves.resize(number.saturating_add(1), Vec::new());
        }
        if let Some(wave) = waves.get_mut(number) {
            wave.push(place);
        }
    }
    waves
}

/// Finds what became of each input; returns those of which the answer says nothing.
///
/// A record is known by the key that the vendor repeats, by its id, or by our unique property `by`.
pub fn collect(inputs: Vec<BatchInput>, answer: &HubspotAnswer, by: &str, results: &mut Results) -> Vec<BatchInput> {
    let is_of = |record: &HubspotRecord, input: &BatchInput| {
        record.key() == Some(input.key.as_str())
            || input.id.as_deref() == Some(record.id.as_str())
            || (input.id.is_none() && record.get(by) == input.key)
    };
    let mut unanswered = Vec::new();
    for input in inputs {
        let record = answer.results.iter().find(|record| !record.id.is_empty() && is_of(record, &input));
        let error = answer.errors.iter().find(|error| {
            error.key() == Some(input.key.as_str()) || (input.id.is_some() && error.id() == input.id.as_deref())
        });
        let result = match (record, error) {
            (Some(record), _) => Ok(record.id.clone()),
            (None, Some(error)) => Err(error.of_a_record()),
            (None, None) => {
                unanswered.push(input);
                continue;
            }
        };
        results.insert(input.key, result);
    }
    unanswered
}

/// Two halves of a batch that was refused as a whole, so that one record does not stop the others; `None` for one input.
#[must_use]
pub fn halves(mut inputs: Vec<BatchInput>) -> Option<[Vec<BatchInput>; 2]> {
    if inputs.len() < 2 {
        return None;
    }
    let second = inputs.split_off(inputs.len().div_ceil(2));
    Some([inputs, second])
}

/// What is said of an input that a success does not mention, such as a contact that was merged into another meanwhile.
#[must_use]
pub fn unanswered() -> HubspotFailure {
    HubspotFailure::Setback(DeliveryError::retryable("unanswered", None))
}
