//! What providers say about a company and a person: how each is asked, in which order, and when to stop.

pub mod provider;
pub mod waterfall;
pub mod website;
