//! From what a sender said to a checked lead.

use crate::error::Problem;
use crate::facts::Signal;
use crate::id::{RepId, TeamId};
use crate::intake::{LeadField, Name, RawLead, RawSignal};
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
///   their lines. Other control characters are refused, since no person types them.
/// - What pasting and old encodings leave behind is mended first; see [`mend`](normalize::clean).
/// - A text without a normal form (a country nobody knows, a size in words) is kept as typed and makes no fact.
///
/// # Errors
/// Every problem at once, those of the body's shape first; never an empty list.
pub fn check(raw: RawLead, received_at: Timestamp) -> Result<Lead, Vec<Problem>> {
    let mut checker = LeadChecker { problems: raw.problems, received_at, ..LeadChecker::default() };
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
    lead.notes = raw.notes;
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
}

impl LeadChecker {
    fn problem(&mut self, path: &str, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }

    fn known(&mut self, known: LeadField, value: &str) {
        let path = known.path();
        self.has_email |= known == LeadField::Email;
        let text = normalize::clean(value);
        let text = if known == LeadField::Message { lines(&text) } else { normalize::collapse(&text) };
        if text.is_empty() || !self.is_clean(path, &text) || !self.is_short(path, &text, chars_max(known)) {
            return;
        }
        match known {
            LeadField::SubmissionId if text.len() > IDEMPOTENCY_KEY_BYTES_MAX => {
                self.problem(path, "too_long", &format!("expected {IDEMPOTENCY_KEY_BYTES_MAX} bytes at most"));
            }
            LeadField::SubmittedAt => match text.parse() {
                Ok(moment) => self.submitted_at = Some(moment),
                Err(_) => self.problem(path, "invalid_time", "expected a timestamp such as `2026-11-02T09:00:00Z`"),
            },
            LeadField::IncumbentRepId => match RepId::new(&text) {
                Ok(id) => self.incumbent.rep_id = Some(id),
                Err(error) => self.problem(path, "invalid_id", &error.to_string()),
            },
            LeadField::IncumbentTeam => match TeamId::new(&text) {
                Ok(id) => self.incumbent.team = Some(id),
                Err(error) => self.problem(path, "invalid_id", &error.to_string()),
            },
            _ => {
                self.texts.insert(known, text);
            }
        }
    }

    fn own(&mut self, name: String, value: &str) {
        let path = Name::Own(name.clone()).path();
        let name = normalize::collapse(&normalize::clean(&name));
        if name.len() > FIELD_NAME_BYTES_MAX {
            return self.problem(
                &path,
                "name_too_long",
                &format!("a field name may have at most {FIELD_NAME_BYTES_MAX} bytes"),
            );
        }
        let text = lines(&normalize::clean(value));
        let is_good = self.is_clean(&path, &name) && self.is_clean(&path, &text);
        if is_good && self.is_short(&path, &text, MESSAGE_CHARS_MAX) && !name.is_empty() && !text.is_empty() {
            self.fields.insert(name, text);
        }
    }

    /// Whether the text has no control character but tabs and line ends.
    fn is_clean(&mut self, path: &str, text: &str) -> bool {
        let is_clean = text.chars().all(|letter| !letter.is_control() || letter == '\n' || letter == '\t');
        if !is_clean {
            self.problem(path, "control_character", "remove control characters");
        }
        is_clean
    }

    fn is_short(&mut self, path: &str, text: &str, most: usize) -> bool {
        let is_short = text.len() <= most || text.chars().count() <= most;
        if !is_short {
            self.problem(path, "too_long", &format!("expected {most} characters at most"));
        }
        is_short
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
        if name.is_empty() {
            self.problem(&path, "missing_signal", "expected the name of a signal, such as `pricing_page`");
            return None;
        }
        let is_good = self.is_clean(&path, &name) && self.is_short(&path, &name, FIELD_NAME_BYTES_MAX);
        let at = match raw.at.as_deref().map(str::parse) {
            None => self.received_at,
            // A clock that runs ahead must not make a signal that has not happened yet.
            Some(Ok(moment)) => self.received_at.min(moment),
            Some(Err(_)) => {
                let message = "expected a timestamp such as `2026-11-02T09:00:00Z`";
                self.problem(&format!("{}.at", raw.path), "invalid_time", message);
                return None;
            }
        };
        is_good.then_some(Signal { signal: name, at })
    }

    fn email(&mut self) -> Option<normalize::Email> {
        let Some(text) = self.texts.remove(&LeadField::Email) else {
            if !self.has_email && self.problems.iter().all(|problem| problem.path != LeadField::Email.path()) {
                self.problem(LeadField::Email.path(), "missing_email", "an email address is required");
            }
            return None;
        };
        let email = normalize::email(&text);
        if email.is_none() && self.problems.iter().all(|problem| problem.path != LeadField::Email.path()) {
            self.problem(
                LeadField::Email.path(),
                "invalid_email",
                "not a valid email address (expected `name@host.tld`)",
            );
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
            notes: Vec::new(),
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

/// Free text: line ends as `\n`, no blanks around it.
fn lines(text: &str) -> String {
    text.trim().replace("\r\n", "\n").replace('\r', "\n")
}
