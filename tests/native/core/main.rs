//! Decisions: what holds across the modules of `lead_router_core`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::type_complexity,
    clippy::too_many_lines,
    reason = "a test that panics fails, which is what it is for"
)]

mod audit_chain;
mod circles;
mod enrichment_waterfall;
mod enrichment_website;
mod error_codes;
mod error_codes_kit;
mod facts_document;
mod form_shapes;
mod golden;
mod golden_kit;
mod http_routes;
mod intake_cases;
mod intake_properties;
mod intake_samples;
mod normalize_golden;
mod normalize_properties;
mod openapi_schemas;
mod phones;
mod provider_descriptions;
mod provider_form;
mod provider_golden;
mod provider_properties;
#[cfg(feature = "schema")]
mod provider_schema;
mod provider_setting;
mod provider_token;
mod roster_calendar;
mod roster_complaints;
mod roster_counts;
mod roster_document;
mod roster_ledger;
mod roster_pick;
mod roster_support;
mod roster_world;
mod rubric_confidence;
mod rubric_kit;
mod rubric_lint;
mod rubric_properties;
mod rubric_random;
mod rubric_read;
#[cfg(feature = "schema")]
mod rubric_schema;
mod rubric_shipped;
mod shape_kit;
mod tidy;
mod webhook_golden;
mod webhook_kit;
mod webhook_limits;
mod webhook_properties;
mod webhook_shapes;
mod webhook_verify;
