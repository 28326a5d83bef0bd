//! The use cases, as numbered steps over ports.
//!
//! [`intake`] is the request: lead in, decision out. [`enrichment`] asks the providers, [`crm`] what the CRM knows.
//! [`account`] decides in the object that owns the account, [`rep_pool`] picks in the object that owns the reps.
//! [`outbox`], [`delivery`], [`notify`] and [`crm::write_back`] carry out what was decided, and [`follow_up`] what a rep does with it.
//! [`ports`] is what the world must provide.

pub mod account;
pub mod crm;
pub mod delivery;
pub mod enrichment;
pub mod follow_up;
pub mod intake;
pub mod notify;
pub mod outbox;
pub mod ports;
pub mod rep_pool;
pub mod webhook;
mod world;
