//! A lead as a sender's file puts it together.
//!
//! Nobody can correct a webhook and send it again, so what would make a typed form invalid is mended here: names that
//! are too long are cut, control characters are left out, texts beyond the limits are cut. Each leaves a note.
// Nothing here is inlined: every sender's file calls it often, and the size of the program counts.

use crate::id::{RepId, TeamId};
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField, Name, Note, RawLead, RawSignal, flatten, is_about_the_lead, telling_name};
use crate::limits::{
    FIELD_NAME_BYTES_MAX, FIELDS_MAX, IDEMPOTENCY_KEY_BYTES_MAX, MESSAGE_CHARS_MAX, NAME_CHARS_MAX, URL_CHARS_MAX,
    VALUE_CHARS_MAX,
};
use crate::normalize;
use crate::time::Timestamp;
use crate::webhook::payload;

/// A lead in the making.
pub struct Draft<'a> {
    map: &'a FieldMap,
    known: Vec<(LeadField, String)>,
    pairs: Vec<(String, String)>,
    signals: Vec<RawSignal>,
}

impl<'a> Draft<'a> {
    /// A lead from a sender, which is its source unless the payload says another. `map` says what its names mean.
    pub fn new(map: &'a FieldMap) -> Self {
        Self { map, known: Vec::new(), pairs: Vec::new(), signals: Vec::new() }
    }

    /// Says what a known field is. The first text counts; an empty one does not.
    #[inline(never)]
    pub fn set(&mut self, known: LeadField, text: Option<String>) {
        if let Some(text) = text.filter(|text| !text.trim().is_empty())
            && !self.has(known)
        {
            self.known.push((known, text));
        }
    }

    /// Whether a known field was said.
    #[inline(never)]
    pub fn has(&self, known: LeadField) -> bool {
        self.known.iter().any(|(other, _)| *other == known)
    }

    /// Adds a field under the sender's name for it.
    #[inline(never)]
    pub fn add(&mut self, name: &str, text: Option<String>) {
        if let Some(text) = text {
            self.pairs.push((name.to_owned(), text));
        }
    }

    /// Adds an answer to a question of a form; `kind` is the form's type of the question. The first question for an address
    /// or a telephone number of the lead is that, unless the sender's settings say what the question means.
    #[inline(never)]
    pub fn answer(&mut self, question: &str, kind: &str, text: Option<String>) {
        let kind = kind.to_lowercase();
        let field = match () {
            () if kind.contains("email") => Some(LeadField::Email),
            () if kind.contains("phone") || kind == "tel" => Some(LeadField::Phone),
            () => None,
        };
        let is_mapped = self.map.resolve(question).is_some();
        match field {
            Some(field) if !is_mapped && !self.has(field) && is_about_the_lead(question) => self.set(field, text),
            _ => self.add(question, text),
        }
    }

    /// The better of two names of one field: the first, unless only the second means something.
    pub fn telling_name<'n>(&self, name: &'n str, other: &'n str) -> &'n str {
        telling_name(name, other, self.map)
    }

    /// Adds the fields of an object. An inner object's fields are named after both, such as `company_name`, unless the
    /// outer one only wraps a lead. An object or an item of a list that has a question and its answer is a field.
    #[inline(never)]
    pub fn object(&mut self, node: &JsonNode) {
        for field in flatten(node, self.map) {
            if field.kind.is_empty() {
                self.add(&field.name, Some(field.text));
            } else {
                self.answer(&field.name, &field.kind, Some(field.text));
            }
        }
    }

    /// Says when the person sent the form: RFC 3339, ISO 8601, or milliseconds since 1970. Anything else is left out.
    #[inline(never)]
    pub fn submitted_at(&mut self, node: &JsonNode) {
        let moment = match node.number() {
            Some(ms) => Some(Timestamp::from_ms(ms)),
            None => node.text().parse().ok(),
        };
        self.set(LeadField::SubmittedAt, moment.map(|moment| moment.to_string()));
    }

    /// Adds an intent signal. One without a moment that can be read happened now.
    pub fn signal(&mut self, name: &str, at: &JsonNode) {
        let name: String = payload::tidy(name).chars().take(FIELD_NAME_BYTES_MAX / 4).collect();
        if !name.trim().is_empty() {
            let at: Option<Timestamp> = at.text().parse().ok();
            let at = at.map(|moment| moment.to_string());
            self.signals.push(RawSignal { path: "intent[0]".to_owned(), signal: Some(name.replace(' ', "_")), at });
        }
    }

    /// The lead. `source` is where it came from, unless the payload says so.
    #[inline(never)]
    pub fn finish(self, source: &str) -> RawLead {
        let Self { map, known, pairs, signals } = self;
        let mut all: Vec<(String, String)> =
            known.iter().map(|(known, text)| (known.path().to_owned(), text.clone())).collect();
        for (name, text) in pairs {
            match LeadField::from_path(&name.trim().to_lowercase()) {
                // The sender's file knows better what the field is; another text under its name is not lost.
                Some(field) if known.iter().any(|(other, said)| *other == field && *said == text) => {}
                Some(field) if known.iter().any(|(other, _)| *other == field) => {
                    all.push((format!("fields.{name}"), text))
                }
                _ if is_unreadable(&name, &text) => all.push((format!("fields.{name}"), text)),
                _ => all.push((name, text)),
            }
        }
        let mut notes = Vec::new();
        if all.len() > FIELDS_MAX {
            all.truncate(FIELDS_MAX);
            notes.push(Note { path: "fields".to_owned(), code: "fields_dropped".to_owned() });
        }
        let mut raw = RawLead::from_pairs(first_address_only(all), map);
        raw.set_default(LeadField::Source, source);
        for pair in &mut raw.pairs {
            if let Name::Own(name) = &mut pair.name {
                *name = short_name(name);
            }
            let text = fitting(&pair.name, &pair.value);
            if text != pair.value {
                notes.push(Note { path: pair.name.path(), code: "text_cut".to_owned() });
                pair.value = text;
            }
        }
        raw.signals = signals;
        raw.notes.append(&mut notes);
        raw
    }
}

/// Whether a field means one that has to be written in a certain way, and is not: it is the sender's own then.
fn is_unreadable(name: &str, text: &str) -> bool {
    match LeadField::from_alias(name) {
        Some(LeadField::SubmittedAt) => text.trim().parse::<Timestamp>().is_err(),
        Some(LeadField::IncumbentRepId) => RepId::new(text.trim()).is_err(),
        Some(LeadField::IncumbentTeam) => TeamId::new(text.trim()).is_err(),
        Some(LeadField::SubmissionId) => text.len() > IDEMPOTENCY_KEY_BYTES_MAX,
        _ => false,
    }
}

/// Pairs with one address under each name: a second one under the same name cannot be told from the first, and must
/// not refuse the lead.
fn first_address_only(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (name, text) in pairs {
        let is_again =
            LeadField::from_alias(&name) == Some(LeadField::Email) && kept.iter().any(|(other, _)| *other == name);
        kept.push(if is_again { (format!("fields.{name}"), text) } else { (name, text) });
    }
    kept
}

/// A name within its limit: the questions of forms are whole sentences.
fn short_name(name: &str) -> String {
    let name = payload::tidy(name);
    // As it is judged later: some letters are longer in lower case, or when they are composed.
    let fits = |name: &str| normalize::collapse(&normalize::clean(&name.to_lowercase())).len() <= FIELD_NAME_BYTES_MAX;
    let mut end = name.len().min(FIELD_NAME_BYTES_MAX);
    while end > 0 && !name.get(..end).is_some_and(fits) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or_default().to_owned()
}

/// A text within the limit of its field. An address is left alone: half of one would be somebody else's.
fn fitting(name: &Name, text: &str) -> String {
    let most = match name {
        Name::Known(LeadField::Email) => return text.to_owned(),
        Name::Known(LeadField::FirstName | LeadField::LastName | LeadField::Name) => NAME_CHARS_MAX,
        Name::Known(LeadField::Message) | Name::Own(_) => MESSAGE_CHARS_MAX,
        Name::Known(LeadField::Website | LeadField::LinkedinUrl) => URL_CHARS_MAX,
        Name::Known(_) => VALUE_CHARS_MAX,
    };
    payload::tidy(text).chars().take(most).collect()
}
