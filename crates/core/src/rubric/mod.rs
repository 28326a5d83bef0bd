//! The rubric: how the business scores and routes a lead.
//!
//! [`file`] is `rubric.json` as written, [`read`] reads it strictly, [`check`] turns it into a [`Rubric`] or says
//! everything that is wrong with it. [`condition`] evaluates to true, false or unknown, [`score`] gives the
//! interval, the tier and one explanation line per point, [`confidence`] the probability that the tier stands,
//! [`routing`] the override, territory and route, and [`settle`] says when nothing that is still unknown can
//! change the outcome. [`lint`] finds what is correct and still unwise.

pub mod check;
mod check_routing;
mod check_scoring;
mod check_values;
mod compile;
pub mod condition;
pub mod confidence;
pub mod decisive;
mod enrichment;
mod explain;
pub mod file;
pub mod limits;
pub mod lint;
pub mod model;
mod problems;
pub mod read;
pub mod routing;
#[cfg(feature = "schema")]
pub mod schema;
pub mod score;
mod shape;
pub mod stability;
mod suggest;
mod tree;
mod words;

pub use model::Rubric;
pub use read::load;
