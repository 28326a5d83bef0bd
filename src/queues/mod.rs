//! The consumers of the queues.

pub mod consumer;
pub mod crm;
pub mod notify;
