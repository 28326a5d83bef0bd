//! The chain of records: every record names the hash of the one before it in its account shard, so that a record that was changed,
//! removed or put elsewhere shows, also when the ones around it were erased.
//!
//! Two kinds of lines are read. A *record* is one as stored: the chain is the order of the lines. A *ledger line* comes
//! from the export of decisions with `record=1`: it says which account shard and number it has, so lines of many account shards may come in
//! any order. Of an erased one only the hash is left: its content cannot be checked, its place can.

pub use crate::audit::finding::{Chain, FINDINGS_MAX, VerificationFinding, VerificationReport};

use crate::audit::heads::{ExportEnd, Heads, Known, compare};
use crate::hash::sha256_hex;
use crate::id::LeadId;
use crate::lead::key::AccountHash;
use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Place of a record, which is all that is kept of it.
#[derive(Debug)]
struct ChainLink {
    line: usize,
    seq: Option<u64>,
    hash: String,
    previous: String,
}

/// A check under way: line after line, then [`Checking::finish`].
#[derive(Debug, Default)]
pub struct Checking {
    report: VerificationReport,
    /// Lines up to the end of the export before, when a file has several.
    counted: usize,
    links: BTreeMap<String, Vec<ChainLink>>,
    /// The last line of an export of the whole ledger.
    end: Option<ExportEnd>,
    /// The line after which no end of an export has come, and one has to.
    unended: Option<usize>,
}

/// A line of the ledger.
#[derive(Deserialize)]
struct LedgerLine {
    shard: Option<String>,
    seq: Option<u64>,
    hash: Option<String>,
    previous: Option<String>,
    erased_at: Option<String>,
    record: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What the lines of the ledger repeat of their records, and where it stands there.
const REPEATED: [(&str, &str); 13] = [
    ("decision_id", "/decision/decision_id"),
    ("lead_id", "/decision/lead_id"),
    ("outcome", "/decision/outcome"),
    ("tier", "/decision/assignment/tier"),
    ("team", "/decision/assignment/team"),
    ("rep_id", "/decision/assignment/rep_id"),
    ("mode", "/decision/mode"),
    ("rubric_version", "/decision/rubric_version"),
    ("duplicate_of", "/decision/duplicate_of"),
    ("ms", "/decision/ms"),
    ("source", "/lead/source"),
    ("form", "/lead/form"),
    ("domain", "/facts/known/company.domain/value"),
];

impl Checking {
    /// Takes the next line; empty ones count for nothing.
    pub fn line(&mut self, number: usize, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let value = serde_json::from_str::<Value>(text).unwrap_or_default();
        if let Some(is_whole) = self.end(&value) {
            self.counted = self.report.records;
            self.unended = None;
            if !is_whole {
                self.report.find(VerificationFinding::IncompleteExport { line: number });
            }
            return;
        }
        self.report.records = self.report.records.saturating_add(1);
        if value.get("seal").and_then(Value::as_str) == Some(INVALID) {
            self.report.find(VerificationFinding::BrokenSeal { line: number });
        }
        if value.get("event_id").is_some() {
            self.unended = Some(number);
            return;
        }
        let link = if value.get("shard").is_some() {
            self.unended = Some(number);
            serde_json::from_value(value).ok().and_then(|line| self.ledger_line(number, line))
        } else {
            let previous = value.get("previous").and_then(Value::as_str).map(str::to_owned);
            previous.map(|previous| {
                let hash = sha256_hex(text.as_bytes());
                (String::new(), ChainLink { line: number, seq: None, hash, previous })
            })
        };
        match link {
            Some((shard, link)) => self.links.entry(shard).or_default().push(link),
            None => self.report.find(VerificationFinding::UnreadableRecord { line: number }),
        }
    }

    /// Whether a line ends an export, and that one is whole.
    fn end(&mut self, value: &Value) -> Option<bool> {
        let map = value.as_object().filter(|map| !map.contains_key("shard") && !map.contains_key("previous"))?;
        if map.len() == 1 && map.contains_key("error") {
            return Some(false);
        }
        map.get("rows")?;
        let end: ExportEnd = serde_json::from_value(value.clone()).ok()?;
        let is_whole = Some(end.rows) == self.report.records.checked_sub(self.counted);
        if end.heads_before.is_some() {
            self.end = Some(end);
        }
        Some(is_whole)
    }

    /// Checks a line of the ledger by itself; `None` when it has no place in a chain.
    fn ledger_line(&mut self, number: usize, line: LedgerLine) -> Option<(String, ChainLink)> {
        let shard = line.shard?;
        let mut changed = |what: &str| {
            self.report.find(VerificationFinding::ChangedRecord { line: number, what: what.to_owned() });
        };
        let lead = line.rest.get("lead_id").and_then(Value::as_str).and_then(|id| LeadId::new(id).ok());
        if lead.and_then(|lead| AccountHash::of_lead(&lead)).is_some_and(|account| account.shard() != shard) {
            changed("shard");
        }
        let (mut hash, mut previous) = (line.hash, line.previous);
        match line.record.filter(|_| line.erased_at.is_none()) {
            Some(text) => {
                let record: Value = serde_json::from_str(&text).ok()?;
                let own = sha256_hex(text.as_bytes());
                if hash.replace(own.clone()).is_some_and(|said| said != own) {
                    changed("hash");
                }
                let named = record.get("previous").and_then(Value::as_str)?.to_owned();
                if previous.replace(named.clone()).is_some_and(|said| said != named) {
                    changed("previous");
                }
                if record.get("seq").and_then(Value::as_u64) != line.seq {
                    changed("seq");
                }
                let reason =
                    record.pointer("/decision/assignment/reason").or(record.pointer("/decision/reasons/0/text"));
                if line.rest.get("reason").is_some_and(|said| said != reason.unwrap_or(&Value::Null)) {
                    changed("reason");
                }
                let decided_at = record.pointer("/decision/decided_at").and_then(moment);
                if line.rest.get("decided_at").is_some_and(|said| moment(said) != decided_at) {
                    changed("decided_at");
                }
                for (name, place) in REPEATED {
                    let of_record = record.pointer(place).unwrap_or(&Value::Null);
                    if line.rest.get(name).is_some_and(|said| said != of_record) {
                        changed(name);
                    }
                }
            }
            None if line.erased_at.is_some() => self.report.erased = self.report.erased.saturating_add(1),
            None => self.report.without_content = self.report.without_content.saturating_add(1),
        }
        Some((shard, ChainLink { line: number, seq: line.seq, hash: hash?, previous: previous? }))
    }

    /// Follows every chain, and compares it with what its account shard says.
    #[must_use]
    pub fn finish(mut self) -> VerificationReport {
        if let Some(line) = self.unended {
            self.report.find(VerificationFinding::IncompleteExport { line });
        }
        let heads = self.end.take().and_then(|end| end.heads_before.zip(end.heads_after));
        let mut unseen: BTreeSet<String> = heads.iter().flat_map(|(before, _)| before.keys().cloned()).collect();
        for (shard, links) in std::mem::take(&mut self.links) {
            let links = in_order(&shard, links);
            let mut before: Option<(u64, &str)> = None;
            for (link, seq) in &links {
                self.follow(&shard, link, *seq, before);
                before = Some((*seq, &link.hash));
            }
            let (Some((first, first_seq)), Some((last, _))) = (links.first(), links.last()) else { continue };
            let chain = Chain {
                records: links.len(),
                starts_after: first.previous.clone(),
                last_seq: last.seq,
                head: last.hash.clone(),
            };
            if let Some(heads) = &heads {
                let head_seq = heads.0.get(&shard).map(|(seq, _)| *seq);
                let at_head = links.iter().find(|(_, seq)| Some(*seq) == head_seq).map(|(link, _)| link.hash.as_str());
                self.compare(&shard, &Known { chain: Some(&chain), first: Some(*first_seq), at_head }, heads);
                unseen.remove(&shard);
            }
            self.report.chains.insert(shard, chain);
        }
        if let Some(heads) = &heads {
            for shard in &unseen {
                self.compare(shard, &Known::default(), heads);
            }
        }
        self.report
    }

    fn compare(&mut self, shard: &str, known: &Known<'_>, (before, after): &(Heads, Heads)) {
        for finding in compare(shard, known, before.get(shard), after.get(shard)) {
            self.report.find(finding);
        }
    }

    fn follow(&mut self, shard: &str, link: &ChainLink, seq: u64, before: Option<(u64, &str)>) {
        let broken = |found: &str| VerificationFinding::BrokenChain {
            line: link.line,
            seq,
            named: link.previous.clone(),
            found: found.to_owned(),
        };
        let wrong = match before {
            None if link.seq.is_some() && (link.seq == Some(1)) != link.previous.is_empty() => Some(broken("")),
            None => None,
            Some((last, _)) if last == seq => {
                Some(VerificationFinding::RepeatedRecord { shard: shard.to_owned(), seq, line: link.line })
            }
            Some((last, hash)) if last.saturating_add(1) == seq => (link.previous != hash).then(|| broken(hash)),
            Some((last, _)) => {
                let (from, until) = (last.saturating_add(1), seq.saturating_sub(1));
                Some(VerificationFinding::MissingRecords { shard: shard.to_owned(), from, until })
            }
        };
        if let Some(wrong) = wrong {
            self.report.find(wrong);
        }
    }
}

/// What an export says of a row whose seal is not that of the deployment's key.
pub const INVALID: &str = "invalid";

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// The links of an account shard in the order of the chain, each with its number. Records that are not numbered are the ones before
/// the numbers: they are counted down from the first number, in the order in which they name each other.
fn in_order(shard: &str, links: Vec<ChainLink>) -> Vec<(ChainLink, u64)> {
    let (mut numbered, loose): (Vec<ChainLink>, Vec<ChainLink>) =
        links.into_iter().partition(|link| link.seq.is_some());
    numbered.sort_by_key(|link| link.seq);
    // Lines without an account shard are a chain as they stand.
    let loose = if shard.is_empty() { loose } else { by_name(loose) };
    let count = u64::try_from(loose.len()).unwrap_or(u64::MAX);
    let first = numbered.first().and_then(|link| link.seq);
    let start = first.map_or(1, |first| first.saturating_sub(count));
    let loose = loose.into_iter().zip(start..);
    loose
        .chain(numbered.into_iter().map(|link| (link.seq.unwrap_or_default(), link)).map(|(seq, link)| (link, seq)))
        .collect()
}

/// Links so that each stands after the one that it names, as far as that one is there.
fn by_name(links: Vec<ChainLink>) -> Vec<ChainLink> {
    let hashes: BTreeSet<String> = links.iter().map(|link| link.hash.clone()).collect();
    let mut starts = Vec::new();
    let mut after: BTreeMap<String, Vec<ChainLink>> = BTreeMap::new();
    for link in links {
        if hashes.contains(&link.previous) {
            after.entry(link.previous.clone()).or_default().push(link);
        } else {
            starts.push(link);
        }
    }
    let mut ordered = Vec::new();
    for start in starts {
        let mut next = Some(start);
        while let Some(link) = next {
            next = after.get_mut(&link.hash).and_then(Vec::pop);
            ordered.push(link);
        }
    }
    // Two that name the same one, or a ring: what is left comes last and does not follow.
    ordered.extend(after.into_values().flatten());
    ordered
}

/// Checks lines, numbered from 1.
#[must_use]
pub fn check<'a>(lines: impl IntoIterator<Item = &'a str>) -> VerificationReport {
    let mut checking = Checking::default();
    for (number, line) in (1..).zip(lines) {
        checking.line(number, line);
    }
    checking.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for number in 0..count {
            let previous = texts.last().map(|text| sha256_hex(text.as_bytes())).unwrap_or_default();
            texts.push(format!(r#"{{"number":{number},"previous":"{previous}"}}"#));
        }
        texts
    }

    fn checked(texts: &[String]) -> VerificationReport {
        check(texts.iter().map(String::as_str))
    }

    #[test]
    fn records_in_order_are_a_chain_whole_and_from_the_middle() {
        let texts = texts(5);
        let whole = checked(&texts);
        assert!(whole.is_whole(), "{whole:?}");
        let part = checked(&texts[2..]);
        assert!(part.is_whole());
        assert_eq!(part.chains[""].head, whole.chains[""].head);
        assert_eq!(part.chains[""].starts_after, sha256_hex(texts[1].as_bytes()));
        assert_eq!(checked(&[]), VerificationReport::default());
    }

    #[test]
    fn a_changed_a_missing_and_a_swapped_record_break_it() {
        let good = texts(5);
        let mut changed = good.clone();
        changed[2] = changed[2].replace("\"number\":2", "\"number\":7");
        let mut missing = good.clone();
        missing.remove(2);
        let mut swapped = good;
        swapped.swap(1, 2);
        for (texts, number) in [(changed, 4), (missing, 3), (swapped, 2)] {
            let Some(VerificationFinding::BrokenChain { line, .. }) = checked(&texts).findings.into_iter().next()
            else {
                panic!("not found")
            };
            assert_eq!(line, number);
        }
    }

    #[test]
    fn what_is_no_record_is_named() {
        for text in ["{}", "no json", "[]", "7", r#"{"shard":"shard-00"}"#, r#"{"shard":null,"previous":""}"#] {
            let found = check([text, r#"{"rows":1}"#]).findings;
            assert_eq!(found, [VerificationFinding::UnreadableRecord { line: 1 }], "{text}");
        }
    }

    #[test]
    fn older_records_without_a_number_are_ordered_by_what_they_name() {
        let texts = texts(4);
        let hash = |index: usize| sha256_hex(texts[index].as_bytes());
        let line = |index: usize| {
            serde_json::json!({"shard": "shard-00", "seq": null, "hash": null, "previous": null, "record": texts[index]})
                .to_string()
        };
        let end = |rows: usize| serde_json::json!({"rows": rows}).to_string();
        let lines = [line(2), line(0), line(3), line(1), end(4)];
        let report = checked(&lines);
        assert!(report.is_whole(), "{report:?}");
        assert_eq!(report.chains["shard-00"].head, hash(3));
        let report = checked(&[line(2), line(0), line(3), end(3)]);
        assert_eq!(report.findings[0].code(), "broken_chain");
    }
}
