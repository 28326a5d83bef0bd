//! What questions to providers come to, by code. Besides these: the codes of [`Reading::Failed`] for what a provider says,
//! and those of the connection: `timeout`, `unreachable`, `too_large`.
//!
//! [`Reading::Failed`]: crate::enrichment::provider::Reading::Failed

/// The provider has a record.
pub const FOUND: &str = "found";
/// The provider knows nothing.
pub const NOT_FOUND: &str = "not_found";
/// An object that is asked on the way could not be reached.
pub const UNAVAILABLE: &str = "unavailable";
/// The provider had faults and is left alone for a while.
pub const CIRCUIT_OPEN: &str = "circuit_open";
/// Something that the question needs is not known.
pub const NOT_ASKED: &str = "not_asked";
/// The provider has no key.
pub const NOT_SET_UP: &str = "not_set_up";
/// The provider was still working on the question when it was asked for the last time.
pub const PENDING: &str = "pending";
/// The lead could not wait longer.
pub const LATE: &str = "late";
/// The lead was decided before the answer came, which could not have changed it.
pub const NOT_AWAITED: &str = "not_awaited";
/// The provider has had as many calls in this second as the rubric allows.
pub const RATE_LIMITED: &str = "rate_limited";
/// The calls or the money that the rubric allows for a day are used up.
pub const DAILY_CAP_REACHED: &str = "daily_cap_reached";

/// Whether the provider was called, as far as one result says.
#[must_use]
pub fn is_call(result: &str) -> bool {
    ![CIRCUIT_OPEN, NOT_ASKED, NOT_SET_UP, RATE_LIMITED, DAILY_CAP_REACHED].contains(&result)
}
