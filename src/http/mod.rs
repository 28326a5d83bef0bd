//! Routes, and what each of them does: parse, check who asks, call a use case, answer.

pub mod action_links;
pub mod admin;
pub mod audit;
pub mod auth;
pub mod batch;
pub mod body;
pub mod dead_letters;
pub mod doctor;
pub mod embed;
pub mod encoding;
pub mod form_settings;
pub mod forms;
pub mod leads;
pub mod multipart;
pub mod notifications;
pub mod pages;
pub mod providers;
pub mod refused_events;
pub mod rep_actions;
pub mod respond;
pub mod roster;
pub mod route_table;
pub mod routes;
pub mod senders;
pub mod slack;
pub mod webhooks;
