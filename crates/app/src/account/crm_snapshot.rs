//! What an account shard remembers of the CRM: a row for each person, and one for each account.

use crate::ports::messages::{SnapshotRequest, StoreSnapshotRequest};
use crate::ports::{AccountStore, PortResult, Unavailable};
use lead_router_core::crm::snapshot::{CrmSnapshot, SnapshotEntry};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Stands for the account itself among its people.
const ACCOUNT: &str = "";

/// What is remembered about a person and their account.
///
/// # Errors
/// [`Unavailable`] when the store fails.
pub fn mirror(store: &impl AccountStore, ask: &SnapshotRequest) -> PortResult<CrmSnapshot> {
    let person = if ask.person == ACCOUNT { None } else { seen(store.crm(&ask.account, &ask.person)?) };
    Ok(CrmSnapshot { person, account: seen(store.crm(&ask.account, ACCOUNT)?) })
}

/// Remembers what was read, unless something newer is remembered.
///
/// # Errors
/// [`Unavailable`] when the store fails; then some of it may be remembered.
pub fn store_all(store: &impl AccountStore, news: &[StoreSnapshotRequest]) -> PortResult<()> {
    news.iter().try_for_each(|news| learn(store, news))
}

fn learn(store: &impl AccountStore, learn: &StoreSnapshotRequest) -> PortResult<()> {
    let before = mirror(store, &SnapshotRequest { account: learn.account.clone(), person: learn.person.clone() })?;
    let mut after = before.clone();
    after.learn(learn.read.clone());
    if learn.person != ACCOUNT && after.person != before.person {
        store.put_crm(&learn.account, &learn.person, &json(&after.person)?)?;
    }
    if after.account != before.account {
        store.put_crm(&learn.account, ACCOUNT, &json(&after.account)?)?;
    }
    Ok(())
}

/// A row that another version wrote and this one cannot read is none: the CRM is asked again.
fn seen<T: DeserializeOwned>(row: Option<String>) -> Option<SnapshotEntry<T>> {
    row.and_then(|row| serde_json::from_str(&row).ok())
}

fn json<T: Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("shard", error.to_string()))
}
