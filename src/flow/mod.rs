//! The use cases, as numbered steps over ports.
//!
//! [`intake`] is the request: lead in, decision out; [`batch`] takes in many, [`hooks`] what senders say, and [`turnstile`]
//! checks the person behind a form. [`enrich`] asks the providers, each question through [`look_up`], those to a company's
//! own site through [`website`]; an answer that comes too late goes through [`late`]. [`settle`] runs in the Desk and
//! decides; [`team`] runs in a pool and picks. [`deliver`] and [`warm`] are what the consumer of the queue does.

mod account;
mod asking;
pub mod batch;
pub mod consult;
pub mod crm;
pub mod crm_sync;
pub mod deliver;
pub mod enrich;
pub mod explain;
pub mod follow_up;
pub mod hooks;
pub mod intake;
pub mod late;
pub mod look_up;
pub mod mirror;
pub mod notify;
mod second;
pub mod settle;
pub mod team;
pub mod tell;
mod token;
pub mod turnstile;
pub mod warm;
pub mod website;
pub mod write_back;
