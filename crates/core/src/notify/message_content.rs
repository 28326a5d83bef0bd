//! What a message says, in the order in which it is read: the same on every channel that a person reads.
//!
//! Every text is one line within its limit, and what a person typed makes no links; a channel still has to escape what its
//! own markup means.

use crate::notify::notice::{Notice, NoticeEvent};
use crate::notify::text::{one_line, unlinked};
use crate::notify::time_format::{dated, said};

/// Longest headline, in characters: a header block of Slack takes 150.
pub const HEADLINE_CHARS_MAX: usize = 150;
/// Longest name, company, title, address or number, in characters.
const VALUE_CHARS_MAX: usize = 120;
/// Longest line that says why, in characters.
const WHY_CHARS_MAX: usize = 200;
/// Longest beginning of the person's own words, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// What a message says.
#[derive(Clone, PartialEq, Eq)]
pub struct Story {
    /// What happened, to whom.
    pub headline: String,
    /// `For Ann Lee`, for places that more than one person reads; `None` when a team is told.
    pub reader: Option<String>,
    /// What that means for the reader, where it is not plain.
    pub note: Option<String>,
    /// Label and value.
    pub facts: Vec<(&'static str, String)>,
    /// The beginning of what the person wrote.
    pub message: Option<String>,
    /// Why this rep and this tier.
    pub why: Vec<String>,
    /// `today 14:05 CET`.
    pub due: Option<String>,
    /// `Wed 18 Nov 2026 14:05 CET`.
    pub due_dated: Option<String>,
    /// Label and address of what can be opened.
    pub open: Vec<(&'static str, String)>,
    /// Label and address of what asks and then acts.
    pub act: Vec<(&'static str, String)>,
}

impl Story {
    /// What a notice says.
    #[must_use]
    pub fn of(notice: &Notice) -> Self {
        let person = &notice.person;
        let typed = |text: &Option<String>| text.as_deref().map(typed).filter(|text| !text.is_empty());
        // An address is there to be used, and was read as one.
        let plain = |text: &Option<String>| text.as_deref().map(|text| one_line(text, VALUE_CHARS_MAX));
        let values = [
            ("Name", typed(&person.name)),
            ("Company", typed(&person.company)),
            ("Title", typed(&person.title)),
            ("E-mail", plain(&person.email)),
            ("Phone", typed(&person.phone)),
            ("Tier", notice.tier.as_ref().map(ToString::to_string)),
            ("Team", Some(self::typed(&notice.team_name)).filter(|name| !name.is_empty())),
        ];
        let zone = notice.to.work.time_zone.as_str();
        let links = &notice.links;
        let list = |links: &[(&'static str, &Option<String>)]| {
            links.iter().filter_map(|(label, url)| Some((*label, (*url).clone()?))).collect()
        };
        Self {
            headline: headline(notice),
            reader: notice.to.rep_id.as_ref().map(|_| format!("For {}", self::typed(&notice.to.name))),
            note: note(notice),
            facts: values.into_iter().filter_map(|(label, value)| value.map(|value| (label, value))).collect(),
            message: person.message.as_deref().map(|text| unlinked(&one_line(text, MESSAGE_CHARS_MAX))),
            why: notice.why.iter().map(|line| unlinked(&one_line(line, WHY_CHARS_MAX))).collect(),
            due: notice.due_at.map(|at| said(at, notice.told_at, zone)),
            due_dated: notice.due_at.map(|at| dated(at, zone)),
            open: list(&[("Open lead", &links.lead), ("Open in CRM", &links.crm), ("Booking page", &links.booking)]),
            act: list(&[("Accept", &links.accept), ("Decline", &links.decline)]),
        }
    }
}

fn typed(text: &str) -> String {
    unlinked(&one_line(text, VALUE_CHARS_MAX))
}

/// Who it is about: name and company, or the address when neither is known.
fn who(notice: &Notice) -> String {
    let person = &notice.person;
    let parts: Vec<&str> = [&person.name, &person.company].into_iter().filter_map(|part| part.as_deref()).collect();
    match (parts.is_empty(), &person.email) {
        (true, Some(email)) => email.clone(),
        (true, None) => "no name given".to_owned(),
        _ => parts.join(", "),
    }
}

fn headline(notice: &Notice) -> String {
    let tier = notice.tier.as_ref().map(|tier| format!("tier {tier}"));
    let opening = match (notice.event, notice.wrote_again, tier) {
        (NoticeEvent::Assigned | NoticeEvent::Changed, true, Some(tier)) => format!("Wrote again, {tier}"),
        (NoticeEvent::Assigned | NoticeEvent::Changed, true, None) => "Wrote again".to_owned(),
        (NoticeEvent::Assigned, false, Some(tier)) => format!("New lead, {tier}"),
        (NoticeEvent::Assigned, false, None) => "New lead".to_owned(),
        (NoticeEvent::Changed, false, Some(tier)) => format!("Still yours, now {tier}"),
        (NoticeEvent::Changed, false, None) => "Still yours".to_owned(),
        (NoticeEvent::Moved, ..) => "No longer yours".to_owned(),
        (NoticeEvent::OwnerDrift, ..) => "Owner changed in the CRM".to_owned(),
        (NoticeEvent::Held, ..) => "No rep can take this lead".to_owned(),
    };
    // Cut before the breaks go in, which take no room.
    unlinked(&one_line(&format!("{opening}: {}", who(notice)), HEADLINE_CHARS_MAX.saturating_sub(30)))
}

fn note(notice: &Notice) -> Option<String> {
    let other = notice.other.as_deref().map(typed);
    match (notice.event, other) {
        (NoticeEvent::Assigned | NoticeEvent::Changed, _) => None,
        (NoticeEvent::Moved, Some(other)) => {
            Some(format!("{other} has this lead now. There is nothing for you to do."))
        }
        (NoticeEvent::Moved, None) => {
            Some("This lead is waiting for another rep. There is nothing for you to do.".to_owned())
        }
        (NoticeEvent::OwnerDrift, other) => {
            let who = other.unwrap_or_else(|| "someone else".to_owned());
            Some(format!("Someone gave this record to {who} in the CRM, and that stays: talk to them before you call."))
        }
        (NoticeEvent::Held, _) => {
            Some("It is on hold and is routed again automatically when someone may be available.".to_owned())
        }
    }
}
