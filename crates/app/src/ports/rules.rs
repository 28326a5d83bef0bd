//! The business's rules of notifying.

use crate::ports::PortResult;
use lead_router_core::notify::RuleBook;
use std::rc::Rc;

/// The rules in force.
pub trait RuleBooks {
    /// The rules in force, at most half a minute old; without any, the usual ones.
    async fn rule_book(&self) -> PortResult<Rc<RuleBook>>;
}
