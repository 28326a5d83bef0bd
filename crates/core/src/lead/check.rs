//! From what a sender said to a checked lead.

use crate::error::Problem;
use crate::facts::Signal;
use crate::id::{RepId, TeamId};
use crate::intake::{LeadField, Name, Note, RawLead, RawSignal};
use crate::lead::{Incumbent, Lead, Stated, StatedSize, Utm};
use crate::limits::{
    FIELD_NAME_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, MESSAGE_CHARS_MAX, NAME_CHARS_MAX, URL_CHARS_MAX, VALUE_CHARS_MAX,
};
use crate::normalize;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Judges every field of a raw lead and brings it into one spelling.
///
/// - Blanks, tabs and line ends become one blank each in fields of one line; `message` and the sender's own fields keep
///   their lines. Other control characters are taken out.
/// - What pasting and old encodings leave behind is mended first; see [`mend`](normalize::clean).
/// - A text without a normal form (a country nobody knows, a size in words) is kept as typed and makes no fact.
/// - Only the address can refuse a lead here. Any other text that is too long is cut, and one that is not what its field
///   holds (a time that cannot be read) is kept as a field of the sender's own; each with a note.
///
/// # Errors
/// Every problem at once, those of the body's shape first; never an empty list.
pub fn check(raw: RawLead, received_at: Timestamp) -> Result<Lead, Vec<Problem>> {
    let mut checker = LeadChecker { problems: raw.problems, notes: raw.notes, received_at, ..LeadChecker::default() };
    for pair in raw.pairs {
        match pair.name {
            Name::Known(known) => checker.known(known, &pair.value),
            Name::Own(name) => checker.own(name, &pair.value),
        }
    }
    let signals = checker.signals(raw.signals);
    let email = checker.email();
    let mut lead = match email {
        Some(email) if checker.problems.is_empty() => checker.lead(email),
        _ => return Err(checker.problems),
    };
    lead.signals = signals;
    Ok(lead)
}

/// Fields that passed, and what is wrong with the others.
#[derive(Default)]
struct LeadChecker {
    received_at: Timestamp,
    texts: BTreeMap<LeadField, String>,
    fields: BTreeMap<String, String>,
    submitted_at: Option<Timestamp>,
    incumbent: Incumbent,
    /// Whether the address was sent at all; a wrong one must not be reported as missing too.
    has_email: bool,
    problems: Vec<Problem>,
    notes: Vec<Note>,
}

impl LeadChecker {
    fn problem(&mut self, path: &str, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }

    fn note(&mut self, path: &str, code: &str) {
        let note = Note { path: path.to_owned(), code: code.to_owned() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn known(&mut self, known: LeadField, value: &str) {
        let path = known.path();
        self.has_email |= known == LeadField::Email;
        let text = normalize::clean(value);
        let text = if known == LeadField::Message { lines(&text) } else { normalize::collapse(&text) };
        if text.is_empty() {
            return;
        }
        if known == LeadField::Email {
            // Half of an address would be somebody else's, so nothing is taken out of one.
            self.texts.insert(known, text);
            return;
        }
        let text = self.fitted(path, text, chars_max(known));
        let is_kept = match known {
            LeadField::SubmissionId => text.len() <= IDEMPOTENCY_KEY_BYTES_MAX,
            LeadField::SubmittedAt => {
                self.submitted_at = moment(&text);
                self.submitted_at.is_some()
            }
            LeadField::IncumbentRepId => {
                self.incumbent.rep_id = RepId::new(&text).ok();
                self.incumbent.rep_id.is_some()
            }
            LeadField::IncumbentTeam => {
                self.incumbent.team = TeamId::new(&text).ok();
                self.incumbent.team.is_some()
            }
            _ => true,
        };
        let is_read = matches!(known, LeadField::SubmittedAt | LeadField::IncumbentRepId | LeadField::IncumbentTeam);
        if !is_kept {
            self.note(path, "kept_as_typed");
            self.own(path.to_owned(), &text);
        } else if !is_read && !text.is_empty() {
            self.texts.insert(known, text);
        }
    }

    fn own(&mut self, name: String, value: &str) {
        let path = Name::Own(name.clone()).path();
        let (name, is_cut) = own_name(&name);
        if is_cut {
            self.note(&path, "name_cut");
        }
        let text = self.fitted(&path, lines(&normalize::clean(value)), MESSAGE_CHARS_MAX);
        if !name.is_empty() && !text.is_empty() {
            self.fields.entry(name).or_insert(text);
        }
    }

    /// The text without control characters but tabs and line ends, and no longer than it may be.
    fn fitted(&mut self, path: &str, mut text: String, most: usize) -> String {
        if text.chars().any(is_control) {
            text.retain(|letter| !is_control(letter));
            self.note(path, "control_characters_removed");
        }
        if text.len() > most && text.chars().count() > most {
            text = text.chars().take(most).collect();
            self.note(path, "text_cut");
        }
        text
    }

    fn signals(&mut self, raw: Vec<RawSignal>) -> Vec<Signal> {
        let mut signals: Vec<Signal> = raw.into_iter().filter_map(|signal| self.signal(signal)).collect();
        signals.sort();
        signals.dedup();
        signals
    }

    fn signal(&mut self, raw: RawSignal) -> Option<Signal> {
        let path = format!("{}.signal", raw.path);
        let name = normalize::collapse(&normalize::clean(&raw.signal.unwrap_or_default())).to_lowercase();
        let name = self.fitted(&path, name, FIELD_NAME_BYTES_MAX);
        if name.is_empty() {
            self.note(&raw.path, "signal_dropped");
            return None;
        }
        let at = match raw.at.as_deref().map(moment) {
            None => self.received_at,
            // A clock that runs ahead must not make a signal that has not happened yet.
            Some(Some(moment)) => self.received_at.min(moment),
            Some(None) => {
                self.note(&raw.path, "signal_dropped");
                return None;
            }
        };
        Some(Signal { signal: name, at })
    }

    fn email(&mut self) -> Option<normalize::Email> {
        let path = LeadField::Email.path();
        let is_told = self.problems.iter().any(|problem| problem.path == path);
        let Some(text) = self.texts.remove(&LeadField::Email) else {
            if !self.has_email && !is_told {
                self.problem(path, "missing_email", "an email address is required");
            }
            return None;
        };
        let email = normalize::email(&text);
        if email.is_none() && !is_told {
            self.problem(path, "invalid_email", "not a valid email address (expected `name@host.tld`)");
        }
        email
    }

    fn lead(mut self, email: normalize::Email) -> Lead {
        let incumbent = std::mem::take(&mut self.incumbent);
        let country = self.stated(LeadField::Country, |text| normalize::country_code(text).map(str::to_owned));
        let home = country.as_ref().and_then(|country| country.normal.as_deref());
        Lead {
            received_at: self.received_at,
            submitted_at: self.submitted_at,
            email,
            website: self.stated(LeadField::Website, normalize::website_domain),
            phone: self.stated(LeadField::Phone, |text| normalize::e164(text, home)),
            country,
            postal_code: self.stated(LeadField::PostalCode, normalize::postal_code),
            language: self.stated(LeadField::Language, |text| normalize::language_code(text).map(str::to_owned)),
            linkedin: self.stated(LeadField::LinkedinUrl, normalize::linkedin_profile),
            employees: self
                .take(LeadField::Employees)
                .map(|typed| StatedSize { number: normalize::amount(&typed).map(normalize::Amount::as_number), typed }),
            utm: Utm {
                source: self.take(LeadField::UtmSource),
                medium: self.take(LeadField::UtmMedium),
                campaign: self.take(LeadField::UtmCampaign),
                term: self.take(LeadField::UtmTerm),
                content: self.take(LeadField::UtmContent),
            },
            submission_id: self.take(LeadField::SubmissionId),
            first_name: self.take(LeadField::FirstName),
            last_name: self.take(LeadField::LastName),
            name: self.take(LeadField::Name),
            company: self.take(LeadField::Company),
            title: self.take(LeadField::Title),
            region: self.take(LeadField::Region),
            message: self.take(LeadField::Message),
            source: self.take(LeadField::Source),
            form: self.take(LeadField::Form),
            partner: self.take(LeadField::Partner),
            incumbent: (incumbent != Incumbent::default()).then_some(incumbent),
            fields: self.fields,
            signals: Vec::new(),
            notes: self.notes,
        }
    }

    fn take(&mut self, known: LeadField) -> Option<String> {
        self.texts.remove(&known)
    }

    fn stated(&mut self, known: LeadField, normal: impl Fn(&str) -> Option<String>) -> Option<Stated> {
        self.take(known).map(|typed| Stated { normal: normal(&typed), typed })
    }
}

/// Longest text of a field, in characters.
const fn chars_max(known: LeadField) -> usize {
    match known {
        LeadField::FirstName | LeadField::LastName | LeadField::Name => NAME_CHARS_MAX,
        LeadField::Message => MESSAGE_CHARS_MAX,
        LeadField::Website | LeadField::LinkedinUrl => URL_CHARS_MAX,
        _ => VALUE_CHARS_MAX,
    }
}

fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
}

/// A moment: RFC 3339, or a date and time without a zone, which is taken for UTC; it decides nothing.
fn moment(text: &str) -> Option<Timestamp> {
    let with_t = text.trim().replacen(' ', "T", 1);
    let in_utc = || format!("{with_t}Z").parse().ok();
    let at_midnight = || format!("{with_t}T00:00:00Z").parse().ok();
    text.parse().ok().or_else(|| with_t.parse().ok()).or_else(in_utc).or_else(at_midnight)
}

/// The name of an own field as it is kept, within its limit, and whether it was cut.
fn own_name(name: &str) -> (String, bool) {
    let mut name = normalize::collapse(&normalize::clean(name));
    name.retain(|letter| !letter.is_control());
    let is_long = name.len() > FIELD_NAME_BYTES_MAX;
    if is_long {
        let end = (0..=FIELD_NAME_BYTES_MAX).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
        name.truncate(end);
    }
    (name.trim().to_owned(), is_long)
}

/// Free text: line ends as `\n`, no blanks around it.
fn lines(text: &str) -> String {
    text.trim().replace("\r\n", "\n").replace('\r', "\n")
}
