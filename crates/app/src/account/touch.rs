//! A rep begins to work a lead.

use crate::ports::messages::{TouchRequest, TouchResponse};
use crate::ports::{AccountStore, LeadState, PortResult};

/// Remembers that a rep begins to work a lead: the earliest time counts.
///
/// # Errors
/// [`Unavailable`] when the store fails; saying it again is harmless.
pub fn touch(store: &impl AccountStore, touch: &TouchRequest) -> PortResult<TouchResponse> {
    let row = store.lead(&touch.lead_id)?.filter(|row| row.state == LeadState::Assigned);
    if row.is_none_or(|row| row.decision_no != touch.decision_no) {
        return Ok(TouchResponse::Stale);
    }
    if store.touched(&touch.lead_id)?.is_none() {
        store.put_touched(&touch.lead_id, touch.at)?;
    }
    Ok(TouchResponse::Yes)
}
