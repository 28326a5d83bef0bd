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

pub mod domain;
#[cfg(feature = "edge")]
mod edge;
pub mod flow;
pub mod ports;
