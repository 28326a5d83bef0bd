//! The use cases, as numbered steps over ports.
//!
//! [`intake`] is the request: lead in, decision out; [`batch`] takes in many, [`hooks`] what senders say, and [`turnstile`]
//! checks the person behind a form. [`enrich`] asks the providers, each question through [`look_up`], those to a company's
//! own site through [`website`]; an answer that comes too late goes through [`late`]. [`settle`] runs in the Desk and
//! decides; [`team`] runs in a pool and picks. [`deliver`] and [`warm`] are what the consumer of the queue does.

pub mod batch;
pub mod deliver;
pub mod enrich;
pub mod explain;
pub mod hooks;
pub mod intake;
pub mod late;
pub mod look_up;
mod second;
pub mod settle;
pub mod team;
mod token;
pub mod turnstile;
pub mod warm;
pub mod website;
