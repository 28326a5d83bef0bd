//! The mark at the beginning of an activity's note: which effect it is, and what was decided.

use crate::crm::write::{Assigning, CrmWrite};
use crate::time::Timestamp;

/// What every mark begins with.
const START: &str = "lead-router:";

/// What an activity of ours says about the decision behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When it was decided.
    pub decided_at: Timestamp,
    /// The effect.
    pub effect_id: String,
    /// The owner that was written.
    pub owner_id: String,
}

impl Mark {
    /// The mark of a decision.
    #[must_use]
    pub fn of(write: &CrmWrite, assigning: &Assigning) -> Self {
        Self {
            decided_at: assigning.decided_at,
            effect_id: write.effect_id(),
            owner_id: assigning.owner_id.trim().to_owned(),
        }
    }

    /// The mark as a text of letters, digits, `-` and `:`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{START}{}:{}:{}", self.effect_id, self.decided_at.as_ms(), self.owner_id)
    }

    /// The first mark in a note. Whatever a lead wrote comes after ours, so it cannot pretend to be one.
    ///
    /// ```
    /// use lead_router_core::crm::pipedrive::mark::Mark;
    /// let mark = Mark::read("<p>lead-router:a-b-1:1000:7</p> lead-router:x:2:8").unwrap();
    /// assert_eq!((mark.effect_id.as_str(), mark.owner_id.as_str()), ("a-b-1", "7"));
    /// ```
    #[must_use]
    pub fn read(note: &str) -> Option<Self> {
        let (_, rest) = note.split_once(START)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '@');
        let mark = rest.split(|c| !is_part(c)).next()?;
        let mut parts = mark.rsplitn(3, ':');
        let owner_id = parts.next()?.to_owned();
        let decided_at = Timestamp::from_ms(parts.next()?.parse().ok()?);
        let effect_id = parts.next()?.to_owned();
        Some(Self { decided_at, effect_id, owner_id })
    }
}
