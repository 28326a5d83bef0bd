//! A roster at work in virtual time: leads arrive, are decided, wait, are worked and are closed.
//!
//! The decisions are those of [`decision::decide`](lead_router_core::decision::decide), on the same pools. What is made up is the rest:
//! when leads arrive ([`arrivals`]), what they are ([`generate`]) and how fast reps work them ([`response`]). Every
//! draw is made from the seed before the first decision, so two rosters or rubrics meet the same leads and the same
//! luck, and their reports can be compared.

pub mod arrivals;
pub mod generate;
pub mod report;
pub mod response;
pub mod run;
