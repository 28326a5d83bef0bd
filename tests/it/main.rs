//! The only integration binary: what holds across modules.
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

#[cfg(test)]
mod audit_chain;
#[cfg(all(test, feature = "cli"))]
mod cli_check;
#[cfg(all(test, feature = "cli"))]
mod cli_doctor;
#[cfg(all(test, feature = "cli"))]
mod cli_explain;
#[cfg(all(test, feature = "cli"))]
mod cli_kit;
#[cfg(all(test, feature = "cli"))]
mod cli_replay;
#[cfg(all(test, feature = "cli"))]
mod cli_runs;
#[cfg(test)]
mod crm_hubspot;
#[cfg(test)]
mod crm_hubspot_faults;
#[cfg(test)]
mod crm_hubspot_golden;
#[cfg(test)]
mod crm_hubspot_kit;
#[cfg(test)]
mod facts_document;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_kit;
#[cfg(test)]
mod intake_cases;
#[cfg(test)]
mod intake_properties;
#[cfg(test)]
mod intake_samples;
#[cfg(test)]
mod phones;
mod provider_descriptions;
#[cfg(test)]
mod provider_form;
#[cfg(test)]
mod provider_golden;
#[cfg(test)]
mod provider_properties;
#[cfg(feature = "schema")]
#[cfg(test)]
mod provider_schema;
#[cfg(test)]
mod provider_setting;
#[cfg(test)]
mod provider_token;
#[cfg(test)]
mod roster_calendar;
#[cfg(test)]
mod roster_complaints;
#[cfg(test)]
mod roster_counts;
#[cfg(test)]
mod roster_ledger;
#[cfg(test)]
mod roster_pick;
#[cfg(test)]
mod roster_support;
#[cfg(test)]
mod roster_world;
#[cfg(test)]
mod rubric_confidence;
#[cfg(test)]
mod rubric_kit;
#[cfg(test)]
mod rubric_lint;
#[cfg(test)]
mod rubric_properties;
#[cfg(test)]
mod rubric_random;
#[cfg(test)]
mod rubric_read;
#[cfg(all(test, feature = "schema"))]
mod rubric_schema;
#[cfg(test)]
mod rubric_shipped;

#[cfg(test)]
#[allow(dead_code, reason = "what a vendor adds uses it")]
mod outside;
#[cfg(test)]
#[path = "../vendors/mod.rs"]
mod vendors;

#[cfg(test)]
mod crm_pipedrive;
#[cfg(test)]
mod crm_salesforce;
#[cfg(test)]
mod crm_salesforce_kit;
#[cfg(test)]
mod crm_salesforce_world;
#[cfg(test)]
mod flow_batch;
#[cfg(test)]
mod flow_consult;
#[cfg(test)]
mod flow_crm_sync;
mod flow_enrich;
#[cfg(test)]
mod flow_follow_up;
#[cfg(test)]
mod flow_hooks;
#[cfg(test)]
mod flow_intake;
mod flow_look_up;
#[cfg(test)]
mod flow_second;
#[cfg(test)]
mod flow_speed;
#[cfg(test)]
mod flow_website;
#[cfg(test)]
mod flow_write_back;
#[cfg(test)]
mod notify_clicks;
#[cfg(test)]
mod notify_faults;
#[cfg(test)]
mod notify_golden;
#[cfg(test)]
mod notify_hostile;
#[cfg(test)]
mod notify_kit;
#[cfg(test)]
mod notify_make;
#[cfg(test)]
mod notify_rules;
#[cfg(test)]
mod senders_golden;
#[cfg(test)]
mod senders_kit;
#[cfg(test)]
mod senders_limits;
#[cfg(test)]
mod senders_properties;
#[cfg(test)]
mod senders_verify;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod waterfall_world;
#[cfg(test)]
mod website;
mod world;

#[cfg(test)]
mod rubric_document;
