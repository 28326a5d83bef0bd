//! The use cases, as numbered steps over ports.
//!
//! [`intake`] is the request: lead in, decision out. [`enrich`] asks the providers,
//! each question through [`look_up`]; an answer that comes too late goes through
//! [`late`]. [`settle`] runs in the Desk and decides; [`team`] runs in a pool and picks. [`deliver`] and [`warm`] are what
//! the consumer of the queue does. [`turnstile`] checks the person behind a form; [`batch`] takes
//! in many leads at a time.

pub mod batch;
pub mod deliver;
pub mod enrich;
pub mod explain;
pub mod hooks;
pub mod intake;
pub mod late;
pub mod look_up;
pub mod settle;
pub mod team;
pub mod turnstile;
pub mod warm;
