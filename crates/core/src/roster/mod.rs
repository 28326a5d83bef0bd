//! Reps and teams: who can work a lead, and whose turn it is.
//!
//! A pick has two halves. *Who can?* is a list of checks with a reason code each ([`eligibility`]), read against
//! every rep's own calendar ([`calendar`]). *Who shall?* is the team's strategy: shares of a ledger
//! ([`rotation`]), by default corrected for the ability to work the lead in time ([`ability`]).
//!
//! [`pick`] answers from a plain [`Pool`](model::Pool); [`prepared`] does the same from tables that are kept
//! between picks. [`events`] is everything that happens to a rep besides being picked, and [`check`] tells
//! an operator what is wrong with what they wrote.
//!
//! Out of scope: the order in which teams are asked, and remembering the answer by lead.

pub mod ability;
mod absence;
pub mod calendar;
pub mod check;
pub mod eligibility;
pub mod events;
mod explain;
mod hours;
pub mod model;
mod needs;
pub mod pick;
pub mod prepared;
pub mod question;
pub mod reason;
mod requested_rep;
pub mod rotation;
mod run;
mod table;
mod windows;
