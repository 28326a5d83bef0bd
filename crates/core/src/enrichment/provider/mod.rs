//! Enrichment providers as data: what to ask, what an answer means, whom to believe.
//!
//! A provider is a JSON file. [`Description::parse`] checks it, [`build`] makes the request for one lead, [`read`]
//! turns any answer into facts or a reason, [`merge_readings`] puts the facts of several providers together. A provider
//! that looks for a while answers [`Reading::Pending`]; [`build_poll`] and [`read_poll`] fetch its result. A key that has
//! to be exchanged for a token first is, by [`build_token`] and [`read_token`]. Nothing here talks to anybody.

mod check;
pub mod condition;
mod contact;
pub mod description;
pub mod field;
pub mod file;
pub mod meaning;
pub mod merge;
mod offer;
mod plan;
mod pointer;
pub mod poll;
pub mod request;
pub mod response;
pub mod setting;
pub mod shipped;
mod template;
pub mod token;
mod transform;

pub use contact::Contact;
pub use description::Description;
pub use file::{Auth, ProviderMethod, SubjectKind, TypicalLatency};
pub use meaning::Meaning;
pub use merge::{merge, merge_readings};
pub use offer::Offer;
pub use poll::PollPlan;
pub use request::{build, build_poll};
pub use response::{Reading, read, read_poll};
pub use token::{VendorToken, build_token, read_token};
pub use transform::Transform;
