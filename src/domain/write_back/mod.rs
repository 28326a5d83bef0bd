//! Effects outside: what became of one, when it is tried again, how often a vendor may be called.

pub mod gate;
pub mod setback;

pub use gate::{Gate, Lane, Pass, Passed, TokenAnswer, TokenAsk};
pub use setback::{Setback, next_try_ms};
