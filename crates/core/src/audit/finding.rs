//! What a check of the chain comes to.

use serde::Serialize;
use std::collections::BTreeMap;

/// Most findings that are listed; all are counted.
pub const FINDINGS_MAX: usize = 20;

/// What the lines come to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerificationReport {
    /// Lines.
    pub records: usize,
    /// Lines whose content was erased: their place was checked, their content cannot be.
    pub erased: usize,
    /// Lines that bring neither content nor say that it was erased; their place was checked.
    pub without_content: usize,
    /// The chains by account shard; records that do not say where they are from are one chain, without a name.
    pub chains: BTreeMap<String, Chain>,
    /// What is wrong, the first [`FINDINGS_MAX`].
    pub findings: Vec<VerificationFinding>,
    /// How much is wrong.
    pub findings_count: usize,
}

impl VerificationReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.findings_count == 0
    }

    /// Notes one more.
    pub(super) fn find(&mut self, finding: VerificationFinding) {
        self.findings_count = self.findings_count.saturating_add(1);
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// One account shard's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Records in it.
    pub records: usize,
    /// Hash that the first one names as its predecessor; empty when it is the first of its account shard.
    pub starts_after: String,
    /// Number of the last one, where records are numbered.
    pub last_seq: Option<u64>,
    /// Hash of the last one. Records after it that were removed do not show here, so compare it with the account shard's own.
    pub head: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum VerificationFinding {
    /// A line is neither a record nor a line of the ledger.
    #[error("line {line} cannot be read")]
    UnreadableRecord {
        /// Number of the line, from 1.
        line: usize,
    },
    /// What a line says and what its record says differ.
    #[error("line {line} was changed: its {what} is not that of the record")]
    ChangedRecord {
        /// Number of the line, from 1.
        line: usize,
        /// What differs: `hash`, `seq`, `rep_id` …
        what: String,
    },
    /// A record does not follow the one before it: one of the two was changed, or one between them is missing.
    #[error("record {seq} (line {line}) follows `{named}`, and the record before it is `{found}`")]
    BrokenChain {
        /// Number of the line, from 1.
        line: usize,
        /// Number of the record in its chain.
        seq: u64,
        /// Hash that the record names.
        named: String,
        /// Hash of the record before it.
        found: String,
    },
    /// Records between two others are not there.
    #[error("records {from} to {until} of `{shard}` are missing")]
    MissingRecords {
        /// The account shard.
        shard: String,
        /// The first that is missing.
        from: u64,
        /// The last that is missing.
        until: u64,
    },
    /// An export says itself that it ends too early, or does not have the rows that it counts.
    #[error("the export that ends in line {line} is incomplete: request it again")]
    IncompleteExport {
        /// Number of its last line, from 1.
        line: usize,
    },
    /// The ledger does not have the last records of an account shard: they were removed, or are still on their way.
    #[error(
        "`{shard}` has written {head} records and the ledger ends at {ledger}: export again in a minute; if it stays, they were removed"
    )]
    LedgerBehind {
        /// The account shard.
        shard: String,
        /// Number of the last record of the ledger.
        ledger: u64,
        /// Number of the last record of the account shard.
        head: u64,
    },
    /// The ledger has records that the account shard never wrote.
    #[error("`{shard}` has written {head} records and the ledger has {ledger}: the last ones are not of this program")]
    LedgerAhead {
        /// The account shard.
        shard: String,
        /// Number of the last record of the ledger.
        ledger: u64,
        /// Number of the last record of the account shard.
        head: u64,
    },
    /// The last record of the ledger is not the one that the account shard wrote.
    #[error(
        "record {seq} of `{shard}` is not the one that the account shard wrote: the end of the ledger was rewritten"
    )]
    HeadDiffers {
        /// The account shard.
        shard: String,
        /// Number of the record.
        seq: u64,
    },
    /// A row is not as this program wrote it, or was erased by somebody else.
    #[error("line {line} was not written, or not erased, by this deployment: its seal is wrong")]
    BrokenSeal {
        /// Number of the line, from 1.
        line: usize,
    },
    /// Two lines have one place.
    #[error("record {seq} of `{shard}` is repeated (line {line})")]
    RepeatedRecord {
        /// The account shard.
        shard: String,
        /// The number.
        seq: u64,
        /// Number of the second line, from 1.
        line: usize,
    },
}

impl VerificationFinding {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnreadableRecord { .. } => "unreadable_record",
            Self::ChangedRecord { .. } => "changed_record",
            Self::BrokenChain { .. } => "broken_chain",
            Self::MissingRecords { .. } => "missing_records",
            Self::IncompleteExport { .. } => "incomplete_export",
            Self::RepeatedRecord { .. } => "repeated_record",
            Self::LedgerBehind { .. } => "ledger_behind",
            Self::LedgerAhead { .. } => "ledger_ahead",
            Self::HeadDiffers { .. } => "head_differs",
            Self::BrokenSeal { .. } => "broken_seal",
        }
    }
}
