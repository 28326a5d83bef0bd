//! Salesforce over its REST API: requests from values, answers to values.
//!
//! [`settings`] says whose; [`auth`] makes tokens; [`lookup`], [`decide`], [`changes`] and [`check`] say what is asked and read
//! what is answered; [`errors`] says what a refusal means. Formats, limits and errors are those of the vendor's REST API guide
//! for the version in [`settings`].

pub mod answers;
pub mod auth;
pub mod changes;
pub mod check;
pub mod decide;
pub mod errors;
pub mod fields;
pub mod ids;
pub mod lookup;
pub mod requests;
pub mod settings;
pub mod soql;

pub use requests::SalesforceApi;
pub use settings::SalesforceSettings;
