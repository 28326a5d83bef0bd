//! The rubric: how the business scores and routes a lead.
//!
//! [`file`] is `rubric.json` as written, [`check`] turns it into a [`Rubric`] or says everything that is
//! wrong with it, [`condition`] evaluates to true, false or unknown, [`score`] gives the interval, the
//! tier and one explanation line per point, [`confidence`] the probability that the tier stands.

pub mod file;
