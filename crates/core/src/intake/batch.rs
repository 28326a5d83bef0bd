//! Many leads in one body, CSV or NDJSON, read row by row: what is wrong with one row does not touch the others.

use crate::directory::{ImportKind, delimiter};
use crate::intake::alias::FieldMap;
use crate::intake::charset::{DECODED_AS_1252, TextDecoder, file_text};
use crate::intake::error::IntakeError;
use crate::intake::raw::{Note, RawLead};
use crate::intake::{form, json};
use crate::limits::BODY_BYTES_MAX;
use std::io::Cursor;

/// The rows of a body, one after the other.
pub struct Rows {
    source: BatchSource,
    /// Whether the encoding was guessed.
    is_guess: bool,
    /// The first row, when it was looked at.
    first: Option<Result<RawLead, IntakeError>>,
}

enum BatchSource {
    Csv { reader: csv::Reader<Cursor<Vec<u8>>>, header: Vec<String> },
    Ndjson { bytes: Vec<u8>, at: usize },
}

impl Rows {
    /// Opens a body in UTF-8, UTF-16 or Windows-1252. The first row of a CSV names the fields, as the names of a form do; a
    /// line `sep=;` before it, as Excel writes it, names the separator.
    ///
    /// # Errors
    /// As [`Self::decoded`].
    pub fn new(bytes: Vec<u8>, kind: ImportKind) -> Result<Self, IntakeError> {
        Self::decoded(bytes, kind, &TextDecoder::default())
    }

    /// Opens a body in the encoding that `decoder` knows.
    ///
    /// # Errors
    /// [`IntakeError::NotText`] for a workbook or an archive; [`IntakeError::UnknownCharset`].
    pub fn decoded(bytes: Vec<u8>, kind: ImportKind, decoder: &TextDecoder<'_>) -> Result<Self, IntakeError> {
        let (text, is_guess) = file_text(bytes, decoder)?;
        let (separator, text) = match kind {
            ImportKind::Csv => separator_line(text),
            ImportKind::Ndjson => (None, text),
        };
        let bytes = text.into_bytes();
        let source = match kind {
            ImportKind::Ndjson => BatchSource::Ndjson { bytes, at: 0 },
            ImportKind::Csv => {
                let delimiter = separator.unwrap_or_else(|| delimiter(&bytes));
                let mut builder = csv::ReaderBuilder::new();
                let mut reader = builder.delimiter(delimiter).flexible(true).from_reader(Cursor::new(bytes));
                let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
                let header = reader.byte_headers().map(|names| names.iter().map(text).collect()).unwrap_or_default();
                BatchSource::Csv { reader, header }
            }
        };
        Ok(Self { source, is_guess, first: None })
    }

    /// The next row, or `None` after the last one. Lines without a character are no rows.
    ///
    /// A row is an error when it cannot be read at all; what is wrong with its fields is in [`RawLead::problems`].
    pub fn next(&mut self, map: &FieldMap) -> Option<Result<RawLead, IntakeError>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let mut row = self.read(map);
        if let (Some(Ok(raw)), true) = (&mut row, self.is_guess) {
            raw.notes.push(Note { path: "fields".to_owned(), code: DECODED_AS_1252.to_owned() });
        }
        row
    }

    /// Whether there is a row; what was read of it is handed out by [`Self::next`].
    pub fn has_next(&mut self, map: &FieldMap) -> bool {
        if self.first.is_none() {
            self.first = self.next(map);
        }
        self.first.is_some()
    }

    fn read(&mut self, map: &FieldMap) -> Option<Result<RawLead, IntakeError>> {
        match &mut self.source {
            BatchSource::Ndjson { bytes, at } => {
                let line = next_line(bytes, at)?;
                Some(if line.len() > BODY_BYTES_MAX { Err(IntakeError::TooLarge) } else { json::read(line, map) })
            }
            BatchSource::Csv { reader, header } => {
                let mut record = csv::ByteRecord::new();
                // The reader is told to take rows of any length, and reads from memory, so it has nothing to fail at.
                if !reader.read_byte_record(&mut record).ok()? {
                    return None;
                }
                Some(cells(header, &record, map))
            }
        }
    }
}

/// The separator that a first line such as `sep=;` names, and the text behind that line.
fn separator_line(text: String) -> (Option<u8>, String) {
    let (line, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    let named = line.trim_end_matches('\r').trim_matches('"');
    match named.get(..4).zip(named.as_bytes().get(4..)) {
        Some((name, [separator])) if name.eq_ignore_ascii_case("sep=") => (Some(*separator), rest.to_owned()),
        _ => (None, text),
    }
}

/// The next line that has a character.
fn next_line<'a>(bytes: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    loop {
        let rest = bytes.get(*at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        *at = at.saturating_add(line.len()).saturating_add(1);
        if !line.trim_ascii().is_empty() {
            return Some(line);
        }
    }
}

fn cells(header: &[String], record: &csv::ByteRecord, map: &FieldMap) -> Result<RawLead, IntakeError> {
    if record.as_slice().len() > BODY_BYTES_MAX {
        return Err(IntakeError::TooLarge);
    }
    if record.iter().skip(header.len()).any(|cell| !cell.trim_ascii().is_empty()) {
        return Err(IntakeError::TooManyCells);
    }
    let pairs = header.iter().zip(record).filter(|(_, cell)| !cell.trim_ascii().is_empty());
    let pairs = pairs.map(|(name, cell)| (name.clone(), String::from_utf8_lossy(cell).into_owned())).collect();
    match form::from_parts(pairs, &[], map) {
        // A row of blanks: what it lacks is told like what any other row lacks.
        Err(IntakeError::EmptyBody) => Ok(RawLead::default()),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, kind: ImportKind) -> Vec<Result<Vec<(String, String)>, &'static str>> {
        let mut rows = Rows::new(body.as_bytes().to_vec(), kind).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next(&FieldMap::default()) {
            let pairs = |raw: RawLead| raw.pairs.into_iter().map(|pair| (pair.name.path(), pair.value)).collect();
            found.push(row.map(pairs).map_err(|error| error.code()));
        }
        found
    }

    fn pairs(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, &'static str> {
        Ok(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn names_of_columns_mean_what_names_of_a_form_mean() {
        let body =
            "\u{feff}Work Email;Firma;Budget\r\nada@a.example;A GmbH;\r\n\r\nbob@b.example;\"B; \"\"Co\"\"\";10k\r\n";
        assert_eq!(
            read(body, ImportKind::Csv),
            [
                pairs(&[("email", "ada@a.example"), ("company", "A GmbH")]),
                pairs(&[("email", "bob@b.example"), ("company", "B; \"Co\""), ("fields.budget", "10k")]),
            ]
        );
    }

    #[test]
    fn a_bad_row_stands_alone() {
        let body = "email,company\na@a.example\nb@b.example,B,extra\n,\nc@c.example,C,\n";
        assert_eq!(
            read(body, ImportKind::Csv),
            [
                pairs(&[("email", "a@a.example")]),
                Err("too_many_cells"),
                pairs(&[]),
                pairs(&[("email", "c@c.example"), ("company", "C")]),
            ]
        );
        let body = "{\"email\": \"a@a.example\"}\n\n{\"email\": \n[]\r\n{\"email\": \"b@b.example\"}";
        let expected = [
            pairs(&[("email", "a@a.example")]),
            Err("broken_json"),
            Err("not_an_object"),
            pairs(&[("email", "b@b.example")]),
        ];
        assert_eq!(read(body, ImportKind::Ndjson), expected);
    }

    #[test]
    fn files_of_spreadsheets_are_read() {
        let rows = [pairs(&[("email", "ada@a.example"), ("company", "Müller; Söhne")])];
        let body = "sep=;\r\nWork Email;Firma\r\nada@a.example;\"Müller; Söhne\"\r\n";
        assert_eq!(read(body, ImportKind::Csv), rows);
        let utf_16: Vec<u8> =
            format!("\u{feff}{}", body.replace("sep=;\r\n", "")).encode_utf16().flat_map(u16::to_le_bytes).collect();
        let western: Vec<u8> = body.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        for (bytes, is_guess) in [(utf_16, false), (western, true)] {
            let mut rows = Rows::new(bytes, ImportKind::Csv).unwrap();
            assert!(rows.has_next(&FieldMap::default()));
            let raw = rows.next(&FieldMap::default()).unwrap().unwrap();
            assert_eq!(raw.pairs[1].value, "Müller; Söhne");
            assert_eq!(raw.notes.iter().any(|note| note.code == DECODED_AS_1252), is_guess);
            assert!(!rows.has_next(&FieldMap::default()));
        }
        let error = Rows::new(b"PK\x03\x04...".to_vec(), ImportKind::Csv).err().unwrap();
        assert_eq!(error.code(), "not_text");
    }

    #[test]
    fn nothing_has_no_rows() {
        for body in ["", "\n\n", "email,company\n"] {
            assert_eq!(read(body, ImportKind::Csv), [], "{body:?}");
        }
        assert_eq!(read("\r\n \n", ImportKind::Ndjson), []);
    }

    #[test]
    fn a_row_may_be_as_large_as_a_body_and_no_larger() {
        let line = |size: usize| format!("{{\"email\":\"{}\"}}", "x".repeat(size - 12));
        assert!(read(&line(BODY_BYTES_MAX), ImportKind::Ndjson)[0].is_ok());
        assert_eq!(read(&line(BODY_BYTES_MAX + 1), ImportKind::Ndjson)[0], Err("body_too_large"));
        let row = |size: usize| format!("email\n{}\n", "x".repeat(size));
        assert!(read(&row(BODY_BYTES_MAX), ImportKind::Csv)[0].is_ok());
        assert_eq!(read(&row(BODY_BYTES_MAX + 1), ImportKind::Csv)[0], Err("body_too_large"));
    }
}
