//! Ports of the Worker that say that they are not available: nothing passes the gate before a vendor, no follow-up is
//! carried out.

use super::world::World;
use crate::domain::time::Timestamp;
use crate::domain::write_back::gate::KeptToken;
use crate::domain::write_back::{Pass, Passed, TokenAnswer, TokenAsk};
use crate::ports::crm::Gates;
use crate::ports::follow_up::{Act, Acted, FollowUps};
use crate::ports::{PortResult, Unavailable};

fn away<T>(port: &'static str) -> PortResult<T> {
    Err(Unavailable::new(port, "not part of this version"))
}

impl FollowUps for World {
    async fn follow_up(&self, _act: &Act) -> PortResult<Acted> {
        away("desk")
    }
}

impl Gates for World {
    async fn pass(&self, _vendor: &str, _pass: &Pass) -> PortResult<Passed> {
        away("gate")
    }
    async fn hold(&self, _vendor: &str, _lane: &str, _until: Timestamp) -> PortResult<()> {
        away("gate")
    }
    async fn token(&self, _vendor: &str, _ask: &TokenAsk) -> PortResult<TokenAnswer> {
        away("gate")
    }
    async fn put_token(&self, _vendor: &str, _token: Option<&KeptToken>) -> PortResult<()> {
        away("gate")
    }
}
