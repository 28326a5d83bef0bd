//! How much a lead of strangers may weigh.

use crate::intake::Note;
use crate::lead::Lead;

/// Code of the note on a field that was left out because the lead was too large.
pub const TOO_LARGE: &str = "dropped_too_large";

impl Lead {
    /// Bytes of the lead as it is stored, in JSON.
    #[must_use]
    pub fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(usize::MAX, |text| text.len())
    }

    /// Makes the lead fit, for a sender whom nobody can ask to shorten it: the largest of the sender's own fields go first,
    /// then `message`; each leaves a note. `false` when it is too large all the same.
    pub fn cut_to(&mut self, bytes_max: usize) -> bool {
        let mut excess = self.bytes().saturating_sub(bytes_max);
        if excess == 0 {
            return true;
        }
        let mut sizes: Vec<(usize, String)> = self
            .fields
            .iter()
            .map(|(name, text)| (encoded(name).saturating_add(encoded(text)), name.clone()))
            .collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        let mut dropped = 0_usize;
        for (size, name) in sizes {
            if excess == 0 {
                break;
            }
            self.fields.remove(&name);
            dropped = dropped.saturating_add(1);
            // One note for all: their names may be as long as texts.
            if dropped == 1 {
                self.notes.push(Note { path: "fields".to_owned(), code: TOO_LARGE.to_owned() });
                excess = self.bytes().saturating_sub(bytes_max);
            } else {
                excess = excess.saturating_sub(size);
            }
        }
        if self.bytes() > bytes_max && self.message.take().is_some() {
            self.notes.push(Note { path: "message".to_owned(), code: TOO_LARGE.to_owned() });
        }
        self.bytes() <= bytes_max
    }
}

/// Bytes of a text in JSON, with its quotes.
fn encoded(text: &str) -> usize {
    serde_json::to_vec(text).map_or(usize::MAX, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{self, FieldMap};
    use crate::limits::PUBLIC_LEAD_BYTES_MAX;
    use crate::time::Timestamp;
    use serde_json::json;

    fn lead(fields: &[(&str, usize)], message: &str) -> Lead {
        let fields: serde_json::Map<String, serde_json::Value> =
            fields.iter().map(|(name, length)| ((*name).to_owned(), "x".repeat(*length).into())).collect();
        let body = json!({"email": "a@b.example", "message": message, "fields": fields}).to_string();
        let at = Timestamp::from_ms(0);
        intake::read(Some("application/json"), body.as_bytes(), &FieldMap::default(), at).unwrap()
    }

    /// A lead of exactly so many bytes.
    fn of_bytes(bytes: usize) -> Lead {
        let parts = [("a", 9_000), ("b", 9_000), ("c", 9_000), ("d", 1)];
        let short = lead(&parts, "m").bytes();
        lead(&[("a", 9_000), ("b", 9_000), ("c", 9_000), ("d", bytes.saturating_add(1).saturating_sub(short))], "m")
    }

    #[test]
    fn the_limit_holds_to_the_byte() {
        let mut at_limit = of_bytes(PUBLIC_LEAD_BYTES_MAX);
        assert_eq!(at_limit.bytes(), PUBLIC_LEAD_BYTES_MAX);
        assert!(at_limit.cut_to(PUBLIC_LEAD_BYTES_MAX));
        assert_eq!((at_limit.fields.len(), at_limit.notes.len()), (4, 0));
        let mut over = of_bytes(PUBLIC_LEAD_BYTES_MAX + 1);
        assert!(over.cut_to(PUBLIC_LEAD_BYTES_MAX));
        assert_eq!((over.fields.len(), over.notes[0].code.as_str()), (3, TOO_LARGE));
    }

    #[test]
    fn the_largest_fields_go_first_and_the_message_last() {
        let mut large = lead(&[("small", 10), ("middle", 9_000), ("large", 10_000)], &"\u{1f600}".repeat(10_000));
        assert!(large.cut_to(PUBLIC_LEAD_BYTES_MAX));
        assert_eq!(large.fields.len() + usize::from(large.message.is_some()), 0);
        let mut lead = lead(&[("small", 10), ("middle", 9_000), ("large", 10_000)], &"x".repeat(10_000));
        assert!(lead.cut_to(20_000));
        assert_eq!(lead.fields.keys().collect::<Vec<_>>(), ["middle", "small"]);
        assert!(!lead.cut_to(10));
    }
}
