//! The CRMs: a file or folder per vendor with the order of its calls, over requests and answers that are made and read in
//! `domain::crm`.

pub mod connected;
pub mod hubspot;
pub mod lookup;
pub mod owners;
pub mod pipedrive;
pub mod salesforce;
pub mod sync;
pub mod vendor;
pub mod write_back;

pub use connected::{Connected, connect};
pub use hubspot::Hubspot;
pub use owners::check_owners;
pub use pipedrive::Pipedrive;
pub use salesforce::Salesforce;
pub use vendor::{CallBudget, VendorClient};
