//! What happens by the clock.

pub mod config_copy;
pub mod crm_sync;
pub mod prefetch;
pub mod retention;
