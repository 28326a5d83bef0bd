//! A provider as the waterfall sees it.

use crate::facts::FieldSet;
use crate::id::ProviderId;
use crate::time::Timestamp;

/// Most providers that a lead waits for at one time: the platform opens six connections.
pub const CALLS_AT_ONCE_MAX: usize = 6;

/// A provider as the waterfall sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaterfallSource {
    /// The provider.
    pub id: ProviderId,
    /// Stage, from 0.
    pub stage: usize,
    /// Whether it is the business's own data: free, and asked whenever it can be.
    pub first_party: bool,
    /// Fields that it can fill.
    pub fills: FieldSet,
    /// Fields without which it cannot be asked, as far as another provider can fill them.
    pub needs: FieldSet,
    /// Price of an answer, in millionths of a US dollar.
    pub cost_usd_micros: u32,
    /// Time within which it nearly always answers, in milliseconds. Others are not held back for longer.
    pub patience_ms: u32,
    /// Where it stands.
    pub standing: ProviderState,
}

/// Where a provider stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderState {
    /// What it needs is known, and it has not been asked.
    Ready,
    /// Something that it needs is missing; another provider may find it.
    Waiting,
    /// It was asked at this time and has not answered.
    Asked(Timestamp),
    /// It answered, or failed, for this lead; or it is not to be asked.
    Done,
}
