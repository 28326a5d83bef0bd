//! The gate before a vendor: how often it may be called, and the token that opens it.
//!
//! One gate per vendor account, held by one object, so that no two callers can pass together. What was let through is
//! remembered call by call for as long as the longest window, so that *no* window of that length ever has more calls than
//! the vendor allows, wherever it begins: a bucket that refills would let twice as many through around its edge.

use crate::enrichment::provider::VendorToken;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A limit of a vendor: at most `max` calls in any span of `window_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// What is counted together: `all`, `search`, a channel.
    pub name: String,
    /// Length of the span, in milliseconds.
    pub window_ms: u32,
    /// Most calls in it, at least 1.
    pub max: u32,
}

/// Asks to make one call, which counts in every one of these lanes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcquireRequest {
    /// The lanes.
    pub lanes: Vec<Bucket>,
    /// Now.
    pub now: Timestamp,
}

/// Answer to [`AcquireRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum AcquireResponse {
    /// The call is counted and may be made at once.
    Go,
    /// Nothing is counted: ask again after so many milliseconds, at least 1.
    Wait {
        /// Milliseconds.
        ms: u32,
    },
}

/// Asks for the token of the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// A token that the vendor has just refused: it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// Answer to [`TokenRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum TokenResponse {
    /// Use this one.
    Use {
        /// The token.
        value: String,
        /// What came with it: the address of the account, where the vendor names one.
        #[serde(default)]
        base_url: String,
    },
    /// You fetch a new one and put it; nobody else does for [`LEASE_MS`].
    Fetch,
    /// Somebody else is fetching one: ask again after so many milliseconds.
    Wait {
        /// Milliseconds.
        ms: u32,
    },
}

/// How long one caller alone may fetch a token, in milliseconds: a fetch takes less, and one that died is replaced.
pub const LEASE_MS: i64 = 10_000;
/// How soon a caller asks again while another fetches a token, in milliseconds.
const ASK_AGAIN_MS: u32 = 100;

/// A token as the gate keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptToken {
    /// The token.
    pub value: String,
    /// When it ends.
    pub until: Timestamp,
    /// What came with it.
    #[serde(default)]
    pub base_url: String,
}

/// What a gate remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RateLimiter {
    /// Moments of the calls of each lane in milliseconds, the oldest first, no longer than the lane's window.
    #[serde(default)]
    lanes: BTreeMap<String, Vec<i64>>,
    /// Nobody passes a lane before this moment: the vendor said so.
    #[serde(default)]
    held: BTreeMap<String, Timestamp>,
    #[serde(default)]
    token: Option<KeptToken>,
    #[serde(default)]
    fetching_until: Option<Timestamp>,
}

impl RateLimiter {
    /// Lets one call through every lane, or says how long to wait. A clock that goes backwards lets nobody through
    /// earlier: a call counts until its window has passed after the latest moment seen.
    pub fn pass(&mut self, pass: &AcquireRequest) -> AcquireResponse {
        let now_ms = pass.now.as_ms();
        let mut wait_ms = 0_i64;
        for lane in &pass.lanes {
            let calls = self.lanes.entry(lane.name.clone()).or_default();
            let window = i64::from(lane.window_ms);
            calls.retain(|at| now_ms.saturating_sub(*at) < window);
            let max = usize::try_from(lane.max.max(1)).unwrap_or(usize::MAX);
            if let Some(first) = calls.len().checked_sub(max).and_then(|place| calls.get(place)) {
                wait_ms = wait_ms.max(window.saturating_sub(now_ms.saturating_sub(*first)));
            }
            if let Some(until) = self.held.get(&lane.name) {
                wait_ms = wait_ms.max(until.ms_since(pass.now));
            }
        }
        if wait_ms > 0 {
            return AcquireResponse::Wait { ms: u32::try_from(wait_ms).unwrap_or(u32::MAX) };
        }
        self.held.retain(|_, until| until.ms_since(pass.now) > 0);
        for lane in &pass.lanes {
            let calls = self.lanes.entry(lane.name.clone()).or_default();
            let at_ms = calls.last().map_or(now_ms, |last| now_ms.max(*last));
            calls.push(at_ms);
        }
        // A lane that is used no more, such as a channel that is gone, leaves nothing behind.
        self.lanes.retain(|_, calls| calls.last().is_some_and(|last| now_ms.saturating_sub(*last) < LANE_KEPT_MS));
        AcquireResponse::Go
    }

    /// Closes a lane until a moment, because the vendor said that it is full. A shorter hold does not end a longer one.
    pub fn hold(&mut self, lane: &str, until: Timestamp) {
        let held = self.held.entry(lane.to_owned()).or_insert(until);
        *held = (*held).max(until);
    }

    /// The token, or who fetches one.
    pub fn token(&mut self, ask: &TokenRequest) -> TokenResponse {
        let is_refused = |token: &KeptToken| ask.refused.as_ref().is_some_and(|refused| *refused == token.value);
        self.token = self.token.take().filter(|token| !is_refused(token));
        let good = |token: &&KeptToken| VendorToken { value: String::new(), until: token.until }.is_good(ask.now);
        if let Some(token) = self.token.as_ref().filter(good) {
            return TokenResponse::Use { value: token.value.clone(), base_url: token.base_url.clone() };
        }
        match self.fetching_until {
            Some(until) if until > ask.now && until.ms_since(ask.now) <= LEASE_MS => {
                TokenResponse::Wait { ms: ASK_AGAIN_MS }
            }
            _ => {
                self.fetching_until = Some(ask.now.plus_ms(LEASE_MS));
                TokenResponse::Fetch
            }
        }
    }

    /// Keeps a token that was fetched; `None` when fetching it failed, so that another caller may try.
    pub fn put_token(&mut self, token: Option<KeptToken>) {
        self.fetching_until = None;
        if token.is_some() {
            self.token = token;
        }
    }
}

/// How long the calls of a lane are kept when nobody passes it, in milliseconds: longer than every window of a vendor.
const LANE_KEPT_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, window_ms: u32, max: u32) -> Bucket {
        Bucket { name: name.to_owned(), window_ms, max }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + ms)
    }

    fn pass(gate: &mut RateLimiter, lanes: &[Bucket], now: i64) -> AcquireResponse {
        gate.pass(&AcquireRequest { lanes: lanes.to_vec(), now: at(now) })
    }

    #[test]
    fn no_window_wherever_it_begins_has_more_calls_than_the_limit() {
        let lanes = [lane("search", 1_000, 5), lane("all", 10_000, 30)];
        let mut gate = RateLimiter::default();
        let (mut now, mut went) = (0, Vec::new());
        while went.len() < 200 {
            match pass(&mut gate, &lanes, now) {
                AcquireResponse::Go => went.push(now),
                AcquireResponse::Wait { ms } => now += i64::from(ms),
            }
        }
        for (window, max) in [(1_000, 5), (10_000, 30)] {
            for first in &went {
                let within = went.iter().filter(|at| **at >= *first && **at < *first + window).count();
                assert!(within <= max, "{within} calls in {window} ms from {first}");
            }
        }
        // Nothing is given away either: the last call comes when the longer limit lets it.
        assert_eq!(*went.last().unwrap(), 10_000 * (200 / 30) + 3_000);
    }

    #[test]
    fn a_call_that_waits_counts_in_no_lane() {
        let mut gate = RateLimiter::default();
        let (narrow, wide) = (lane("narrow", 1_000, 1), lane("wide", 1_000, 2));
        assert_eq!(pass(&mut gate, std::slice::from_ref(&narrow), 0), AcquireResponse::Go);
        assert_eq!(pass(&mut gate, &[narrow, wide.clone()], 0), AcquireResponse::Wait { ms: 1_000 });
        assert_eq!(pass(&mut gate, std::slice::from_ref(&wide), 0), AcquireResponse::Go);
        assert_eq!(pass(&mut gate, &[wide], 0), AcquireResponse::Go);
    }

    #[test]
    fn a_held_lane_lets_nobody_through_and_a_shorter_hold_does_not_end_it() {
        let mut gate = RateLimiter::default();
        let all = [lane("all", 1_000, 9)];
        gate.hold("all", at(5_000));
        gate.hold("all", at(2_000));
        assert_eq!(pass(&mut gate, &all, 1_000), AcquireResponse::Wait { ms: 4_000 });
        assert_eq!(pass(&mut gate, &all, 5_000), AcquireResponse::Go);
    }

    #[test]
    fn a_clock_that_goes_backwards_gives_nothing_away() {
        let mut gate = RateLimiter::default();
        let all = [lane("all", 1_000, 1)];
        assert_eq!(pass(&mut gate, &all, 10_000), AcquireResponse::Go);
        assert_eq!(pass(&mut gate, &all, 0), AcquireResponse::Wait { ms: 11_000 });
    }

    #[test]
    fn one_caller_fetches_a_token_and_a_refused_one_is_fetched_again() {
        let mut gate = RateLimiter::default();
        let ask = |refused: Option<&str>, now| TokenRequest { refused: refused.map(str::to_owned), now: at(now) };
        let token =
            |value: &str| Some(KeptToken { value: value.to_owned(), until: at(600_000), base_url: String::new() });
        let uses = |value: &str| TokenResponse::Use { value: value.to_owned(), base_url: String::new() };
        assert_eq!(gate.token(&ask(None, 0)), TokenResponse::Fetch);
        assert_eq!(gate.token(&ask(None, 1)), TokenResponse::Wait { ms: 100 });
        gate.put_token(None);
        assert_eq!(gate.token(&ask(None, 2)), TokenResponse::Fetch);
        assert_eq!(gate.token(&ask(None, 2 + LEASE_MS)), TokenResponse::Fetch, "whoever fetched it died");
        gate.put_token(token("one"));
        assert_eq!(gate.token(&ask(None, 3)), uses("one"));
        assert_eq!(gate.token(&ask(Some("zero"), 3)), uses("one"), "another one was refused");
        assert_eq!(gate.token(&ask(Some("one"), 3)), TokenResponse::Fetch);
        gate.put_token(token("two"));
        assert_eq!(gate.token(&ask(Some("one"), 3)), uses("two"));
        assert_eq!(gate.token(&ask(None, 540_000)), TokenResponse::Fetch, "renewed a minute before its end");
    }
}
