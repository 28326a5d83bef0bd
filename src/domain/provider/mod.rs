//! Enrichment providers as data: what to ask, what an answer means, whom to believe.
//!
//! A provider is a JSON file. [`Description::parse`] checks it, [`build`] makes the request for one lead, [`read`]
//! turns any answer into facts or a reason, [`merge`] puts the facts of several providers together. Nothing here
//! talks to anybody.

mod contact;

pub use contact::Contact;
