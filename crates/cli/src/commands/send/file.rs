//! Leads of a file, row by row: as they are sent, and as they were written.

use crate::output::CommandFailure;
use lead_router_core::directory::ImportKind;
use lead_router_core::hash::sha256_hex;
use lead_router_core::intake::LeadField;
use serde_json::{Map, Value};

/// Hexadecimal digits of a row's key.
const KEY_DIGITS: usize = 40;
/// Names under which a JSON lead has objects and lists; a column of that name is a field of the business's own.
const SECTIONS: [&str; 4] = ["fields", "utm", "intent", "incumbent"];

/// The rows of a file.
pub struct SentTable {
    header: Option<csv::ByteRecord>,
    rows: Vec<SentRow>,
}

enum SentRow {
    Cells(csv::ByteRecord),
    Line(String),
}

impl SentTable {
    /// Reads a file.
    ///
    /// # Errors
    /// `invalid_input` when the file has no rows, or a CSV has no header.
    pub fn read(bytes: &[u8], kind: ImportKind) -> Result<Self, CommandFailure> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let table = match kind {
            ImportKind::Csv => {
                let mut reader =
                    csv::ReaderBuilder::new().flexible(true).delimiter(delimiter(bytes)).from_reader(bytes);
                let header = reader.byte_headers().map_err(|error| unreadable(&error))?.clone();
                let rows = reader.byte_records().map(|record| record.map(SentRow::Cells)).collect::<Result<_, _>>();
                Self { header: Some(header), rows: rows.map_err(|error| unreadable(&error))? }
            }
            ImportKind::Ndjson => {
                let text = String::from_utf8_lossy(bytes);
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                Self { header: None, rows: lines.map(|line| SentRow::Line(line.to_owned())).collect() }
            }
        };
        if table.rows.is_empty() {
            return Err(CommandFailure::new("invalid_input", "the file has no leads"));
        }
        Ok(table)
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// A row as a line of NDJSON with a `submission_id`: its own, or a hash of what it says, so that the same row is the
    /// same lead whatever stands around it. Rows are counted from 1.
    pub fn as_json(&self, row: usize) -> String {
        match row.checked_sub(1).and_then(|index| self.rows.get(index)) {
            None => String::new(),
            Some(SentRow::Line(line)) => match serde_json::from_str::<Map<String, Value>>(line) {
                Ok(lead) => with_key(lead, line.as_bytes()),
                // What is no object is sent as it is: the answer says what is wrong with it.
                Err(_) => line.clone(),
            },
            Some(SentRow::Cells(cells)) => {
                let mut lead = Map::new();
                let mut content = Vec::new();
                for (name, cell) in self.header.iter().flatten().zip(cells) {
                    let (name, cell) = (String::from_utf8_lossy(name), String::from_utf8_lossy(cell));
                    if name.trim().is_empty() || cell.trim().is_empty() {
                        continue;
                    }
                    content.extend_from_slice(format!("{name}\0{cell}\0").as_bytes());
                    let name = name.trim();
                    let is_section = SECTIONS.iter().any(|section| section.eq_ignore_ascii_case(name));
                    let name = if is_section { format!("fields.{name}") } else { name.to_owned() };
                    match lead.get_mut(&name) {
                        Some(Value::String(before)) => *before = format!("{before}, {cell}"),
                        _ => {
                            lead.insert(name, Value::String(cell.into_owned()));
                        }
                    }
                }
                with_key(lead, &content)
            }
        }
    }

    /// Rows as they were written, with the header that they had.
    pub fn as_written(&self, rows: impl Iterator<Item = usize>) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        if let Some(header) = &self.header {
            let _ = writer.write_byte_record(header);
        }
        let mut lines = String::new();
        for row in rows {
            match row.checked_sub(1).and_then(|index| self.rows.get(index)) {
                Some(SentRow::Cells(cells)) => {
                    let _ = writer.write_byte_record(cells);
                }
                Some(SentRow::Line(line)) => {
                    lines.push_str(line);
                    lines.push('\n');
                }
                None => {}
            }
        }
        if self.header.is_none() { lines.into_bytes() } else { writer.into_inner().unwrap_or_default() }
    }
}

fn with_key(mut lead: Map<String, Value>, content: &[u8]) -> String {
    let has_key = lead.iter().any(|(name, value)| {
        LeadField::from_alias(name) == Some(LeadField::SubmissionId)
            && value.as_str().is_none_or(|text| !text.trim().is_empty())
    });
    if !has_key {
        let key: String = sha256_hex(content).chars().take(KEY_DIGITS).collect();
        lead.insert("submission_id".to_owned(), Value::String(key));
    }
    Value::Object(lead).to_string()
}

fn unreadable(error: &csv::Error) -> CommandFailure {
    CommandFailure::new("invalid_input", format!("the file is not CSV: {error}"))
}

/// The separator: the one of `,`, `;` and tab that the header has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sought: u8| header.iter().filter(|byte| **byte == sought).count();
    [b';', b'\t'].into_iter().fold(b',', |best, next| if count(next) > count(best) { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(table: &SentTable, row: usize) -> Value {
        serde_json::from_str(&table.as_json(row)).unwrap()
    }

    #[test]
    fn a_row_has_the_same_key_wherever_it_stands() {
        let one = SentTable::read(b"email,company\na@a.example,A\nb@b.example,B\n", ImportKind::Csv).unwrap();
        let other = SentTable::read(b"email;company;note\nb@b.example;B;\n", ImportKind::Csv).unwrap();
        assert_eq!(json(&one, 2), json(&other, 1));
        assert_ne!(json(&one, 1)["submission_id"], json(&one, 2)["submission_id"]);
    }

    #[test]
    fn an_id_of_the_file_is_kept_under_any_of_its_names() {
        let table = SentTable::read(b"E-Mail,Entry ID\na@a.example,7\n", ImportKind::Csv).unwrap();
        assert_eq!(json(&table, 1), serde_json::json!({"E-Mail": "a@a.example", "Entry ID": "7"}));
        let table =
            SentTable::read(b"{\"email\": \"a@a.example\", \"submission_id\": \"7\"}\n", ImportKind::Ndjson).unwrap();
        assert_eq!(json(&table, 1)["submission_id"], "7");
    }

    #[test]
    fn refused_rows_are_written_as_they_were() {
        let table = SentTable::read(b"email,company\na,\"A, Inc\"\nb,B\nc,C,more\n", ImportKind::Csv).unwrap();
        let text = String::from_utf8(table.as_written([1, 3].into_iter())).unwrap();
        assert_eq!(text, "email,company\na,\"A, Inc\"\nc,C,more\n");
        let table = SentTable::read(b"{\"email\": 1}\nnonsense\n", ImportKind::Ndjson).unwrap();
        assert_eq!(table.as_written([2].into_iter()), b"nonsense\n");
        assert_eq!(table.as_json(2), "nonsense");
    }
}
