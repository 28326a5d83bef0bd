//! The small pages behind links that act: a question first, since programs that look for viruses open every link of a mail.

use crate::decision::index::RosterIndex;
use crate::html::escape;
use crate::notify::link::{LinkRefusal, Ticket};
use crate::notify::rep_action::{RepActionKind, RepActionOutcome};
use crate::notify::time_format::dated;

/// A page: title, and what stands in it, in HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPage {
    /// Title, in HTML.
    pub title: String,
    /// What stands in it.
    pub main: String,
}

impl ActionPage {
    fn new(title: &str, paragraphs: &[&str], more: &str) -> Self {
        let title = escape(title);
        let text: String = paragraphs.iter().map(|text| format!("<p>{}</p>", escape(text))).collect();
        Self { main: format!("<h1>{title}</h1>{text}{more}"), title }
    }

    /// The question. It names no person: whoever forwards a mail forwards the link.
    #[must_use]
    pub fn question(ticket: &Ticket, index: &RosterIndex) -> Self {
        let rep = index.rep_name(&ticket.rep_id);
        let zone = index.reps.get(&ticket.rep_id).map_or("UTC", |entry| entry.work.time_zone.as_str());
        let (title, label) = match ticket.kind {
            RepActionKind::Accept => ("Accept this lead?", "Accept"),
            RepActionKind::Decline => ("Decline this lead?", "Decline"),
            RepActionKind::Reassign { .. } => ("Reassign this lead?", "Hand on"),
        };
        let about = format!("Lead {} of {rep}. The link is valid until {}.", ticket.lead_id, dated(ticket.until, zone));
        // The form goes to the page's own address, which has the token.
        let form = format!("<form method=\"post\"><button>{label}</button></form>");
        Self::new(title, &[&about], &form)
    }

    /// What became of it.
    #[must_use]
    pub fn answer(ticket: &Ticket, acted: &RepActionOutcome, index: &RosterIndex) -> Self {
        match acted {
            RepActionOutcome::Done { .. } | RepActionOutcome::Stale { .. } => {
                Self::new(&happened(ticket, acted, index), &[], "")
            }
            RepActionOutcome::Unknown => Self::new("This lead no longer exists", &[], ""),
        }
    }

    /// Something is away; the same link works later.
    #[must_use]
    pub fn try_again() -> Self {
        Self::new("Something went wrong", &["Nothing was changed. Please try again in a moment."], "")
    }

    /// Why a link is not taken.
    #[must_use]
    pub fn refusal(refusal: LinkRefusal) -> Self {
        match refusal {
            LinkRefusal::Bad => Self::new("This link is not valid", &["Open it from the message again."], ""),
            LinkRefusal::Ended => Self::new(
                "This link has expired",
                &["It was valid for a week. Open the lead in the console or the CRM."],
                "",
            ),
        }
    }
}

fn happened(ticket: &Ticket, acted: &RepActionOutcome, index: &RosterIndex) -> String {
    crate::notify::told_outcome(&ticket.kind, Some(&ticket.rep_id), acted, index)
}
