//! The use cases, as numbered steps over ports.
//!
//! [`intake`] is the request: lead in, decision out. [`enrich`] asks the providers,
//! each question through [`look_up`]. [`settle`] runs in the
//! Desk and decides; [`team`] runs in a pool and picks. [`deliver`] is the consumer of the queue.

pub mod deliver;
pub mod enrich;
pub mod explain;
pub mod intake;
pub mod look_up;
pub mod settle;
pub mod team;
