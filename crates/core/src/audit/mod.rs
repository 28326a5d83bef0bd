//! What is kept about decisions and can be checked a year later: the chain of records, events, and tables of them.

pub mod chain;
pub mod csv_export;
pub mod dead_letter;
pub mod event;
mod finding;
pub mod heads;
pub mod seal;

pub use event::{AuditEvent, AuditEventKind, EventDetail, Who};

use crate::id::LeadId;
use crate::lead::key::LeadKeys;
use crate::normalize::email;

/// A person as ids and the ledger name them: the part of a lead's id that stands for the mailbox, 10 hexadecimal digits.
/// `None` for a text that is no address.
#[must_use]
pub fn person_of(key: &[u8], address: &str) -> Option<ErasedPerson> {
    let email = email(address)?;
    let keys = LeadKeys::new(key, &email.mailbox, &email.mailbox, "");
    Some(ErasedPerson { hash: keys.person, mailbox: email.mailbox, address: email.address })
}

/// A person who is looked for.
#[derive(Clone, PartialEq, Eq)]
pub struct ErasedPerson {
    /// The part of lead ids, a keyed hash.
    pub hash: String,
    /// The mailbox behind the address. Never written down.
    pub mailbox: String,
    /// The address in one spelling. Never written down.
    pub address: String,
}

impl std::fmt::Debug for ErasedPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// The part of a lead's id that stands for the person; `None` for an id of someone else's making.
#[must_use]
pub fn person_part(lead_id: &LeadId) -> Option<&str> {
    let mut parts = lead_id.as_str().split('-');
    let (account, person, submission) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = account.len() == 16 && person.len() == 10 && submission.len() == 12 && parts.next().is_none();
    is_ours.then_some(person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_as_in_the_ids_of_their_leads_whatever_the_account() {
        let person = person_of(b"key", " Ann.Lee+News@GMail.com ").unwrap();
        let keys = LeadKeys::new(b"key", "acme.example", "annlee@gmail.com", "s");
        assert_eq!(person_part(&keys.lead_id(0).unwrap()), Some(person.hash.as_str()));
        assert_eq!(person_of(b"key", "nobody"), None);
        assert!(!format!("{person:?}").contains("gmail"));
    }

    #[test]
    fn an_id_of_another_making_names_nobody() {
        for id in ["a", "a-b-c", "0123456789abcdef-0123456789", "0123456789abcdef-0123456789-0123456789ab-1"] {
            assert_eq!(person_part(&LeadId::new(id).unwrap()), None, "{id}");
        }
    }
}
