//! Weights from closed outcomes: what the past says that a rubric should count.
//!
//! [`samples`] are categories and an outcome; [`encode`] turns them into indicators, [`logistic`] finds weights that do
//! not overreach, [`bayes`] is the method to compare with, [`measure`] says on rows that a model has not seen how much
//! it is worth, and [`propose`] turns weights into points. [`run`] is all of it.
//!
//! Floats only rank and weigh the past here. What comes out is whole points in a rubric that a person reads and
//! publishes; no float decides who gets a lead.

pub mod bayes;
pub mod encode;
pub mod logistic;
pub mod measure;
pub mod propose;
pub mod run;
pub mod samples;
