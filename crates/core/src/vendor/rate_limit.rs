//! How often a vendor may be called and what it may cost in a day, and the vendor's token.
//!
//! One limiter per vendor account or provider, held by one object, so that no two callers can pass together. What was let
//! through is remembered call by call for as long as the longest window, so that *no* window of that length ever has more
//! calls than the vendor allows, wherever it begins: a bucket that refills would let twice as many through around its edge.

use crate::enrichment::provider::VendorToken;
use crate::rubric::file::LimitFile;
use crate::time::Timestamp;
use crate::vendor::daily_usage::{DailyCap, DailyUsage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A limit of a vendor: at most `max` calls in any window of `window_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// What is counted together: `all`, `search`, a channel.
    pub name: String,
    /// Length of the window, in milliseconds.
    pub window_ms: u32,
    /// Most calls in it, at least 1.
    pub max: u32,
}

/// Asks to make one call, which counts in every one of these buckets and, with a cap, in the usage of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcquireRequest {
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// What the day allows; `None` counts no day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<DailyCap>,
    /// Now.
    pub now: Timestamp,
}

impl AcquireRequest {
    /// One call to a vendor.
    #[must_use]
    pub fn new(buckets: &[Bucket], now: Timestamp) -> Self {
        Self { buckets: buckets.to_vec(), daily: None, now }
    }

    /// One call to a provider, within the limits that the rubric sets for it.
    #[must_use]
    pub fn of_provider(limit: &LimitFile, cost_usd_micros: u32, now: Timestamp) -> Self {
        let second = |max| Bucket { name: "second".to_owned(), window_ms: 1_000, max };
        let usd_micros_max = limit.usd_per_day.map(|usd| u64::from(usd).saturating_mul(1_000_000));
        Self {
            buckets: limit.calls_per_second.map(second).into_iter().collect(),
            daily: Some(DailyCap { calls_max: limit.calls_per_day, usd_micros_max, cost_usd_micros }),
            now,
        }
    }
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
    /// Nothing is counted: the calls or the money of the day are used up.
    DailyCapReached,
}

/// Says that a call that was counted cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The price that was counted, in millionths of a US dollar.
    pub cost_usd_micros: u32,
    /// When it was counted.
    pub at: Timestamp,
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

/// A token as the limiter keeps it.
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

/// What a limiter remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LimiterState {
    /// Timestamps of the calls of each bucket in milliseconds, the oldest first, no longer than the bucket's window.
    #[serde(default)]
    calls: BTreeMap<String, Vec<i64>>,
    /// No call passes a bucket before this timestamp: the vendor said so.
    #[serde(default)]
    blocked: BTreeMap<String, Timestamp>,
    /// What was called in the last day for which a cap was given.
    #[serde(default)]
    today: DailyUsage,
    #[serde(default)]
    token: Option<KeptToken>,
    #[serde(default)]
    fetching_until: Option<Timestamp>,
}

impl LimiterState {
    /// Lets one call through every bucket, or says how long to wait. The cap of the day goes first. A clock that goes backwards lets nobody through
    /// earlier: a call counts until its window has passed after the latest timestamp seen.
    pub fn acquire(&mut self, request: &AcquireRequest) -> AcquireResponse {
        let AcquireRequest { buckets, daily, now } = request;
        if daily.is_some_and(|cap| !self.today.has_room(&cap, *now)) {
            return AcquireResponse::DailyCapReached;
        }
        let now_ms = now.as_ms();
        let mut wait_ms = 0_i64;
        for bucket in buckets {
            let calls = self.calls.entry(bucket.name.clone()).or_default();
            let window = i64::from(bucket.window_ms);
            calls.retain(|at| now_ms.saturating_sub(*at) < window);
            let max = usize::try_from(bucket.max.max(1)).unwrap_or(usize::MAX);
            if let Some(first) = calls.len().checked_sub(max).and_then(|place| calls.get(place)) {
                wait_ms = wait_ms.max(window.saturating_sub(now_ms.saturating_sub(*first)));
            }
            if let Some(until) = self.blocked.get(&bucket.name) {
                wait_ms = wait_ms.max(until.ms_since(*now));
            }
        }
        if wait_ms > 0 {
            return AcquireResponse::Wait { ms: u32::try_from(wait_ms).unwrap_or(u32::MAX) };
        }
        self.blocked.retain(|_, until| until.ms_since(*now) > 0);
        for bucket in buckets {
            let calls = self.calls.entry(bucket.name.clone()).or_default();
            let at_ms = calls.last().map_or(now_ms, |last| now_ms.max(*last));
            calls.push(at_ms);
        }
        if let Some(cap) = daily {
            self.today.count(cap, *now);
        }
        // A bucket that is used no more, such as a channel that is gone, leaves nothing behind.
        self.calls.retain(|_, calls| calls.last().is_some_and(|last| now_ms.saturating_sub(*last) < BUCKET_KEPT_MS));
        AcquireResponse::Go
    }

    /// Blocks a bucket, because the vendor said that it is full. A shorter block does not end a longer one.
    pub fn block_until(&mut self, bucket: &str, until: Timestamp) {
        let blocked = self.blocked.entry(bucket.to_owned()).or_insert(until);
        *blocked = (*blocked).max(until);
    }

    /// Gives back the price of a call that cost nothing.
    pub fn refund(&mut self, refund: &RefundRequest) {
        self.today.refund(refund.cost_usd_micros, refund.at);
    }

    /// What was called on the day of `now`, and its price.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> DailyUsage {
        self.today.on(now)
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

/// How long the calls of a bucket are kept when nobody passes it, in milliseconds: longer than every window of a vendor.
const BUCKET_KEPT_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str, window_ms: u32, max: u32) -> Bucket {
        Bucket { name: name.to_owned(), window_ms, max }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms.saturating_add(1_000_000))
    }

    fn acquire(limiter: &mut LimiterState, buckets: &[Bucket], now: i64) -> AcquireResponse {
        limiter.acquire(&AcquireRequest::new(buckets, at(now)))
    }

    #[test]
    fn no_window_wherever_it_begins_has_more_calls_than_the_limit() {
        let buckets = [bucket("search", 1_000, 5), bucket("all", 10_000, 30)];
        let mut limiter = LimiterState::default();
        let (mut now, mut went) = (0, Vec::new());
        while went.len() < 200 {
            match acquire(&mut limiter, &buckets, now) {
                AcquireResponse::Go => went.push(now),
                AcquireResponse::Wait { ms } => now += i64::from(ms),
                AcquireResponse::DailyCapReached => panic!("no cap was given"),
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
    fn a_call_that_waits_counts_in_no_bucket() {
        let mut limiter = LimiterState::default();
        let (narrow, wide) = (bucket("narrow", 1_000, 1), bucket("wide", 1_000, 2));
        assert_eq!(acquire(&mut limiter, std::slice::from_ref(&narrow), 0), AcquireResponse::Go);
        assert_eq!(acquire(&mut limiter, &[narrow, wide.clone()], 0), AcquireResponse::Wait { ms: 1_000 });
        assert_eq!(acquire(&mut limiter, std::slice::from_ref(&wide), 0), AcquireResponse::Go);
        assert_eq!(acquire(&mut limiter, &[wide], 0), AcquireResponse::Go);
    }

    #[test]
    fn a_blocked_bucket_lets_nobody_through_and_a_shorter_block_does_not_end_it() {
        let mut limiter = LimiterState::default();
        let all = [bucket("all", 1_000, 9)];
        limiter.block_until("all", at(5_000));
        limiter.block_until("all", at(2_000));
        assert_eq!(acquire(&mut limiter, &all, 1_000), AcquireResponse::Wait { ms: 4_000 });
        assert_eq!(acquire(&mut limiter, &all, 5_000), AcquireResponse::Go);
    }

    #[test]
    fn a_clock_that_goes_backwards_gives_nothing_away() {
        let mut limiter = LimiterState::default();
        let all = [bucket("all", 1_000, 1)];
        assert_eq!(acquire(&mut limiter, &all, 10_000), AcquireResponse::Go);
        assert_eq!(acquire(&mut limiter, &all, 0), AcquireResponse::Wait { ms: 11_000 });
    }

    #[test]
    fn a_provider_is_called_as_often_as_the_second_and_the_day_allow() {
        let limit = LimitFile { calls_per_second: Some(5), calls_per_day: Some(7), usd_per_day: Some(1) };
        let mut limiter = LimiterState::default();
        let mut ask = |now| limiter.acquire(&AcquireRequest::of_provider(&limit, 100_000, at(now)));
        for _ in 0..5 {
            assert_eq!(ask(0), AcquireResponse::Go);
        }
        assert_eq!(ask(300), AcquireResponse::Wait { ms: 700 });
        assert_eq!(ask(1_000), AcquireResponse::Go);
        assert_eq!(ask(1_000), AcquireResponse::Go);
        assert_eq!(ask(2_000), AcquireResponse::DailyCapReached, "seven calls, of which the one that waited is none");
        let usage = limiter.today(at(2_000));
        assert_eq!((usage.calls, usage.cost_usd_micros), (7, 700_000));
        limiter.refund(&RefundRequest { cost_usd_micros: 100_000, at: at(1_000) });
        assert_eq!(limiter.today(at(2_000)).cost_usd_micros, 600_000);
    }

    #[test]
    fn one_caller_fetches_a_token_and_a_refused_one_is_fetched_again() {
        let mut limiter = LimiterState::default();
        let ask = |refused: Option<&str>, now| TokenRequest { refused: refused.map(str::to_owned), now: at(now) };
        let token =
            |value: &str| Some(KeptToken { value: value.to_owned(), until: at(600_000), base_url: String::new() });
        let uses = |value: &str| TokenResponse::Use { value: value.to_owned(), base_url: String::new() };
        assert_eq!(limiter.token(&ask(None, 0)), TokenResponse::Fetch);
        assert_eq!(limiter.token(&ask(None, 1)), TokenResponse::Wait { ms: 100 });
        limiter.put_token(None);
        assert_eq!(limiter.token(&ask(None, 2)), TokenResponse::Fetch);
        assert_eq!(limiter.token(&ask(None, 2 + LEASE_MS)), TokenResponse::Fetch, "whoever fetched it died");
        limiter.put_token(token("one"));
        assert_eq!(limiter.token(&ask(None, 3)), uses("one"));
        assert_eq!(limiter.token(&ask(Some("zero"), 3)), uses("one"), "another one was refused");
        assert_eq!(limiter.token(&ask(Some("one"), 3)), TokenResponse::Fetch);
        limiter.put_token(token("two"));
        assert_eq!(limiter.token(&ask(Some("one"), 3)), uses("two"));
        assert_eq!(limiter.token(&ask(None, 540_000)), TokenResponse::Fetch, "renewed a minute before its end");
    }
}
