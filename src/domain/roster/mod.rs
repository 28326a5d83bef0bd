//! Reps and teams: who can work a lead, and whose turn it is.

pub mod model;
