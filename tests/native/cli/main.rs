//! The command line, run as a person would.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::type_complexity,
    clippy::too_many_lines,
    reason = "a test that panics fails, which is what it is for"
)]

mod check;
mod doctor;
mod explain;
mod kit;
mod replay;
mod runs;

#[path = "../core/golden_kit.rs"]
#[allow(dead_code, reason = "replay needs a part of it")]
mod golden_kit;
