//! Identifiers.
//!
//! An id that a person writes (team, rep, territory, provider) is 1–64 characters of `a–z 0–9 _ - .`,
//! so that it can stand in a URL, a file and a log line without escaping.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use std::sync::Arc;

/// Longest identifier, in bytes: long enough for a UUID with a prefix, short enough for a KV key.
pub const ID_BYTES_MAX: usize = 64;

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 characters of a-z, A-Z, 0-9, `_`, `-`, `.`, `:` or `@`")]
pub struct IdError;

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= ID_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'@'))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps an identifier.
            ///
            /// # Errors
            /// [`IdError`] when the text is empty, longer than [`ID_BYTES_MAX`] or has another character.
            pub fn new(text: &str) -> Result<Self, IdError> {
                if is_id(text) { Ok(Self(Arc::from(text))) } else { Err(IdError) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_.:@-]{1,64}$"})
            }
        }
    )*};
}

ids! {
    /// One lead as accepted. Derived from its idempotency key or content; see `LeadKeys::lead_id`.
    LeadId;
    /// A rep.
    RepId;
    /// A team of reps.
    TeamId;
    /// A territory of the rubric.
    TerritoryId;
    /// An enrichment provider.
    ProviderId;
    /// A line of the rubric: criterion, override, route.
    RuleId;
    /// A tier of the rubric, such as `A`.
    TierId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_64_characters_and_no_more() {
        assert!(RepId::new(&"a".repeat(64)).is_ok());
        assert_eq!(RepId::new(&"a".repeat(65)), Err(IdError));
    }

    #[test]
    fn blanks_slashes_and_other_scripts_are_refused() {
        for text in ["", "a b", "a/b", "é", "a\n"] {
            assert_eq!(TeamId::new(text), Err(IdError), "{text:?}");
        }
    }
}
