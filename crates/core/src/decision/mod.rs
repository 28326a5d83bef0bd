//! Routing: from what is known about a lead to who is asked, in which order, and what is answered.
//!
//! [`plan`] is everything that the rubric says about a lead; [`attempts`] turns it, with what the account
//! is known to be, into the ordered list of questions to teams; [`decision`] is the answer that results.
//! A team's answer to one question is `roster::pick`.
//!
//! [`decide`] runs all of it on [`pools`] in memory, and [`replay`] makes the decision of a record again.

pub mod attempts;
pub mod conclude;
pub mod decide;
pub mod index;
pub mod known_facts;
pub mod plan;
pub mod pools;
pub mod record;
pub mod replay;
mod wording;
