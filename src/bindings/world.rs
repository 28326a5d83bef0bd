//! The ports of `flow`, each implemented with a binding in the file of its name.

use crate::bindings::platform;
use lead_router_app::ports::crm::Signer;
use lead_router_app::ports::{Clock, PortResult};
use lead_router_core::time::Timestamp;
use std::time::Duration;
use worker::{Date, Delay, Env};

/// The bindings of one event.
#[derive(Debug, Clone)]
pub struct World {
    /// The bindings.
    pub env: Env,
}

impl World {
    /// The world of an event.
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(Date::now().as_millis()).unwrap_or(0))
    }

    async fn pause(&self, ms: u32) {
        Delay::from(Duration::from_millis(ms.into())).await;
    }
}

impl Signer for World {
    async fn sign_rs256(&self, key: &str, text: &str) -> PortResult<String> {
        platform::sign_rs256(key, text).await
    }
}
