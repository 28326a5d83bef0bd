//! `lead-router` decides at the edge, within seconds, who owns a new lead.
//!
//! Four layers, arrows point only downward:
//!
//! - `edge` (feature `edge`): the Cloudflare Workers host. Events, HTTP, Durable Objects, bindings.
//! - [`flow`]: the use cases as numbered steps, generic over ports.
//! - [`ports`]: what the world must provide.
//! - [`domain`]: every decision, pure.
//!
//! What is not here: no clock and no randomness below `edge`, no status code outside `edge`, no decision
//! outside `domain`.

#![cfg_attr(
    test,
    allow(
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
    )
)]

pub mod domain;
#[cfg(feature = "edge")]
mod edge;
pub mod flow;
pub mod ports;
