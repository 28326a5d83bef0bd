//! The only integration binary: what holds across modules.

#[cfg(test)]
mod rubric_confidence;
#[cfg(test)]
mod rubric_kit;
#[cfg(test)]
mod rubric_properties;
#[cfg(test)]
mod rubric_random;
#[cfg(test)]
mod rubric_read;
#[cfg(all(test, feature = "schema"))]
mod rubric_schema;
#[cfg(test)]
mod rubric_shipped;
