//! The only integration binary: what holds across modules.
