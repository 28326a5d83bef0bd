//! Erasure in an account shard: leads lose what they say about a person. Ids, states, reps and the chain of records stay, and none of
//! them says who it was: ids are keyed hashes.

use crate::objects::account_shard::store::SqlAccountStore;
use lead_router_app::ports::PortResult;
use lead_router_app::ports::messages::OpenRequest;
use lead_router_core::limits::REPLAY_WINDOW_MS;
use lead_router_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Removes content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "whose")]
pub enum Erase {
    /// Everything of a person that arrived until now.
    Person {
        /// The part of lead ids that stands for the person.
        person: String,
        /// Now.
        now: Timestamp,
    },
    /// What arrived before a moment and is done with, some of it.
    Before {
        /// The moment, at least a replay window ago.
        at: Timestamp,
        /// Most leads.
        limit: u32,
    },
}

/// What was removed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Erased {
    /// Decided leads that lost their content.
    pub leads: u32,
    /// Leads that were not decided yet, and are gone.
    pub undecided: u32,
    /// Profiles by which the person was looked up.
    pub profiles: Vec<String>,
}

/// Rows of a person: the middle part of the id.
const OF_PERSON: &str = "substr(lead_id, 18, 10) = ? AND body <> ''";

#[derive(Deserialize)]
struct BodyRow {
    state: String,
    body: String,
}

#[derive(Deserialize)]
struct MomentRow {
    at_ms: i64,
}

#[derive(Deserialize)]
struct CountRow {
    count: u32,
}

/// Bars older leads of a person from being taken in any more.
///
/// # Errors
/// When the store fails.
pub fn bar(store: &SqlAccountStore, erase: &Erase) -> PortResult<()> {
    let Erase::Person { person, now } = erase else { return Ok(()) };
    let query =
        "INSERT INTO erased (person, at_ms) VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET at_ms = excluded.at_ms";
    store.sql.run(query, &[json!(person), json!(now.as_ms())], None)?;
    store.has_erased.set(Some(true));
    Ok(())
}

/// Whether a lead comes from somebody who was erased after it arrived: a message that was on its way.
///
/// # Errors
/// When the store fails.
pub fn is_barred(store: &SqlAccountStore, open: &OpenRequest) -> PortResult<bool> {
    let has_erased = match store.has_erased.get() {
        Some(known) => known,
        None => !store.sql.rows::<MomentRow>("SELECT at_ms FROM erased LIMIT 1", &[])?.is_empty(),
    };
    store.has_erased.set(Some(has_erased));
    if !has_erased {
        return Ok(false);
    }
    let query = "SELECT at_ms FROM erased WHERE person = ?";
    let rows = store.sql.rows::<MomentRow>(query, &[json!(open.keys.person)])?;
    // The lead's own moment: a woken lead may be asked for with a later one.
    Ok(rows.first().is_some_and(|row| open.lead.received_at.as_ms() <= row.at_ms))
}

/// Removes content, in one stretch. Doing it again finds nothing.
///
/// A lead that was not decided is deleted. One that was decided keeps its row, which also says who has the account; it is
/// made a replay window older, so that the same words sent again are a new lead and not answered from an empty one.
///
/// # Errors
/// When the store fails.
pub fn erase(store: &SqlAccountStore, erase: &Erase) -> PortResult<Erased> {
    match erase {
        Erase::Person { person, .. } => {
            let query = format!("SELECT state, body FROM leads WHERE {OF_PERSON}");
            let rows = store.sql.rows::<BodyRow>(&query, &[json!(person)])?;
            let undecided = rows.iter().filter(|row| row.state == "open").count();
            let profiles = rows.iter().filter_map(|row| profile(&row.body)).collect();
            store.sql.run(
                &format!("DELETE FROM leads WHERE {OF_PERSON} AND state = 'open'"),
                &[json!(person)],
                None,
            )?;
            // What the ledger does not hold yet is still delivered, for its place in the chain: the ledger writes it without
            // what it says, because the person is erased there.
            let query = format!(
                "UPDATE log SET record = (SELECT body FROM leads WHERE leads.lead_id = log.lead_id) \
                 WHERE record IS NULL AND lead_id IN (SELECT lead_id FROM leads WHERE {OF_PERSON})"
            );
            store.sql.run(&query, &[json!(person)], None)?;
            let query = format!(
                "UPDATE leads SET body = '', fingerprint = '', wake_ms = NULL, received_ms = received_ms - ? \
                 WHERE {OF_PERSON}"
            );
            store.sql.run(&query, &[json!(REPLAY_WINDOW_MS), json!(person)], None)?;
            store.sql.run("DELETE FROM crm WHERE person = ?", &[json!(person)], None)?;
            // Keys live where their own hash says, not with the lead.
            store.sql.run("DELETE FROM keys WHERE person = ?", &[json!(person)], None)?;
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let undecided = count(undecided);
            Ok(Erased { leads: count(rows.len()).saturating_sub(undecided), undecided, profiles })
        }
        Erase::Before { at, limit } => {
            store.sql.run("DELETE FROM keys WHERE at_ms < ?", &[json!(at.as_ms())], None)?;
            let which = "lead_id IN (SELECT lead_id FROM leads WHERE received_ms < ? AND wake_ms IS NULL \
                         AND state IN ('assigned', 'rejected') AND body <> '' LIMIT ?)";
            let values = [json!(at.as_ms()), json!(limit)];
            let query = format!("SELECT count(*) AS count FROM leads WHERE {which}");
            let leads = store.sql.rows::<CountRow>(&query, &values)?.first().map_or(0, |row| row.count);
            if leads > 0 {
                let query = format!("UPDATE leads SET body = '', fingerprint = '' WHERE {which}");
                store.sql.run(&query, &values, None)?;
            }
            Ok(Erased { leads, ..Erased::default() })
        }
    }
}

/// The profile by which a lead's person may have been looked up.
fn profile(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.pointer("/lead/linkedin/normal").and_then(Value::as_str).map(str::to_owned)
}
