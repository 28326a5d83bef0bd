//! Where to go on reading changes.
//!
//! Kinds are read one after another, each in the order of its changes. The vendor's own marks count places in a list that
//! moves while it is read, and end at 10,000; so the next page begins at the time of the last change of this one, and its
//! mark is used only where a whole page changed at one time.

use crate::crm::hubspot::answers::{HubspotAnswer, HubspotRecord};
use crate::crm::hubspot::object::Object;
use crate::time::Timestamp;

/// Most records of one page: as many as a search of the vendor gives.
pub const PAGE_MAX: usize = 200;

/// Places that the vendor's marks reach.
const MARK_MAX: u64 = 10_000;

/// How far the index of the search is behind, at most, in milliseconds: changes are read again for so long.
const LAG_MS: i64 = 60_000;

/// Where reading goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubspotCursor {
    /// The kind.
    pub object: Object,
    /// Changes from this time on, in milliseconds since 1970.
    pub since_ms: i64,
    /// The vendor's mark; `0` for the first page of a time.
    pub after: String,
    /// From which time on every kind is read.
    began_ms: i64,
}

impl HubspotCursor {
    /// Reads where to go on; the first page of everything when `page` is empty or says nothing.
    #[must_use]
    pub fn read(at: Timestamp, page: &str) -> Self {
        let began_ms = at.plus_ms(LAG_MS.saturating_neg()).as_ms().max(0);
        let mut parts = page.split(':');
        let object = match parts.next() {
            Some("companies") => Object::Companies,
            Some("deals") => Object::Deals,
            _ => Object::Contacts,
        };
        let since_ms = parts.next().and_then(|ms| ms.parse().ok()).unwrap_or(began_ms);
        let after = parts.next().filter(|after| after.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        Self { object, since_ms, after: after.unwrap_or("0").to_owned(), began_ms }
    }

    /// The place as a text.
    #[must_use]
    pub fn page(&self) -> String {
        format!("{}:{}:{}", self.object.as_str(), self.since_ms, self.after)
    }

    /// The place after a page; `None` when all kinds were read.
    #[must_use]
    pub fn next(&self, answer: &HubspotAnswer) -> Option<Self> {
        let has_more = !answer.after().is_empty();
        let last = answer.results.last().and_then(|record| changed_at(self.object, record));
        let Some(last) = last.filter(|_| has_more) else {
            return Some(Self { object: self.following()?, since_ms: self.began_ms, after: "0".to_owned(), ..*self });
        };
        let last_ms = last.as_ms();
        let (since_ms, after) = if last_ms > self.since_ms {
            (last_ms, "0")
        } else {
            let is_end = answer.after().parse::<u64>().is_ok_and(|mark| mark >= MARK_MAX);
            if is_end { (self.since_ms.saturating_add(1), "0") } else { (self.since_ms, answer.after()) }
        };
        Some(Self { since_ms, after: after.to_owned(), ..self.clone() })
    }

    const fn following(&self) -> Option<Object> {
        match self.object {
            Object::Contacts => Some(Object::Companies),
            Object::Companies => Some(Object::Deals),
            Object::Deals | Object::Tasks => None,
        }
    }
}

fn changed_at(object: Object, record: &HubspotRecord) -> Option<Timestamp> {
    record.timestamp(object.changed())
}
