//! Kinds of HubSpot records.

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Object {
    Contacts,
    Companies,
    Deals,
    Tasks,
}

impl Object {
    /// The kind as it stands in paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Companies => "companies",
            Self::Deals => "deals",
            Self::Tasks => "tasks",
        }
    }

    /// The property that says when a record last changed.
    #[must_use]
    pub const fn changed(self) -> &'static str {
        match self {
            Self::Contacts => "lastmodifieddate",
            Self::Companies | Self::Deals | Self::Tasks => "hs_lastmodifieddate",
        }
    }
}
