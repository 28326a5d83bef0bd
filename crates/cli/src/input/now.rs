//! The clock, read once for a command about the present.

use lead_router_core::time::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "a native program; nothing below it reads a clock")]
pub fn now() -> Timestamp {
    Timestamp::from(jiff::Timestamp::now())
}
