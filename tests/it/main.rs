//! The only integration binary: what holds across modules.

mod rubric_kit;
mod rubric_read;
mod rubric_shipped;
