//! What the platform provides, behind the ports of `lead_router_app`.

pub mod cache;
pub mod config;
pub mod config_versions;
pub mod directory;
pub mod form_limits;
pub mod http_client;
pub mod ledger;
pub mod log;
pub mod mail;
pub mod objects;
pub mod platform;
pub mod queue;
pub mod settings;
pub mod world;
