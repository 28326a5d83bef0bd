//! How well shapes of forms and payloads are read, counted and as a table of a document.

use lead_router_core::error::Problem;
use lead_router_core::intake::RawLead;
use lead_router_core::lead::Lead;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What the router reads of a shape, against what a person would.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Reading {
    /// Fields that a person would read and the router does not.
    pub missing: BTreeSet<String>,
    /// Fields of the person or the company that the router reads and no person would.
    pub misread: BTreeSet<String>,
    /// Why it is no lead.
    pub refused: Option<String>,
}

/// Fields that decide who a person and an account are, and what a rep sees first.
const TELLING: [&str; 12] = [
    "email",
    "first_name",
    "last_name",
    "name",
    "company",
    "website",
    "phone",
    "title",
    "country",
    "linkedin_url",
    "employees",
    "postal_code",
];

/// The texts of a raw lead by the paths of its fields.
pub fn texts(raw: &RawLead) -> BTreeMap<String, String> {
    raw.pairs.iter().map(|pair| (pair.name.path(), pair.value.clone())).collect()
}

impl Reading {
    pub fn of(
        lead: &Result<Lead, Vec<Problem>>,
        texts: &BTreeMap<String, String>,
        expect: &BTreeMap<String, String>,
    ) -> Self {
        match lead {
            Err(problems) => {
                let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
                Self { refused: Some(codes.join(" ")), ..Self::default() }
            }
            Ok(lead) => {
                let is_read = |path: &str, text: &str| match path {
                    "email" => lead.email.address == text,
                    _ => texts.get(path).is_some_and(|read| read == text),
                };
                let missing = expect.iter().filter(|(path, text)| !is_read(path, text)).map(|(path, _)| path.clone());
                let extra = TELLING.iter().filter(|path| texts.contains_key(**path) && !expect.contains_key(**path));
                Self {
                    missing: missing.collect(),
                    misread: extra.map(|path| (*path).to_owned()).collect(),
                    refused: None,
                }
            }
        }
    }
}

/// Shapes of one builder or sender.
#[derive(Default)]
pub struct Row {
    shapes: usize,
    read: usize,
    in_part: BTreeSet<String>,
    misread: BTreeSet<String>,
    refused: BTreeSet<String>,
}

/// All shapes.
#[derive(Default)]
pub struct Tally {
    pub shapes: usize,
    pub rows: BTreeMap<String, Row>,
    /// Shapes with an address that a person would read, and those of them that are leads with that address.
    addresses: (usize, usize),
    /// Fields beside the address that a person would read, and those that the router reads.
    fields: (usize, usize),
}

impl Tally {
    pub fn add(&mut self, from: &str, expect: &BTreeMap<String, String>, reading: &Reading) {
        self.shapes += 1;
        let row = self.rows.entry(from.to_owned()).or_default();
        row.shapes += 1;
        match &reading.refused {
            Some(code) => drop(row.refused.insert(code.clone())),
            None if reading.missing.is_empty() && reading.misread.is_empty() => row.read += 1,
            None => {
                row.in_part.extend(reading.missing.iter().cloned());
                row.misread.extend(reading.misread.iter().cloned());
            }
        }
        if expect.contains_key("email") {
            self.addresses.0 += 1;
            self.addresses.1 += usize::from(reading.refused.is_none() && !reading.missing.contains("email"));
        }
        let others = expect.keys().filter(|path| *path != "email");
        for path in others {
            self.fields.0 += 1;
            self.fields.1 += usize::from(reading.refused.is_none() && !reading.missing.contains(path));
        }
    }

    /// At least 98 of 100 shapes with an address are leads with it, and 90 of 100 other fields are read.
    pub fn assert_aims(&self) {
        let percent = |(all, good): (usize, usize)| good * 100 / all.max(1);
        assert!(percent(self.addresses) >= 98, "{:?}", self.addresses);
        assert!(percent(self.fields) >= 90, "{:?}", self.fields);
    }

    /// The table of the document, and the line before it.
    pub fn table(&self, what: &str) -> String {
        let mut text = format!(
            "{} of {} shapes with an address are leads with that address, without any setting; of their other fields that a \
             person would read, {} of {} are read.\n\n| {what} | shapes | read as a person would | in part, without | misread | refused |\n\
             |---|---|---|---|---|---|\n",
            self.addresses.1, self.addresses.0, self.fields.1, self.fields.0
        );
        let list = |items: &BTreeSet<String>| {
            items.iter().map(|item| format!("`{}`", item.replace(' ', "` `"))).collect::<Vec<_>>().join(", ")
        };
        for (from, row) in &self.rows {
            let _ = writeln!(
                text,
                "| {from} | {} | {} | {} | {} | {} |",
                row.shapes,
                row.read,
                list(&row.in_part),
                list(&row.misread),
                list(&row.refused)
            );
        }
        text
    }
}

/// Asserts that a document has this table between its marks.
pub fn assert_document(path: &str, table: &str) {
    let path = format!("{}/{path}", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- shapes -->\n", "<!-- /shapes -->");
    let (_, after) = text.split_once(start).unwrap_or_else(|| panic!("{path} has no {start}"));
    let (found, _) = after.split_once(end).unwrap();
    assert!(found == table, "{path} has another table than this one:\n{table}");
}
