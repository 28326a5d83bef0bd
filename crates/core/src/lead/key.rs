//! Which account shard holds a lead, and the id that says so.
//!
//! A lead id is `<account>-<person>-<submission>`, three keyed hashes in hexadecimal. Ordered by id, the
//! rows of one account stand together and within them the rows of one person, so one table with one row
//! per lead answers all four questions of the intake: was this submission seen, who has this person, who
//! owns this account, what became of this lead. The first byte of the account names the account shard, so
//! colleagues who arrive at the same moment meet in the same object.
//!
//! The hashes are keyed, because an account key can be a private address and an id appears in links.

use crate::hash::{keyed_hash, sha256_hex};
use crate::id::LeadId;
use serde::{Deserialize, Serialize};

/// Number of account shards. At about 500 durable writes a second each, 64 take 30,000 a second, far above what one
/// business receives; few enough that each stays warm under load. Changing it moves leads between account shards.
pub const SHARDS: u8 = 64;

/// Hexadecimal digits of the account part: 64 bits, so that ten million accounts share one by accident with
/// a probability below one in a hundred thousand.
const ACCOUNT_DIGITS: usize = 16;
/// Hexadecimal digits of the person part; it only has to tell the people of one account apart.
const PERSON_DIGITS: usize = 10;
/// Hexadecimal digits of the submission part; it only has to tell the submissions of one person apart.
const SUBMISSION_DIGITS: usize = 12;

/// The account of a lead, as it stands in ids: 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountHash(String);

impl AccountHash {
    /// Hash of an account key: a registrable domain, or a private address.
    #[must_use]
    pub fn new(key: &[u8], account_key: &str) -> Self {
        Self(keyed_hash(key, "account", account_key).chars().take(ACCOUNT_DIGITS).collect())
    }

    /// The account that a lead id belongs to; `None` when the text is not a lead id of ours.
    #[must_use]
    pub fn of_lead(lead_id: &LeadId) -> Option<Self> {
        let (account, _) = lead_id.as_str().split_once('-')?;
        let hex = account.len() == ACCOUNT_DIGITS && account.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| Self(account.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the account shard that holds the account, `shard-00` to `shard-3f`.
    #[must_use]
    pub fn shard(&self) -> String {
        shard_of(&self.0)
    }
}

/// Name of the account shard for a hash in hexadecimal: its first byte modulo [`SHARDS`].
#[must_use]
pub fn shard_of(hash: &str) -> String {
    let byte = hash.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
    format!("shard-{:02x}", byte % SHARDS)
}

/// The hashes that make up a lead's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadKeys {
    /// The account.
    pub account: AccountHash,
    /// The person, 10 hexadecimal digits.
    pub person: String,
    /// The submission: hash of the idempotency key, or of the content when the sender gave none.
    pub submission: String,
}

impl LeadKeys {
    /// Hashes the three keys of a lead.
    #[must_use]
    pub fn new(key: &[u8], account_key: &str, person_key: &str, submission_key: &str) -> Self {
        Self {
            account: AccountHash::new(key, account_key),
            person: keyed_hash(key, "person", person_key).chars().take(PERSON_DIGITS).collect(),
            submission: keyed_hash(key, "submission", submission_key),
        }
    }

    /// The same lead seen from another account: the id of a claim on the account of an employer.
    #[must_use]
    pub fn at_account(&self, account: AccountHash) -> Self {
        Self { account, person: self.person.clone(), submission: self.submission.clone() }
    }

    /// The lead's id. `generation` counts submissions with the same key that came after the replay window.
    #[must_use]
    pub fn lead_id(&self, generation: u32) -> Option<LeadId> {
        let submission = sha256_hex(format!("{}:{generation}", self.submission).as_bytes());
        let digits: String = submission.chars().take(SUBMISSION_DIGITS).collect();
        LeadId::new(&format!("{}-{}-{digits}", self.account.as_str(), self.person)).ok()
    }

    /// Beginning of the ids of all leads of this person.
    #[must_use]
    pub fn person_prefix(&self) -> String {
        format!("{}-{}-", self.account.as_str(), self.person)
    }

    /// Beginning of the ids of all leads of this account.
    #[must_use]
    pub fn account_prefix(&self) -> String {
        format!("{}-", self.account.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(account: &str, person: &str, submission: &str) -> LeadKeys {
        LeadKeys::new(b"key", account, person, submission)
    }

    #[test]
    fn an_id_starts_with_its_person_and_its_account() {
        let keys = keys("acme.example", "ada@acme.example", "s1");
        let id = keys.lead_id(0).unwrap();
        assert_eq!(id.as_str().len(), 40);
        assert!(id.as_str().starts_with(&keys.person_prefix()));
        assert!(keys.person_prefix().starts_with(&keys.account_prefix()));
        assert_eq!(AccountHash::of_lead(&id), Some(keys.account.clone()));
    }

    #[test]
    fn generations_people_and_accounts_have_ids_of_their_own() {
        let one = keys("acme.example", "ada@acme.example", "s1");
        assert_ne!(one.lead_id(0), one.lead_id(1));
        assert_ne!(one.lead_id(0), keys("acme.example", "bob@acme.example", "s1").lead_id(0));
        assert_ne!(one.account, keys("other.example", "ada@acme.example", "s1").account);
    }

    #[test]
    fn colleagues_meet_in_the_same_shard() {
        let ada = keys("acme.example", "ada@acme.example", "s1");
        let bob = keys("acme.example", "bob@acme.example", "s2");
        assert_eq!(ada.account.shard(), bob.account.shard());
    }

    #[test]
    fn the_key_changes_every_hash() {
        assert_ne!(AccountHash::new(b"one", "a@b.example"), AccountHash::new(b"two", "a@b.example"));
    }

    #[test]
    fn a_foreign_id_has_no_account() {
        for text in ["abc", "abc-def", "zzzzzzzzzzzzzzzz-1-2", "0123456789abcde-1-2"] {
            assert_eq!(AccountHash::of_lead(&LeadId::new(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn there_are_64_shards_and_no_more() {
        assert_eq!(shard_of("00"), "shard-00");
        assert_eq!(shard_of("3f"), "shard-3f");
        assert_eq!(shard_of("40"), "shard-00");
        assert_eq!(shard_of(""), "shard-00");
    }
}
