//! Every decision of the router, and nothing else.
//!
//! Sync, total and deterministic: time, randomness and facts are arguments. No clock, no I/O, no async,
//! no `worker`, no map whose order is random. The same inputs give the same bytes, natively and on wasm.

pub mod audit;
pub mod backtest;
pub mod crm;
pub mod desk;
pub mod directory;
pub mod error;
pub mod facts;
pub mod fit;
pub mod form;
pub mod html;
pub mod http;
pub mod id;
pub mod intake;
pub mod lead;
pub mod limits;
pub mod normalize;
pub mod notify;
pub mod provider;
pub mod roster;
pub mod route;
pub mod rubric;
pub mod simulate;
pub mod time;
pub mod waterfall;
pub mod website;
pub mod write_back;
