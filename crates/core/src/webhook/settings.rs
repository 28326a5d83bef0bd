//! Secrets and settings of a sender, by name.

use crate::intake::FieldMap;
use crate::webhook::refusal::Refusal;
use std::collections::BTreeMap;
use std::fmt;

/// Settings of a sender, by name. Every secret may have a second value under its name with `_PREVIOUS`, so that a
/// secret can be changed at the sender and here at different moments. Its debug form shows names only.
#[derive(Clone, Default)]
pub struct SenderSettings {
    values: BTreeMap<&'static str, String>,
    map: FieldMap,
}

impl fmt::Debug for SenderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl SenderSettings {
    /// Reads the settings with these names; blank ones are missing.
    pub fn read(names: &[&'static str], value: impl Fn(&str) -> Option<String>) -> Self {
        let found = names.iter().filter_map(|name| value(name).map(|text| (*name, text.trim().to_owned())));
        Self { values: found.filter(|(_, text)| !text.is_empty()).collect(), map: FieldMap::default() }
    }

    /// The same settings with what the sender's field names mean.
    #[must_use]
    pub fn with_map(self, map: FieldMap) -> Self {
        Self { map, ..self }
    }

    /// What the sender's field names mean.
    #[must_use]
    pub const fn map(&self) -> &FieldMap {
        &self.map
    }

    /// A setting.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The values of a secret in force: the current one and the previous one. Never empty.
    ///
    /// # Errors
    /// `not_set_up` without the current one.
    pub fn secrets(&self, name: &'static str) -> Result<Vec<&str>, Refusal> {
        let current = self.get(name).ok_or_else(|| Refusal::not_set_up(name))?;
        let previous = self.values.iter().find(|(other, _)| other.strip_suffix("_PREVIOUS") == Some(name));
        Ok(std::iter::once(current).chain(previous.map(|(_, text)| text.as_str())).collect())
    }

    /// The values of a secret in force, as keys of an HMAC.
    ///
    /// # Errors
    /// As [`Self::secrets`].
    pub fn keys(&self, name: &'static str) -> Result<Vec<Vec<u8>>, Refusal> {
        Ok(self.secrets(name)?.into_iter().map(|secret| secret.as_bytes().to_vec()).collect())
    }

    /// Whether a list with commas holds `text`, whatever the letter case; `None` when the list is not set.
    #[must_use]
    pub fn lists(&self, name: &str, text: &str) -> Option<bool> {
        let list = self.get(name)?;
        Some(list.split(',').any(|item| item.trim().eq_ignore_ascii_case(text.trim())))
    }
}
