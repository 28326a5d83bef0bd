//! Whether a provider is asked at all: after faults in a row it is left alone for a while, then tried with one call.

use crate::time::Timestamp;

/// Faults in a row after which a provider is left alone.
pub const FAULTS_TO_OPEN: u32 = 5;
/// First pause, in milliseconds; each further one without a success between is twice as long.
pub const PAUSE_MS: i64 = 30_000;
/// Longest pause, in milliseconds.
pub const PAUSE_MS_MAX: i64 = 300_000;
/// Pause after a provider asks for one without saying for how long, in milliseconds.
pub const BUSY_MS: i64 = 5_000;

/// How a call ended, as far as the next one is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The provider answered, whether it knew something or not.
    Answered,
    /// No usable answer: a time-out, a fault of the provider, no connection.
    Fault,
    /// The provider asks to be left alone, for this long when it says so, in milliseconds.
    Busy(Option<u32>),
    /// No call was made after all.
    Unasked,
    /// The key is refused or nothing is left of the credit: until an operator acts, every call ends so.
    Refused,
}

/// The breaker of one provider. A new one lets calls through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    faults: u32,
    pauses: u32,
    until: Option<Timestamp>,
    /// Since when one call tries whether the provider is back.
    trying: Option<Timestamp>,
}

impl Breaker {
    /// Whether a call may be made now. After a pause one call may, and others wait for its end; when that never comes,
    /// for another pause.
    pub fn admits(&mut self, now: Timestamp) -> bool {
        let Some(until) = self.until else { return true };
        let is_tried = self.trying.is_some_and(|since| now.ms_since(since) < PAUSE_MS);
        if now < until || is_tried {
            return false;
        }
        self.trying = Some(now);
        true
    }

    /// Whether the call that was let through tries whether the provider is back.
    #[must_use]
    pub const fn is_trying(&self) -> bool {
        self.trying.is_some()
    }

    /// Until when no call is made; `None` when calls go through.
    #[must_use]
    pub const fn open_until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Notes how a call ended.
    pub fn note(&mut self, ending: Ending, now: Timestamp) {
        // The try that was not made is left for the next.
        let was_trying = self.trying.take().is_some();
        match ending {
            Ending::Unasked => {}
            Ending::Answered => *self = Self::default(),
            Ending::Busy(after_ms) => {
                let pause_ms = after_ms.map_or(BUSY_MS, i64::from).clamp(0, PAUSE_MS_MAX);
                self.until = self.until.max(Some(now.plus_ms(pause_ms)));
            }
            Ending::Refused => self.until = Some(now.plus_ms(PAUSE_MS_MAX)),
            Ending::Fault => {
                self.faults = self.faults.saturating_add(1);
                if was_trying || self.faults >= FAULTS_TO_OPEN {
                    let pause_ms = PAUSE_MS.saturating_mul(1_i64.checked_shl(self.pauses.min(8)).unwrap_or(1));
                    self.until = Some(now.plus_ms(pause_ms.min(PAUSE_MS_MAX)));
                    self.pauses = self.pauses.saturating_add(1);
                    self.faults = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        (0..FAULTS_TO_OPEN).for_each(|_| breaker.note(Ending::Fault, at(0)));
        breaker
    }

    #[test]
    fn the_last_fault_opens_it_and_the_one_before_does_not() {
        let mut breaker = Breaker::default();
        (1..FAULTS_TO_OPEN).for_each(|_| breaker.note(Ending::Fault, at(0)));
        assert!(breaker.admits(at(0)));
        breaker.note(Ending::Fault, at(0));
        assert!(!breaker.admits(at(PAUSE_MS - 1)));
    }

    #[test]
    fn an_answer_between_faults_starts_the_count_again() {
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            (1..FAULTS_TO_OPEN).for_each(|_| breaker.note(Ending::Fault, at(0)));
            breaker.note(Ending::Answered, at(0));
        }
        assert!(breaker.admits(at(0)));
    }

    #[test]
    fn after_the_pause_one_call_tries_and_its_answer_opens_the_way() {
        let mut breaker = opened();
        assert!(breaker.admits(at(PAUSE_MS)));
        assert!(!breaker.admits(at(PAUSE_MS)), "one call at a time");
        breaker.note(Ending::Answered, at(PAUSE_MS + 100));
        assert!(breaker.admits(at(PAUSE_MS + 100)) && breaker.admits(at(PAUSE_MS + 100)));
    }

    #[test]
    fn a_try_that_fails_doubles_the_pause_up_to_the_longest() {
        let mut breaker = opened();
        let mut now = PAUSE_MS;
        let mut pauses = Vec::new();
        for _ in 0..6 {
            assert!(breaker.admits(at(now)));
            breaker.note(Ending::Fault, at(now));
            let until = breaker.open_until().unwrap().as_ms();
            pauses.push((until - now) / 1_000);
            now = until;
        }
        assert_eq!(pauses, vec![60, 120, 240, 300, 300, 300]);
    }

    #[test]
    fn a_try_whose_end_is_never_heard_of_does_not_close_it_for_ever() {
        let mut breaker = opened();
        assert!(breaker.admits(at(PAUSE_MS)));
        assert!(!breaker.admits(at(2 * PAUSE_MS - 1)));
        assert!(breaker.admits(at(2 * PAUSE_MS)));
    }

    #[test]
    fn a_busy_provider_is_left_alone_for_as_long_as_it_asks() {
        let mut breaker = Breaker::default();
        breaker.note(Ending::Busy(Some(2_000)), at(0));
        assert!(!breaker.admits(at(1_999)));
        assert!(breaker.admits(at(2_000)));
        breaker.note(Ending::Busy(None), at(2_000));
        assert!(!breaker.admits(at(2_000 + BUSY_MS - 1)));
    }

    #[test]
    fn a_refused_key_waits_for_the_operator() {
        let mut breaker = Breaker::default();
        breaker.note(Ending::Refused, at(0));
        assert!(!breaker.admits(at(PAUSE_MS_MAX - 1)));
        assert!(breaker.admits(at(PAUSE_MS_MAX)));
    }
}
