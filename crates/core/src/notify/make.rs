//! Notices from a record: who is told what about a decision.

use crate::decision::index::RosterIndex;
use crate::decision::record::{Mode, Outcome, Record};
use crate::facts::Field;
use crate::id::{RepId, TeamId};
use crate::notify::link::{LINK_MS, Ticket};
use crate::notify::notice::{Addressee, Notice, NoticeEvent, NoticeLinks, NoticePerson};
use crate::notify::rep_action::RepActionKind;
use crate::web_address::is_web_address;
use std::collections::BTreeSet;

/// Most lines that say why.
pub const WHY_LINES_MAX: usize = 3;

/// Longest line that says why, in characters.
const WHY_CHARS_MAX: usize = 200;

/// Longest beginning of a message, in characters: what is read at a glance; the rest is in the CRM.
const MESSAGE_CHARS_MAX: usize = 300;

/// What a notice is made of besides the record.
#[derive(Clone, Copy)]
pub struct NoticeInputs<'a> {
    /// Names, addresses and hours of reps.
    pub index: &'a RosterIndex,
    /// Address of this program, `https://leads.example.com`; without one there are no links to it.
    pub public_url: Option<&'a str>,
    /// Signs links that act; without one there are none.
    pub link_key: Option<&'a [u8]>,
    /// The person's record in the CRM, when it is known.
    pub crm_url: Option<&'a str>,
}

/// Who is told what about a decision: none in shadow mode and for a lead that is not for sales.
///
/// Assigned: the rep, and whoever had the lead before it was moved. Held: the manager of the first team in line that has
/// one, otherwise the team; only when the lead is held for the first time, since it is asked for again every few minutes.
#[must_use]
pub fn notices(record: &Record, making: &NoticeInputs<'_>) -> Vec<Notice> {
    let decision = &record.decision;
    if decision.mode == Mode::Shadow {
        return Vec::new();
    }
    let before = record.replaces.as_ref().map(|replaced| &replaced.rep_id);
    match (decision.outcome, &decision.assignment) {
        (Outcome::Assigned, Some(assignment)) => {
            let rep_id = &assignment.rep_id;
            let event = if before == Some(rep_id) { NoticeEvent::Changed } else { NoticeEvent::Assigned };
            let mut notices = vec![notice(record, event, rep(rep_id, making), making)];
            if let Some(before) = before.filter(|before| *before != rep_id) {
                notices.push(away(record, NoticeEvent::Moved, before, Some(assignment.rep_name.clone()), making));
            }
            notices
        }
        (Outcome::Held, _) if record.decision_no == 1 || before.is_some() => {
            let mut notices = vec![notice(record, NoticeEvent::Held, manager(record, making.index), making)];
            notices.extend(before.map(|before| away(record, NoticeEvent::Moved, before, None, making)));
            notices
        }
        _ => Vec::new(),
    }
}

/// Tells the rep of a decision that a person gave the lead to someone else in the CRM since. `owner` is the name of that
/// owner, when the roster knows one. `None` when the decision gave the lead to nobody.
#[must_use]
pub fn owner_drift(record: &Record, owner: Option<String>, making: &NoticeInputs<'_>) -> Option<Notice> {
    let rep_id = record.decision.rep_id()?;
    Some(away(record, NoticeEvent::OwnerDrift, &rep_id, owner, making))
}

fn rep(rep_id: &RepId, making: &NoticeInputs<'_>) -> Addressee {
    Addressee::rep(rep_id, making.index.reps.get(rep_id))
}

/// The first manager in line, or the team itself.
fn manager(record: &Record, index: &RosterIndex) -> Addressee {
    let Some(team) = team(record) else { return Addressee::default() };
    let chain = index.chain(&team);
    let mut managers = chain.iter().filter_map(|team| index.teams.get(team)?.manager_rep_id.as_ref());
    match managers.next() {
        Some(manager) => Addressee::rep(manager, index.reps.get(manager)),
        None => Addressee { name: index.team_name(&team), ..Addressee::default() },
    }
}

/// The team that has the lead, or was asked first.
fn team(record: &Record) -> Option<TeamId> {
    let assigned = record.decision.assignment.as_ref().map(|assignment| assignment.team.clone());
    assigned.or_else(|| record.asked.first().map(|asked| asked.attempt.team.clone()))
}

fn notice(record: &Record, event: NoticeEvent, to: Addressee, making: &NoticeInputs<'_>) -> Notice {
    let (decision, lead) = (&record.decision, &record.lead);
    let assignment = decision.assignment.as_ref();
    let known = |field: Field| record.facts.text(field).map(str::to_owned);
    let team = team(record);
    let person = NoticePerson {
        name: lead.full_name(),
        company: known(Field::CompanyName).or_else(|| lead.company.clone()),
        title: known(Field::PersonTitle).or_else(|| lead.title.clone()),
        email: Some(lead.email.address.clone()),
        phone: lead.phone.as_ref().map(|phone| phone.typed.clone()),
        message: lead.message.as_deref().map(|message| beginning(message, MESSAGE_CHARS_MAX)),
    };
    Notice {
        event,
        lead_id: decision.lead_id.clone(),
        decision_id: decision.decision_id.clone(),
        decision_no: record.decision_no,
        decided_at: decision.decided_at,
        told_at: decision.decided_at,
        team_name: team.as_ref().map(|team| making.index.team_name(team)).unwrap_or_default(),
        team,
        person,
        tier: assignment.map(|assignment| assignment.tier.clone()),
        wrote_again: decision.duplicate_of.is_some(),
        why: why(record),
        due_at: assignment.map(|assignment| assignment.due_at),
        other: None,
        links: links(record, event, &to, making),
        to,
    }
}

/// A notice for somebody who does not have the lead: no more about the person than what tells which one it was.
fn away(
    record: &Record,
    event: NoticeEvent,
    rep_id: &RepId,
    other: Option<String>,
    making: &NoticeInputs<'_>,
) -> Notice {
    let whole = notice(record, event, rep(rep_id, making), making);
    let NoticePerson { name, company, .. } = whole.person;
    Notice {
        person: NoticePerson { name, company, ..NoticePerson::default() },
        why: Vec::new(),
        due_at: None,
        wrote_again: false,
        other,
        ..whole
    }
}

/// The lines of the decision without those about who was passed over.
fn why(record: &Record) -> Vec<String> {
    let candidates = record.asked.iter().flat_map(|asked| &asked.pick.candidates);
    let others: BTreeSet<&str> = candidates.filter_map(|candidate| candidate.excluded.as_deref()).collect();
    let is_own = |code: &str| !others.contains(code) && !code.ends_with("_unavailable");
    let lines = record.decision.reasons.iter().filter(|reason| is_own(&reason.code));
    lines.take(WHY_LINES_MAX).map(|reason| beginning(&reason.text, WHY_CHARS_MAX)).collect()
}

fn links(record: &Record, event: NoticeEvent, to: &Addressee, making: &NoticeInputs<'_>) -> NoticeLinks {
    let decision = &record.decision;
    let lead_id = &decision.lead_id;
    let base = making.public_url.map(|url| url.trim_end_matches('/')).filter(|url| is_web_address(url));
    let act = |kind: RepActionKind| {
        let rep_id = to.rep_id.clone().filter(|_| matches!(event, NoticeEvent::Assigned | NoticeEvent::Changed))?;
        let until = decision.decided_at.plus_ms(LINK_MS);
        let ticket = Ticket { lead_id: lead_id.clone(), decision_no: record.decision_no, kind, rep_id, until };
        Some(format!("{}/actions/{}", base?, ticket.token(making.link_key?)))
    };
    let booking = decision.assignment.as_ref().and_then(|assignment| assignment.booking_url.as_deref());
    let booking = booking.filter(|_| matches!(event, NoticeEvent::Assigned | NoticeEvent::Changed));
    let whole = |url: Option<&str>| url.filter(|url| is_web_address(url)).map(str::to_owned);
    NoticeLinks {
        lead: base.map(|base| format!("{base}/console/leads/{lead_id}")),
        crm: whole(making.crm_url),
        booking: whole(booking),
        accept: act(RepActionKind::Accept),
        decline: act(RepActionKind::Decline),
    }
}

/// The first characters of a text; a longer one ends with an ellipsis, which counts.
fn beginning(text: &str, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}
