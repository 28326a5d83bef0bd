//! Fields that steer a lead and are no answer of the person: a form takes them only when its settings say so.
//!
//! Anybody can post any field to a form. What a person says about themselves is theirs to say; who referred them, what
//! they did before, and whom another system chose is for systems with a credential.

use crate::intake::{LeadField, Name, Note, RawLead};
use std::collections::BTreeSet;

/// Code of the note on a field that was left out.
pub const NOT_ACCEPTED: &str = "field_not_accepted";

/// A kind of field that a public lead may only have when its form accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardedField {
    /// `source`.
    Source,
    /// `partner`.
    Partner,
    /// `intent`, the signals.
    Intent,
    /// `incumbent`, with the rep and the team.
    Incumbent,
}

impl GuardedField {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Source, Self::Partner, Self::Intent, Self::Incumbent];

    /// The name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Partner => "partner",
            Self::Intent => "intent",
            Self::Incumbent => "incumbent",
        }
    }

    /// The kind with this name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// The kind of a known field, or `None` for what a person may say.
    #[must_use]
    pub const fn of(field: LeadField) -> Option<Self> {
        match field {
            LeadField::Source => Some(Self::Source),
            LeadField::Partner => Some(Self::Partner),
            LeadField::IncumbentRepId | LeadField::IncumbentTeam => Some(Self::Incumbent),
            _ => None,
        }
    }
}

impl RawLead {
    /// Leaves out every guarded field that is not accepted, with a note for each kind; what is wrong with such a field is
    /// no problem either.
    pub fn keep_accepted(&mut self, accepted: &BTreeSet<GuardedField>) {
        let refused = |field: LeadField| GuardedField::of(field).filter(|kind| !accepted.contains(kind));
        let mut left_out = BTreeSet::new();
        self.pairs.retain(|pair| match pair.name {
            Name::Known(field) => match refused(field) {
                Some(kind) => {
                    left_out.insert(kind);
                    false
                }
                None => true,
            },
            Name::Own(_) => true,
        });
        if !accepted.contains(&GuardedField::Intent) {
            if !self.signals.is_empty() {
                left_out.insert(GuardedField::Intent);
            }
            self.signals.clear();
        }
        let of_kind = |path: &str, kind: &GuardedField| {
            path.strip_prefix(kind.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
        };
        self.problems.retain(|problem| {
            !GuardedField::ALL.iter().any(|kind| !accepted.contains(kind) && of_kind(&problem.path, kind))
        });
        self.notes.extend(
            left_out.into_iter().map(|kind| Note { path: kind.as_str().to_owned(), code: NOT_ACCEPTED.to_owned() }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{FieldMap, json};
    use crate::lead::check;
    use crate::time::Timestamp;

    const BODY: &str = r#"{"email": "a@b.example", "source": "partner", "referral partner": "x", "partner": "acme",
        "intent": [{"signal": "pricing_page"}], "incumbent": {"rep_id": "r", "team": "t"}, "company": "B"}"#;

    fn read(accepted: &[GuardedField]) -> crate::lead::Lead {
        let mut raw = json::read(BODY.as_bytes(), &FieldMap::default()).unwrap();
        raw.keep_accepted(&accepted.iter().copied().collect());
        check(raw, Timestamp::from_ms(0)).unwrap()
    }

    #[test]
    fn what_steers_a_lead_is_left_out_and_noted() {
        let lead = read(&[]);
        assert_eq!((lead.source, lead.partner, lead.incumbent), (None, None, None));
        assert_eq!(lead.signals, []);
        assert_eq!(lead.company.as_deref(), Some("B"));
        let noted: Vec<&str> = lead.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(noted, ["source", "partner", "intent", "incumbent"]);
    }

    #[test]
    fn what_is_accepted_stays() {
        let lead = read(&GuardedField::ALL);
        assert_eq!((lead.source.as_deref(), lead.partner.as_deref()), (Some("partner"), Some("acme")));
        assert_eq!((lead.signals.len(), lead.incumbent.is_some(), lead.notes.len()), (1, true, 0));
        let lead = read(&[GuardedField::Intent]);
        assert_eq!((lead.signals.len(), lead.source), (1, None));
    }

    #[test]
    fn a_field_that_is_left_out_is_no_problem() {
        let body = br#"{"email": "a@b.example", "source": "web", "source": "partner"}"#;
        let mut raw = json::read(body, &FieldMap::default()).unwrap();
        assert_eq!(raw.problems.len(), 1, "{:?}", raw.problems);
        raw.keep_accepted(&BTreeSet::new());
        assert_eq!(raw.problems, []);
    }
}
