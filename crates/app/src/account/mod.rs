//! What happens in the object that owns an account: a lead is accepted, decided, and its owner remembered.

pub(crate) mod ask;
pub mod claim;
pub mod context;
pub mod crm_snapshot;
pub mod decide;
mod preview;
pub mod request;
pub mod touch;
