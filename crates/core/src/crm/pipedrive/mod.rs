//! Pipedrive over its API, version 2 (users: version 1): requests from values, answers to values.
//!
//! It has no upsert and no ids of ours on tasks. So a person is found by a custom field that holds our id, and what was
//! decided before is read from the activities that this program made: each begins with a [`mark::Mark`].

pub mod answers;
pub mod decide;
pub mod mark;
pub mod requests;

pub use requests::PipedriveApi;
