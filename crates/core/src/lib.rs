//! Every decision of the router, and nothing else.
//!
//! Sync, total and deterministic: time, randomness and facts are arguments. No clock, no I/O, no async,
//! no `worker`, no map whose order is random. The same inputs give the same bytes, natively and on wasm.

pub mod audit;
pub mod crm;
pub mod decision;
pub mod directory;
pub mod enrichment;
pub mod error;
pub mod facts;
pub mod form;
pub mod hash;
pub mod html;
pub mod http;
pub mod id;
pub mod intake;
pub mod lead;
pub mod limits;
pub mod normalize;
pub mod notify;
#[cfg(feature = "schema")]
pub mod openapi;
pub mod roster;
pub mod rubric;
pub mod time;
pub mod vendor;
pub mod web_address;
pub mod webhook;
