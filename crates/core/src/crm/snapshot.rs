//! What was last read of a CRM, kept beside the leads of the account, and whether it is still good.

use crate::crm::state::{AccountState, PersonState, State};
use crate::time::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// How long something that was read is good when nothing is heard of changes, in milliseconds: 15 minutes. An owner changes
/// rarely, and a colleague who arrives in the same quarter of an hour should meet the same one.
pub const FRESH_MS: i64 = 15 * MINUTE_MS;

/// Something that was read: also that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotEntry<T> {
    /// How it stands in the CRM; `None` when the CRM has none.
    pub state: Option<T>,
    /// When it was read.
    pub at: Timestamp,
}

/// The time in which every change in the CRM was taken over, without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncedRange {
    /// Start.
    pub from: Timestamp,
    /// Latest time.
    pub until: Timestamp,
    /// Whether everything that was there before was read as well: what is not remembered is not there.
    #[serde(default)]
    pub is_whole: bool,
}

/// What an account shard remembers of the CRM about a person and their account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CrmSnapshot {
    /// The person, when it was ever read.
    #[serde(default)]
    pub person: Option<SnapshotEntry<PersonState>>,
    /// The account, when it was ever read.
    #[serde(default)]
    pub account: Option<SnapshotEntry<AccountState>>,
}

impl CrmSnapshot {
    /// Whether the account, and the person when one `is_wanted`, were read and nothing can have changed since that matters:
    /// read within [`FRESH_MS`], or at a time from which on every change was `heard`. What was never read is known not to
    /// be there when everything was.
    #[must_use]
    pub fn is_fresh(&self, is_wanted: bool, heard: Option<SyncedRange>, now: Timestamp) -> bool {
        let heard = heard.filter(|heard| now.ms_since(heard.until) <= FRESH_MS);
        let good = |at: Option<Timestamp>| match at {
            Some(at) => now.ms_since(at) <= FRESH_MS || heard.is_some_and(|heard| at >= heard.from),
            None => heard.is_some_and(|heard| heard.is_whole),
        };
        let person = self.person.as_ref().map(|seen| seen.at);
        (!is_wanted || good(person)) && good(self.account.as_ref().map(|seen| seen.at))
    }

    /// What is remembered, however old.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            person: self.person.as_ref().and_then(|seen| seen.state.clone()),
            account: self.account.as_ref().and_then(|seen| seen.state.clone()),
        }
    }

    /// Takes over what was read. Something that was read before is not replaced by what is older.
    pub fn learn(&mut self, read: Self) {
        let newer = |own: Option<Timestamp>, other: Timestamp| own.is_none_or(|own| own <= other);
        if let Some(person) = read.person.filter(|read| newer(self.person.as_ref().map(|own| own.at), read.at)) {
            self.person = Some(person);
        }
        if let Some(account) = read.account.filter(|read| newer(self.account.as_ref().map(|own| own.at), read.at)) {
            self.account = Some(account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::PersonKind;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_ms(1_000 * MINUTE_MS).plus_minutes(minutes)
    }

    fn person(id: &str, minutes: i64) -> Option<SnapshotEntry<PersonState>> {
        let state = PersonState { id: id.to_owned(), kind: PersonKind::Contact, owner: None, touched: None };
        Some(SnapshotEntry { state: Some(state), at: at(minutes) })
    }

    const fn nobody(at: Timestamp) -> Option<SnapshotEntry<AccountState>> {
        Some(SnapshotEntry { state: None, at })
    }

    #[test]
    fn what_was_read_is_good_for_a_quarter_of_an_hour_and_longer_while_changes_are_heard() {
        let mirror = CrmSnapshot { person: person("1", 0), account: nobody(at(0)) };
        let heard = |from, until| Some(SyncedRange { from: at(from), until: at(until), is_whole: false });
        assert!(mirror.is_fresh(true, None, at(15)));
        assert!(!mirror.is_fresh(true, None, at(15).plus_ms(1)));
        assert!(mirror.is_fresh(true, heard(0, 990), at(1_000)));
        assert!(!mirror.is_fresh(true, heard(1, 990), at(1_000)), "what changed before that was not heard");
        assert!(!mirror.is_fresh(true, heard(0, 980), at(1_000)), "changes are no longer heard");
        let half = CrmSnapshot { person: None, ..mirror };
        assert!(!half.is_fresh(true, heard(0, 1), at(1)), "the person was never read");
        assert!(half.is_fresh(false, heard(0, 1), at(1)), "and nobody asks about one");
    }

    #[test]
    fn what_was_never_read_is_not_there_when_everything_was() {
        let heard = |is_whole| Some(SyncedRange { from: at(100), until: at(200), is_whole });
        let nothing = CrmSnapshot::default();
        assert!(!nothing.is_fresh(true, heard(false), at(201)));
        assert!(nothing.is_fresh(true, heard(true), at(215)));
        assert!(!nothing.is_fresh(true, heard(true), at(215).plus_ms(1)), "changes are no longer heard");
        let old = CrmSnapshot { person: person("1", 99), account: None };
        assert!(!old.is_fresh(true, heard(true), at(201)), "what was read before that may have changed meanwhile");
    }

    #[test]
    fn what_is_older_replaces_nothing() {
        let mut mirror = CrmSnapshot { person: person("new", 5), account: None };
        mirror.learn(CrmSnapshot { person: person("old", 4), account: nobody(at(4)) });
        assert_eq!(mirror, CrmSnapshot { person: person("new", 5), account: nobody(at(4)) });
        mirror.learn(CrmSnapshot { person: person("newer", 5), account: None });
        assert_eq!(mirror.person, person("newer", 5), "of two at one moment the later heard counts");
    }
}
