//! The native command line: try a rubric and a roster before they are trusted, and a record after it was made.
//!
//! Exit codes: 0 nothing found, 1 findings (problems in a rubric or roster, a decision that does not repeat, a broken
//! chain, refused leads, a deployment with problems), 2 input that
//! cannot be read, or a deployment that refuses it. Results go to standard output, everything else to standard error.

pub mod analysis;
pub mod args;
pub mod commands;
pub mod input;
pub mod output;
