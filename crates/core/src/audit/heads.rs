//! Heads: what the account shards say they wrote last. They are kept outside the database, so they show what was taken from
//! its end or its beginning, and what was rewritten there.

use crate::audit::finding::{Chain, VerificationFinding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Number and hash of the last record, by account shard.
pub type Heads = BTreeMap<String, (u64, String)>;

/// The last line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExportEnd {
    /// Rows of the export.
    pub rows: usize,
    /// Heads when the export began; only of an export of the whole ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads_before: Option<Heads>,
    /// Heads when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads_after: Option<Heads>,
}

/// What is known of the chain of an account shard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The chain as it was read, if there is any.
    pub chain: Option<&'a Chain>,
    /// Number of its first record.
    pub first: Option<u64>,
    /// Hash of the record that has the number of the head before the export.
    pub at_head: Option<&'a str>,
}

/// Compares the chain of an account shard with what the account shard says.
///
/// Records up to the head before the export have to be there, from the first; none can come after the head at its end.
/// Between the two, what was decided meanwhile may be there or not.
#[must_use]
pub fn compare(
    shard: &str,
    known: &Known<'_>,
    before: Option<&(u64, String)>,
    after: Option<&(u64, String)>,
) -> Vec<VerificationFinding> {
    let shard = shard.to_owned();
    let last = known.chain.and_then(|chain| chain.last_seq).unwrap_or(0);
    let mut found = Vec::new();
    if let Some(first) = known.first.filter(|first| *first > 1) {
        found.push(VerificationFinding::MissingRecords {
            shard: shard.clone(),
            from: 1,
            until: first.saturating_sub(1),
        });
    }
    if let Some((seq, hash)) = before.filter(|(seq, _)| *seq > 0) {
        if last < *seq {
            found.push(VerificationFinding::LedgerBehind { shard: shard.clone(), ledger: last, head: *seq });
        } else if known.at_head.is_some_and(|at_head| at_head != hash) {
            found.push(VerificationFinding::HeadDiffers { shard: shard.clone(), seq: *seq });
        }
    }
    match (after, known.chain) {
        (Some((seq, _)), _) if last > *seq => {
            found.push(VerificationFinding::LedgerAhead { shard, ledger: last, head: *seq });
        }
        (Some((seq, hash)), Some(chain)) if last == *seq && *seq > 0 && chain.head != *hash => {
            let is_known = found.iter().any(|it| matches!(it, VerificationFinding::HeadDiffers { .. }));
            if !is_known {
                found.push(VerificationFinding::HeadDiffers { shard, seq: *seq });
            }
        }
        (None, Some(_)) => found.push(VerificationFinding::LedgerAhead { shard, ledger: last, head: 0 }),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(
        chain: Option<(u64, u64, &str)>,
        at_head: Option<&str>,
        before: (u64, &str),
        after: (u64, &str),
    ) -> Vec<&'static str> {
        let read = chain.map(|(_, last, head)| Chain {
            records: 1,
            starts_after: String::new(),
            last_seq: Some(last),
            head: head.to_owned(),
        });
        let known = Known { chain: read.as_ref(), first: chain.map(|(first, ..)| first), at_head };
        let head = |(seq, hash): (u64, &str)| (seq, hash.to_owned());
        compare("shard-00", &known, Some(&head(before)), Some(&head(after)))
            .iter()
            .map(VerificationFinding::code)
            .collect()
    }

    #[test]
    fn a_chain_ends_where_its_account_shard_says() {
        assert_eq!(codes(Some((1, 3, "c")), Some("c"), (3, "c"), (3, "c")), [""; 0]);
        assert_eq!(codes(None, None, (0, ""), (0, "")), [""; 0]);
        // Decided while the file was written.
        assert_eq!(codes(Some((1, 3, "c")), Some("c"), (3, "c"), (5, "e")), [""; 0]);
        assert_eq!(codes(Some((1, 4, "d")), Some("c"), (3, "c"), (5, "e")), [""; 0]);
    }

    #[test]
    fn what_is_taken_added_or_rewritten_shows() {
        assert_eq!(codes(Some((1, 2, "b")), None, (3, "c"), (3, "c")), ["ledger_behind"]);
        assert_eq!(codes(None, None, (3, "c"), (3, "c")), ["ledger_behind"]);
        assert_eq!(codes(Some((2, 3, "c")), Some("c"), (3, "c"), (3, "c")), ["missing_records"]);
        assert_eq!(codes(Some((1, 4, "d")), Some("c"), (3, "c"), (3, "c")), ["ledger_ahead"]);
        assert_eq!(codes(Some((1, 3, "x")), Some("x"), (3, "c"), (3, "c")), ["head_differs"]);
        assert_eq!(codes(Some((1, 4, "x")), Some("c"), (3, "c"), (4, "d")), ["head_differs"]);
        assert_eq!(codes(Some((1, 1, "x")), None, (0, ""), (0, "")), ["ledger_ahead"]);
    }
}
