//! Analysis of many leads, as a library: each module takes plain values and returns a report.
//!
//! - [`backtest`] compares two rubrics on past leads.
//! - [`fit`] learns points from won and lost leads, and says on held-out rows how good they are.
//! - [`simulate`] runs a roster in virtual time, with the decisions of `lead_router_core`.
//! - [`random`] is the seeded generator that they share: the same seed gives the same report.

pub mod backtest;
pub mod fit;
pub mod random;
pub mod simulate;
