//! Whose an idempotency key is.

use crate::form::FormId;

/// Who sent a key. Keys of different senders are different keys, so that nobody can take a key that somebody else is
/// going to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope<'a> {
    /// Programs with an intake key. The keys that are valid at a time for rotation are one credential.
    Intake,
    /// Whoever posts to a form.
    Form(&'a FormId),
    /// A sender of webhooks, by its name in the address.
    Sender(&'a str),
}

impl KeyScope<'_> {
    /// The key as it is hashed: kind and name of the sender first. Neither holds a NUL, so no key can pose as one of
    /// another sender.
    #[must_use]
    pub fn of(self, key: &str) -> String {
        match self {
            Self::Intake => format!("intake\0\0{key}"),
            Self::Form(form) => format!("form\0{form}\0{key}"),
            Self::Sender(sender) => format!("sender\0{sender}\0{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_senders_share_a_key() {
        let (one, other) = (FormId::new("contact").unwrap(), FormId::new("demo").unwrap());
        let scopes = [
            KeyScope::Intake,
            KeyScope::Form(&one),
            KeyScope::Form(&other),
            KeyScope::Sender("contact"),
            KeyScope::Sender("typeform"),
        ];
        let keys: BTreeSet<String> = scopes.iter().map(|scope| scope.of("order-1001")).collect();
        assert_eq!(keys.len(), scopes.len());
        assert_ne!(KeyScope::Intake.of("contact\0x"), KeyScope::Form(&one).of("x"));
    }
}
