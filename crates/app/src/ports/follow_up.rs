//! What happens to a lead after it was told: accepted, declined, handed on.

use crate::ports::PortResult;
pub use lead_router_core::notify::rep_action::{RepAction, RepActionKind, RepActionOutcome};

/// Carries out what a rep does with a lead.
pub trait FollowUps {
    /// Carries it out. Of two at once the account shard of the lead decides; the second hears [`RepActionOutcome::Stale`]. Asking again for
    /// what was done by the same rep is done again.
    async fn follow_up(&self, act: &RepAction) -> PortResult<RepActionOutcome>;
}
