//! The only integration binary: what holds across modules.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_kit;
#[cfg(test)]
mod intake_cases;
#[cfg(test)]
mod intake_properties;
#[cfg(test)]
mod intake_samples;
#[cfg(test)]
mod provider_descriptions;
#[cfg(test)]
mod provider_golden;
#[cfg(test)]
mod provider_properties;
#[cfg(feature = "schema")]
#[cfg(test)]
mod provider_schema;
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
