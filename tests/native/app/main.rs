//! Use cases: `lead_router_app` over ports in memory, and vendors played over their documented formats.
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

mod crm_hubspot;
mod crm_hubspot_faults;
mod crm_hubspot_golden;
mod crm_hubspot_kit;
mod crm_lookup;
mod crm_pipedrive;
mod crm_salesforce;
mod crm_salesforce_kit;
mod crm_salesforce_world;
mod crm_sync;
mod crm_write_back;
mod dry_run;
mod enrichment;
mod enrichment_speed;
mod enrichment_website;
mod follow_up;
mod form;
mod hedging;
mod intake;
mod intake_batch;
mod notify_clicks;
mod notify_faults;
mod notify_golden;
mod notify_hostile;
mod notify_kit;
mod notify_make;
mod notify_rules;
mod outside;
mod provider_lookup;
mod rubric_document;
mod webhook;
mod world;

#[path = "../../fakes/mod.rs"]
mod fakes;
#[path = "../core/golden_kit.rs"]
#[allow(dead_code, reason = "a part of it is needed")]
mod golden_kit;
#[path = "../core/rubric_kit.rs"]
#[allow(dead_code, reason = "a part of it is needed")]
mod rubric_kit;
#[path = "../core/rubric_random.rs"]
#[allow(dead_code, reason = "a part of it is needed")]
mod rubric_random;
