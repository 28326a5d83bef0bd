//! What an account shard still has to deliver: when each record is sent, and when it may be forgotten.
//!
//! A record leaves the outbox when the consumer has confirmed that the ledger holds it, one by one and never by range, so a
//! send that failed or hangs is not taken for done because a later one succeeded. Records are in one of three states: due
//! (to be sent at a moment), in a send that is under way, or sent and waiting for the confirmation, after which they are due
//! again: a message that the queue lost is sent once more. One send is under way at a time.
//!
//! All of this is memory: a new instance starts from the table, and sends what is there. Sending again changes nothing.

use lead_router_core::time::{HOUR_MS, MINUTE_MS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Pause after the first send that failed, in milliseconds; it doubles with every further one.
const FAILED_PAUSE_MS: i64 = 2_000;
/// Longest pause after a send that failed, in milliseconds.
const FAILED_PAUSE_MS_MAX: i64 = 5 * MINUTE_MS;
/// How long a confirmation is waited for after the first send, in milliseconds; it doubles with every further one. Longer
/// than a ledger that is in good health needs, so that nothing is sent twice for no reason.
const CONFIRM_MS: i64 = 5 * MINUTE_MS;
/// Longest wait for a confirmation, in milliseconds. The queue itself tries a message for longer than a day.
const CONFIRM_MS_MAX: i64 = 6 * HOUR_MS;
/// How long a send may be under way before the next one begins, in milliseconds.
pub const SEND_MS_MAX: i64 = 30_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    due: Timestamp,
    failures: u32,
    sends: u32,
}

/// The outbox of one account shard, as its memory has it.
#[derive(Debug, Default)]
pub struct Outbox {
    unconfirmed: BTreeMap<u64, Entry>,
    /// Confirmed, and not deleted yet: the last record stays in the table, because it carries the head of the chain.
    confirmed: BTreeSet<u64>,
    last: u64,
    sending_until: Option<Timestamp>,
}

/// How far an outbox is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Backlog {
    /// Records that the ledger has not confirmed.
    pub unconfirmed: u32,
    /// Most times one of them was sent.
    pub sends_max: u32,
}

impl Outbox {
    /// Number of the last record that is known here; 0 before the first. Records after it are read from the table.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Takes over the numbers of records that are in the table and not known here, in any order. They are due at once.
    pub fn add(&mut self, seqs: &[u64], now: Timestamp) {
        for seq in seqs.iter().filter(|seq| !self.confirmed.contains(seq)) {
            self.unconfirmed.entry(*seq).or_insert(Entry { due: now, failures: 0, sends: 0 });
            self.last = self.last.max(*seq);
        }
    }

    /// The records to send now, in order, at most `max`; from here on they are in a send under way, which [`Self::sent`] or
    /// [`Self::failed`] ends. Empty while another send is under way.
    pub fn begin(&mut self, now: Timestamp, max: usize) -> Vec<u64> {
        if self.sending_until.is_some_and(|until| until > now && until.ms_since(now) <= SEND_MS_MAX) {
            return Vec::new();
        }
        let due = self.unconfirmed.iter().filter(|(_, entry)| entry.due <= now);
        let seqs: Vec<u64> = due.map(|(seq, _)| *seq).take(max).collect();
        self.sending_until = (!seqs.is_empty()).then(|| now.plus_ms(SEND_MS_MAX));
        seqs
    }

    /// Ends a send that succeeded: the queue has the records.
    pub fn sent(&mut self, seqs: &[u64], now: Timestamp) {
        self.sending_until = None;
        for seq in seqs {
            let Some(entry) = self.unconfirmed.get_mut(seq) else { continue };
            entry.due = now.plus_ms(doubled(CONFIRM_MS, entry.sends, CONFIRM_MS_MAX));
            entry.sends = entry.sends.saturating_add(1);
            entry.failures = 0;
        }
    }

    /// Ends a send that failed, or of which nobody knows.
    pub fn failed(&mut self, seqs: &[u64], now: Timestamp) {
        self.sending_until = None;
        for seq in seqs {
            let Some(entry) = self.unconfirmed.get_mut(seq) else { continue };
            entry.due = now.plus_ms(doubled(FAILED_PAUSE_MS, entry.failures, FAILED_PAUSE_MS_MAX));
            entry.failures = entry.failures.saturating_add(1);
        }
    }

    /// The rows that may be deleted once these records are confirmed: each by its number, and never the last one. Nothing
    /// changes here before [`Self::confirmed`] says that they are deleted.
    #[must_use]
    pub fn deletable(&self, seqs: &[u64]) -> Vec<u64> {
        self.ended(seqs).into_iter().filter(|seq| *seq < self.last).collect()
    }

    /// Every record in the table that is confirmed once these are: what its row says about a person can go.
    #[must_use]
    pub fn ended(&self, seqs: &[u64]) -> Vec<u64> {
        let known = seqs.iter().filter(|seq| **seq <= self.last).chain(&self.confirmed);
        known.copied().collect::<BTreeSet<u64>>().into_iter().collect()
    }

    /// Says that these records are confirmed, and that `deleted` are gone from the table.
    pub fn confirmed(&mut self, seqs: &[u64], deleted: &[u64]) {
        for seq in seqs.iter().filter(|seq| **seq <= self.last) {
            self.unconfirmed.remove(seq);
            self.confirmed.insert(*seq);
        }
        for seq in deleted {
            self.confirmed.remove(seq);
        }
    }

    /// When there is something to do next: a record becomes due, or a send under way has taken too long. `None` when every
    /// record is confirmed.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = self.unconfirmed.values().map(|entry| entry.due).min()?;
        Some(self.sending_until.map_or(due, |until| due.max(until)))
    }

    /// How far it is behind.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        Backlog {
            unconfirmed: u32::try_from(self.unconfirmed.len()).unwrap_or(u32::MAX),
            sends_max: self.unconfirmed.values().map(|entry| entry.sends).max().unwrap_or(0),
        }
    }
}

/// A pause that doubles with every time before, up to a longest one.
fn doubled(pause_ms: i64, times: u32, pause_ms_max: i64) -> i64 {
    pause_ms.saturating_mul(1_i64.checked_shl(times.min(32)).unwrap_or(i64::MAX)).min(pause_ms_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms.saturating_add(1_000_000_000_000))
    }

    fn outbox(seqs: &[u64]) -> Outbox {
        let mut outbox = Outbox::default();
        outbox.add(seqs, at(0));
        outbox
    }

    #[test]
    fn a_send_that_fails_is_not_done_because_a_later_one_succeeds() {
        let mut outbox = outbox(&[1]);
        assert_eq!(outbox.begin(at(0), 100), [1]);
        outbox.failed(&[1], at(1));
        outbox.add(&[2], at(2));
        assert_eq!(outbox.begin(at(2), 100), [2]);
        outbox.sent(&[2], at(3));
        outbox.confirmed(&[2], &outbox.deletable(&[2]));
        assert_eq!(outbox.deletable(&[2]), [0_u64; 0], "1 is not deleted with 2");
        assert_eq!(outbox.next_due(), Some(at(1 + FAILED_PAUSE_MS)));
        assert_eq!(outbox.begin(at(1 + FAILED_PAUSE_MS), 100), [1]);
    }

    #[test]
    fn a_send_that_hangs_is_begun_again_and_holds_up_others_for_half_a_minute_at_most() {
        let mut outbox = outbox(&[1]);
        assert_eq!(outbox.begin(at(0), 100), [1]);
        outbox.add(&[2], at(5));
        assert_eq!(outbox.begin(at(SEND_MS_MAX - 1), 100), [0_u64; 0], "one send at a time");
        assert_eq!(outbox.next_due(), Some(at(SEND_MS_MAX)));
        assert_eq!(outbox.begin(at(SEND_MS_MAX), 100), [1, 2]);
    }

    #[test]
    fn what_is_not_confirmed_is_sent_again_with_growing_pauses() {
        let mut outbox = outbox(&[7]);
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            assert_eq!(outbox.begin(at(now), 100), [7]);
            outbox.sent(&[7], at(now));
            let due = outbox.next_due().unwrap();
            pauses.push(due.ms_since(at(now)) / MINUTE_MS);
            now = due.ms_since(at(0));
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        assert_eq!(outbox.backlog(), Backlog { unconfirmed: 1, sends_max: 9 });
        outbox.confirmed(&[7], &outbox.deletable(&[7]));
        assert_eq!((outbox.next_due(), outbox.backlog().unconfirmed), (None, 0));
    }

    #[test]
    fn the_last_record_stays_in_the_table_until_there_is_a_later_one() {
        let mut outbox = outbox(&[1, 2]);
        assert_eq!(outbox.deletable(&[1, 2]), [1]);
        outbox.confirmed(&[1, 2], &[1]);
        outbox.add(&[3], at(9));
        assert_eq!(outbox.deletable(&[]), [2]);
        assert_eq!(outbox.deletable(&[3]), [2]);
        outbox.confirmed(&[3], &[2]);
        assert_eq!(outbox.deletable(&[]), [0_u64; 0]);
    }

    #[test]
    fn a_confirmation_of_a_record_that_is_not_known_here_deletes_nothing() {
        let mut outbox = outbox(&[1]);
        assert_eq!(outbox.deletable(&[5]), [0_u64; 0]);
        outbox.confirmed(&[5], &[]);
        outbox.add(&[2, 5], at(1));
        assert_eq!(outbox.begin(at(1), 100), [1, 2, 5]);
    }

    #[test]
    fn a_batch_takes_the_oldest_first_and_no_more_than_fit() {
        let mut outbox = outbox(&[3, 1, 2]);
        assert_eq!(outbox.begin(at(0), 2), [1, 2]);
        outbox.sent(&[1, 2], at(0));
        assert_eq!(outbox.begin(at(0), 2), [3]);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_stop_the_outbox() {
        let mut outbox = outbox(&[1]);
        assert_eq!(outbox.begin(at(0), 100), [1]);
        outbox.add(&[2], at(-3_600_000));
        assert_eq!(outbox.begin(at(-3_600_000), 100), [2], "the send of an hour ahead counts no more");
    }

    /// Every order of these happenings ends with every record confirmed, and none is deleted before it was.
    #[test]
    fn no_order_of_sends_failures_and_confirmations_loses_a_record() {
        for mut code in 0..4_u32.pow(7) {
            let mut outbox = Outbox::default();
            let (mut table, mut ledger) = (BTreeSet::new(), BTreeSet::new());
            let (mut seq, mut now) = (0, 0);
            let mut step = |outbox: &mut Outbox, what: u32, table: &mut BTreeSet<u64>, ledger: &mut BTreeSet<u64>| {
                now += 1_000;
                match what {
                    0 => {
                        seq += 1;
                        table.insert(seq);
                        outbox.add(&[seq], at(now));
                    }
                    // A send whose message is delivered and confirmed.
                    1 => {
                        let seqs = outbox.begin(at(now), 2);
                        outbox.sent(&seqs, at(now));
                        ledger.extend(&seqs);
                        let gone = outbox.deletable(&seqs);
                        assert!(gone.iter().all(|seq| ledger.contains(seq)), "deleted before it was in the ledger");
                        table.retain(|seq| !gone.contains(seq));
                        outbox.confirmed(&seqs, &gone);
                    }
                    2 => {
                        let seqs = outbox.begin(at(now), 2);
                        outbox.failed(&seqs, at(now));
                    }
                    // The instance dies with a send under way, and another starts from the table.
                    _ => {
                        outbox.begin(at(now), 2);
                        *outbox = Outbox::default();
                        outbox.add(&table.iter().copied().collect::<Vec<_>>(), at(now));
                    }
                }
            };
            for _ in 0..7 {
                step(&mut outbox, code % 4, &mut table, &mut ledger);
                code /= 4;
            }
            for _ in 0..400 {
                if outbox.next_due().is_none() {
                    break;
                }
                step(&mut outbox, 1, &mut table, &mut ledger);
            }
            assert_eq!(outbox.next_due(), None);
            assert_eq!(ledger, (1..=ledger.len() as u64).collect());
            assert!(table.len() <= 1, "only the head of the chain stays: {table:?}");
        }
    }
}
