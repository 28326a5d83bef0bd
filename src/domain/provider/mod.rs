//! Enrichment providers as data: what to ask, what an answer means, whom to believe.
//!
//! A provider is a JSON file. [`Description::parse`] checks it, [`build`] makes the request for one lead, [`read`]
//! turns any answer into facts or a reason, [`merge_readings`] puts the facts of several providers together. Nothing
//! here talks to anybody.

mod check;
mod contact;
pub mod description;
pub mod merge;
pub mod request;
pub mod response;
pub mod shipped;
mod template;
mod transform;

pub use contact::Contact;
pub use description::{Auth, Description, Kind, Meaning, Method};
pub use merge::{merge, merge_readings};
pub use request::{HttpRequest, build};
pub use response::{Reading, read};
pub use transform::Transform;
