//! What becomes of a submission, field by field, for an operator who maps them.

use crate::error::Problem;
use crate::intake::meaning::FoundBy;
use crate::intake::raw::{Name, Note, RawLead};
use crate::intake::value::address_in;
use crate::lead::check;
use crate::normalize;
use crate::time::Timestamp;
use serde::Serialize;

/// One field of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewField {
    /// The sender's name of it; of the sender's own fields in lower case.
    pub sent: String,
    /// The lead's field, such as `email` or `fields.budget`.
    pub field: String,
    /// How its meaning was found: `setting`, `contract`, `alias`, `name`, `question` or `value`; none for the sender's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_by: Option<&'static str>,
    /// Its text.
    pub value: String,
}

/// What becomes of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// Whether it is a lead.
    pub is_lead: bool,
    /// Its fields in order.
    pub fields: Vec<PreviewField>,
    /// Why it is no lead.
    pub problems: Vec<Problem>,
    /// What was guessed, cut or left out.
    pub notes: Vec<Note>,
}

/// Shows what becomes of a submission.
#[must_use]
pub fn preview(raw: &RawLead, received_at: Timestamp) -> Preview {
    let (problems, notes) = match check(raw.clone(), received_at) {
        Ok(lead) => (Vec::new(), lead.notes),
        Err(problems) => (problems, raw.notes.clone()),
    };
    let fields = raw.pairs.iter().map(|pair| {
        let found = raw.found.iter().find(|found| Name::Known(found.field) == pair.name);
        let own = || pair.name.path().trim_start_matches("fields.").to_owned();
        PreviewField {
            sent: found.map_or_else(own, |found| found.sent.clone()),
            field: pair.name.path(),
            found_by: found.map(|found| FoundBy::as_str(found.by)),
            value: pair.value.clone(),
        }
    });
    Preview { is_lead: problems.is_empty(), fields: fields.collect(), problems, notes }
}

/// A submission by the names that its sender gave its fields, to be read again when their meaning is settled.
#[must_use]
pub fn sent_pairs(raw: &RawLead) -> Vec<(String, String)> {
    let sent = |name: &Name| match name {
        Name::Own(own) => own.clone(),
        Name::Known(field) => {
            let found = raw.found.iter().find(|found| found.field == *field);
            found.map_or_else(|| field.path().to_owned(), |found| found.sent.clone())
        }
    };
    raw.pairs.iter().map(|pair| (sent(&pair.name), pair.value.clone())).collect()
}

/// Whether a field holds the address of a mailbox, however it is spelled.
#[must_use]
pub fn names_mailbox(pairs: &[(String, String)], mailbox: &str) -> bool {
    let address = |text: &str| address_in(text).and_then(|address| normalize::email(&address));
    pairs.iter().any(|(_, text)| text.contains(mailbox) || address(text).is_some_and(|email| email.mailbox == mailbox))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::FieldMap;
    use std::collections::BTreeMap;

    fn raw(pairs: &[(&str, &str)], map: &FieldMap) -> RawLead {
        RawLead::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), map)
    }

    #[test]
    fn a_submission_that_was_refused_is_a_lead_once_its_fields_are_mapped() {
        let refused = raw(&[("A", "ada@a.example"), ("B", "bob@b.example"), ("Firma", "Acme")], &FieldMap::default());
        let shown = preview(&refused, Timestamp::from_ms(0));
        assert_eq!((shown.is_lead, shown.problems[0].code.as_str()), (false, "ambiguous_email"));
        let pairs = sent_pairs(&refused);
        let entries = BTreeMap::from([("a".to_owned(), "email".to_owned())]);
        let again = RawLead::from_pairs(pairs, &FieldMap::new(&entries).unwrap());
        let shown = preview(&again, Timestamp::from_ms(0));
        let fields: Vec<(&str, &str, Option<&str>)> =
            shown.fields.iter().map(|it| (it.sent.as_str(), it.field.as_str(), it.found_by)).collect();
        let expected = [("a", "email", Some("setting")), ("b", "fields.b", None), ("Firma", "company", Some("alias"))];
        assert_eq!((shown.is_lead, fields), (true, expected.to_vec()));
    }
}
