//! Events: what happened to a lead besides the decisions about it.
//!
//! An event is kept for ever, so it can hold nothing about the person: who did it is a rep, an operator or a system, and
//! what it says comes from a closed list of fields. Its id is made of the lead, the kind and which time it is, so that
//! the same happening reported twice is one line.

use crate::id::{LeadId, RepId, TeamId, TierId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// Longest text of a field, in characters.
pub const TEXT_CHARS_MAX: usize = 200;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditEventKind {
    /// The lead is durable.
    Accepted,
    /// A decision was made; the ledger of decisions has it whole.
    Decided,
    /// The CRM has the lead or its assignment.
    CrmWritten,
    /// Somebody changed the owner in the CRM meanwhile, and theirs stands.
    OwnerDrift,
    /// The rep was told.
    Notified,
    /// The rep took the lead.
    Accept,
    /// The rep gave the lead back.
    Decline,
    /// Somebody was in touch with the lead.
    Touch,
    /// The lead ended: won, lost, or not for sales.
    Outcome,
    /// The lead was given to another rep.
    Reassign,
    /// The rep was told that the time for the first touch ends.
    Reminded,
    /// The time for the first touch is over, and a manager was told.
    Escalated,
    /// Something could not be delivered, and will not be tried again by itself.
    DeliveryFailed,
    /// A dead letter was sent again.
    Redriven,
    /// A dead letter was put aside by an operator.
    Dismissed,
    /// What the lead said about a person was removed.
    Erased,
}

impl AuditEventKind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Accepted,
        Self::Decided,
        Self::CrmWritten,
        Self::OwnerDrift,
        Self::Notified,
        Self::Accept,
        Self::Decline,
        Self::Touch,
        Self::Outcome,
        Self::Reassign,
        Self::Reminded,
        Self::Escalated,
        Self::DeliveryFailed,
        Self::Redriven,
        Self::Dismissed,
        Self::Erased,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Decided => "decided",
            Self::CrmWritten => "crm_written",
            Self::OwnerDrift => "owner_drift",
            Self::Notified => "notified",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Touch => "touch",
            Self::Outcome => "outcome",
            Self::Reassign => "reassign",
            Self::Reminded => "reminded",
            Self::Escalated => "escalated",
            Self::DeliveryFailed => "delivery_failed",
            Self::Redriven => "redriven",
            Self::Dismissed => "dismissed",
            Self::Erased => "erased",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Who made it happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// This program.
    Router,
    /// Somebody with the admin token.
    Operator,
    /// A rep.
    Rep(RepId),
    /// A system outside: `hubspot`, `slack`.
    System(&'static str),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Router => f.write_str("router"),
            Self::Operator => f.write_str("operator"),
            Self::Rep(rep) => write!(f, "rep:{rep}"),
            Self::System(name) => write!(f, "system:{name}"),
        }
    }
}

/// What an event says. No field may hold anything about the person of the lead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventDetail {
    /// Stable code of a reason or a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How it ended: `assigned`, `won` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The decision that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    /// The rep who has the lead now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rep_id: Option<RepId>,
    /// The rep who had it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_rep_id: Option<RepId>,
    /// The team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// The tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierId>,
    /// The system outside: `hubspot`, `slack`, `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Id of a record in that system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// Kind of the job that failed or was sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// How often it was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u32>,
    /// Why, in the words of an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One line of a lead's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Lead, kind and which time it is: the same for the same happening.
    pub event_id: String,
    /// The lead; `None` for a message of which nobody can tell.
    pub lead_id: Option<LeadId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditEventKind,
    /// Who.
    pub who: Who,
    /// The rest.
    pub detail: EventDetail,
}

impl AuditEvent {
    /// An event of a lead. `attempt` tells it from others of the kind: the number of the decision, of a reminder, an id of
    /// the sender's.
    #[must_use]
    pub fn new(lead_id: &LeadId, kind: AuditEventKind, attempt: impl fmt::Display, at: Timestamp, who: Who) -> Self {
        let event_id = format!("{lead_id}/{}/{attempt}", kind.code());
        Self { event_id, lead_id: Some(lead_id.clone()), at, kind, who, detail: EventDetail::default() }
    }

    /// An event of a message that names no lead.
    #[must_use]
    pub fn of_message(message_id: &str, kind: AuditEventKind, at: Timestamp, who: Who) -> Self {
        let event_id = format!("{message_id}/{}/1", kind.code());
        Self { event_id, lead_id: None, at, kind, who, detail: EventDetail::default() }
    }

    /// The same event with more to say.
    #[must_use]
    pub fn with(self, detail: EventDetail) -> Self {
        Self { detail, ..self }
    }

    /// The event as the ledger stores it, long texts cut.
    #[must_use]
    pub fn row(&self) -> Value {
        let mut detail = json!(self.detail);
        for value in detail.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
            if let Value::String(text) = value
                && text.chars().count() > TEXT_CHARS_MAX
            {
                *text = text.chars().take(TEXT_CHARS_MAX).collect();
            }
        }
        json!({
            "event_id": self.event_id,
            "lead_id": self.lead_id,
            "person": self.lead_id.as_ref().and_then(crate::audit::person_part),
            "at_ms": self.at.as_ms(),
            "kind": self.kind.code(),
            "who": self.who.to_string(),
            "detail": detail.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(attempt: u32, at_ms: i64) -> AuditEvent {
        let lead = LeadId::new("0123456789abcdef-0123456789-0123456789ab").unwrap();
        AuditEvent::new(&lead, AuditEventKind::Notified, attempt, Timestamp::from_ms(at_ms), Who::System("slack"))
    }

    #[test]
    fn the_same_happening_has_the_same_id_whenever_it_is_reported() {
        assert_eq!(event(1, 5).event_id, event(1, 9).event_id);
        assert_ne!(event(1, 5).event_id, event(2, 5).event_id);
    }

    #[test]
    fn a_row_is_pinned() {
        let detail = EventDetail { rep_id: Some(RepId::new("ada").unwrap()), tries: Some(2), ..EventDetail::default() };
        let row = json!({
            "event_id": "0123456789abcdef-0123456789-0123456789ab/notified/1",
            "lead_id": "0123456789abcdef-0123456789-0123456789ab",
            "person": "0123456789",
            "at_ms": 5,
            "kind": "notified",
            "who": "system:slack",
            "detail": "{\"rep_id\":\"ada\",\"tries\":2}",
        });
        assert_eq!(event(1, 5).with(detail).row(), row);
    }

    #[test]
    fn long_texts_are_cut() {
        let detail = EventDetail { reason: Some("ä".repeat(TEXT_CHARS_MAX + 50)), ..EventDetail::default() };
        let row = event(1, 5).with(detail).row();
        let detail: Value = serde_json::from_str(row["detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail["reason"].as_str().unwrap().chars().count(), TEXT_CHARS_MAX);
    }

    #[test]
    fn every_kind_is_found_by_its_code() {
        for kind in AuditEventKind::ALL {
            assert_eq!(AuditEventKind::from_code(kind.code()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
        }
    }
}
