//! The world outside: vendors behind a network that loses, repeats and delays, in virtual time.

use crate::fakes::Vendor;
use crate::world::{at, sleep};
use lead_router_app::ports::rate_limits::RateLimits;
use lead_router_app::ports::{Clock, Http, HttpAnswer, HttpFailure, PortResult};
use lead_router_core::http::HttpRequest;
use lead_router_core::limits::PROVIDER_BODY_BYTES_MAX;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::{KeptToken, RefundRequest};
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, LimiterState, TokenRequest, TokenResponse};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the network does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It never arrives.
    LostBefore,
    /// It arrives and has its effect; the answer never does.
    LostAfter,
    /// It arrives twice; the second answer comes back.
    Twice,
    /// The vendor answers with this status and does nothing.
    Status(u16),
    /// It arrives, and the answer takes so many milliseconds.
    Slow(u32),
    /// It arrives only after the caller has given up, and has its effect then.
    Late,
}

pub const FAULTS: &[Fault] = &[
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::Twice,
    Fault::Status(500),
    Fault::Status(502),
    Fault::Status(503),
    Fault::Slow(5_000),
    Fault::Late,
];

/// The world outside.
pub struct Outside {
    pub now: Rc<Cell<Timestamp>>,
    pub settings: RefCell<BTreeMap<String, String>>,
    vendors: RefCell<Vec<(String, Box<dyn Vendor>)>>,
    limiters: RefCell<BTreeMap<String, LimiterState>>,
    /// The call with this number meets the fault; calls are counted from 0.
    pub faults: RefCell<BTreeMap<u32, Fault>>,
    pub calls: Cell<u32>,
    /// Every request that was sent, in order.
    pub sent: RefCell<Vec<HttpRequest>>,
    /// How long an answer takes, in milliseconds.
    pub latency_ms: Cell<u32>,
    late: RefCell<Vec<HttpRequest>>,
}

impl Outside {
    /// A world with vendors by the beginning of their addresses.
    pub fn new(vendors: Vec<(&str, Box<dyn Vendor>)>) -> Self {
        Self {
            now: Rc::new(Cell::new(at("2026-11-18T12:00:00Z"))),
            settings: RefCell::default(),
            vendors: RefCell::new(vendors.into_iter().map(|(base, vendor)| (base.to_owned(), vendor)).collect()),
            limiters: RefCell::default(),
            faults: RefCell::default(),
            calls: Cell::new(0),
            sent: RefCell::default(),
            latency_ms: Cell::new(50),
            late: RefCell::default(),
        }
    }

    pub fn set(&self, name: &str, value: &str) {
        self.settings.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// What a vendor holds.
    pub fn state(&self, base: &str) -> Value {
        let vendors = self.vendors.borrow();
        vendors.iter().find(|(own, _)| own == base).unwrap().1.state()
    }

    /// Changes what a vendor holds.
    pub fn change(&self, base: &str, change: &Value) {
        let mut vendors = self.vendors.borrow_mut();
        vendors.iter_mut().find(|(own, _)| own == base).unwrap().1.change(change);
    }

    pub fn wait(&self, ms: i64) {
        self.now.set(self.now.get().plus_ms(ms));
    }

    fn reach(&self, request: &HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let mut vendors = self.vendors.borrow_mut();
        let vendor = vendors.iter_mut().find(|(base, _)| request.url.starts_with(base.as_str()));
        let (_, vendor) = vendor.ok_or(HttpFailure::Unreachable)?;
        let reply = vendor.answer(request, self.now.get());
        let retry_after = reply.headers.iter().find(|(name, _)| *name == "retry-after");
        let retry_after_s = retry_after.and_then(|(_, value)| value.parse().ok());
        if reply.body.len() > PROVIDER_BODY_BYTES_MAX {
            return Err(HttpFailure::TooLarge);
        }
        Ok(HttpAnswer { status: reply.status, retry_after_s, body: reply.body.into_bytes() })
    }
}

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
    async fn pause(&self, ms: u32) {
        sleep(&self.now, ms).await;
    }
}

impl Http for Outside {
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure> {
        for late in self.late.take() {
            let _ = self.reach(&late);
        }
        let number = self.calls.replace(self.calls.get() + 1);
        self.sent.borrow_mut().push(request.clone());
        let fault = self.faults.borrow().get(&number).copied();
        let latency_ms = if let Some(Fault::Slow(ms)) = fault { ms } else { self.latency_ms.get() };
        match fault {
            Some(Fault::LostBefore) => {
                self.pause(timeout_ms).await;
                Err(HttpFailure::Timeout)
            }
            Some(Fault::LostAfter) => {
                let _ = self.reach(request);
                self.pause(timeout_ms).await;
                Err(HttpFailure::Timeout)
            }
            Some(Fault::Late) => {
                self.pause(timeout_ms).await;
                self.late.borrow_mut().push(request.clone());
                Err(HttpFailure::Timeout)
            }
            Some(Fault::Status(status)) => {
                self.pause(latency_ms).await;
                Ok(HttpAnswer { status, retry_after_s: None, body: b"<html>bad gateway</html>".to_vec() })
            }
            Some(Fault::Twice) => {
                let _ = self.reach(request);
                self.pause(latency_ms).await;
                self.reach(request)
            }
            Some(Fault::Slow(_)) | None => {
                let answer = self.reach(request);
                self.pause(latency_ms.min(timeout_ms)).await;
                if latency_ms > timeout_ms { Err(HttpFailure::Timeout) } else { answer }
            }
        }
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.borrow().get(name).cloned()
    }
}

impl RateLimits for Outside {
    async fn acquire(&self, limiter: &str, request: &AcquireRequest) -> PortResult<AcquireResponse> {
        Ok(self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().acquire(request))
    }
    async fn block_until(&self, limiter: &str, bucket: &str, until: Timestamp) -> PortResult<()> {
        self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().block_until(bucket, until);
        Ok(())
    }
    async fn refund(&self, limiter: &str, refund: &RefundRequest) -> PortResult<()> {
        self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().refund(refund);
        Ok(())
    }
    async fn token(&self, limiter: &str, request: &TokenRequest) -> PortResult<TokenResponse> {
        Ok(self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().token(request))
    }
    async fn put_token(&self, limiter: &str, token: Option<&KeptToken>) -> PortResult<()> {
        self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().put_token(token.cloned());
        Ok(())
    }
}
