//! `HubSpot`: its requests as values, its answers as values, and what becomes of a person in between.
//!
//! Everything goes through the object API of one dated version. Contacts are read by address and by our own id, never by
//! search: search has a limit of its own, and its index is some seconds behind. `HubSpot` has no conditional write, so two
//! unique properties of ours carry the idempotency: `router_person_id` on contacts, `router_effect_id` on tasks.
//! The order of the calls is in `lead_router_app::crm::hubspot`.

pub mod answers;
pub mod batch;
pub mod cursor;
pub mod errors;
pub mod object;
pub mod person;
pub mod properties;
pub mod requests;
pub mod settings;
pub mod state;
pub mod task;

pub use answers::{HubspotAnswer, HubspotRecord};
pub use errors::{HubspotFailure, RateLimitHit};
pub use object::Object;
pub use person::{ContactClaim, ContactPlan, ContactStep, plan};
pub use requests::{BatchInput, HubspotCall, Verb};
pub use settings::{HubspotAccess, HubspotSettings};

/// Name of the vendor: in messages, and of its rate limiter.
pub const NAME: &str = "hubspot";

/// Version of the API: it stands in every path. `HubSpot` publishes one in March and one in September and keeps each for
/// 18 months; the undated paths end in 2027.
pub const VERSION: &str = "2026-03";

/// Most inputs of one batch call.
pub const BATCH_MAX: usize = 100;
