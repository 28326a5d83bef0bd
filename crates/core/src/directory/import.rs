//! Reading a whole directory.

use crate::directory::DirectoryRow;
use crate::directory::lines::Lines;
use crate::directory::row::{DirectoryColumn, row};
use crate::error::Problem;
use crate::intake::json_tree::JsonNode;
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_ROWS_MAX, PROBLEMS_MAX};
use std::collections::BTreeMap;

/// How the directory is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// Comma-separated values with a header. Semicolons and tabs are recognized by the header.
    Csv,
    /// One JSON object a line, with the columns as keys.
    Ndjson,
}

impl ImportKind {
    /// The kind that a content type names, or `None`.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "text/csv" | "application/csv" => Some(Self::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Some(Self::Ndjson)
            }
            _ => None,
        }
    }
}

/// What came of an import: the good rows, and what is wrong with the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// Good rows in the order of the file, one per domain.
    pub rows: Vec<DirectoryRow>,
    /// What is wrong, with line numbers; at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// How many problems there are, also those beyond the list.
    pub problem_count: usize,
}

/// Reads a directory. Bad rows are named and left out, good rows are kept.
///
/// A header with an unknown or repeated column, or without `domain`, makes the file as a whole unusable: a misspelled
/// `named_account` must not import every account as not named. Of two rows with the same domain the last counts, and
/// a problem says so. Reading ends at the limit of rows.
#[must_use]
pub fn parse(bytes: &[u8], kind: ImportKind) -> Import {
    let mut import = ImportReader::default();
    if bytes.len() > IMPORT_BYTES_MAX {
        import.problem(1, Problem::new("file", "file_too_large", format!("expected {IMPORT_BYTES_MAX} bytes at most")));
        return import.finish();
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        import.problem(1, Problem::new("file", "empty_file", "expected a header and rows"));
        return import.finish();
    }
    match kind {
        ImportKind::Csv => import.csv(bytes),
        ImportKind::Ndjson => import.ndjson(bytes),
    }
    import.finish()
}

#[derive(Default)]
struct ImportReader {
    rows: Vec<DirectoryRow>,
    /// Where the row of a domain stands, and its line.
    places: BTreeMap<String, (usize, u32)>,
    count: usize,
    problems: Vec<Problem>,
    problem_count: usize,
}

impl ImportReader {
    fn problem(&mut self, line: u32, problem: Problem) {
        self.problem_count = self.problem_count.saturating_add(1);
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { line: Some(line), ..problem });
        }
    }

    fn finish(self) -> Import {
        Import { rows: self.rows, problems: self.problems, problem_count: self.problem_count }
    }

    fn csv(&mut self, bytes: &[u8]) {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter(bytes)).has_headers(false).flexible(true).from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let mut columns: Option<Vec<DirectoryColumn>> = None;
        let mut lines = Lines::new(bytes);
        while let Ok(true) = reader.read_byte_record(&mut record) {
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            let Some(columns) = &columns else {
                match self.header(&record, line) {
                    Some(header) => columns = Some(header),
                    None => return,
                }
                continue;
            };
            if !self.is_room(line) {
                return;
            }
            match cells(columns, &record) {
                Ok(cells) => self.row(line, &cells),
                Err(problem) => self.problem(line, problem),
            }
        }
    }

    /// The columns in the order of the header, or `None` when the file cannot be read with it.
    fn header(&mut self, record: &csv::ByteRecord, line: u32) -> Option<Vec<DirectoryColumn>> {
        let mut columns = Vec::with_capacity(record.len());
        let before = self.problem_count;
        for name in record {
            match DirectoryColumn::named(&String::from_utf8_lossy(name)) {
                Ok(column) if columns.contains(&column) => {
                    let message = "the column is repeated in the header";
                    self.problem(line, Problem::new(column.as_str(), "duplicate_column", message));
                }
                Ok(column) => columns.push(column),
                Err(problem) => self.problem(line, problem),
            }
        }
        if !columns.contains(&DirectoryColumn::Domain) {
            let message = "expected a header with the column `domain`";
            self.problem(line, Problem::new(DirectoryColumn::Domain.as_str(), "missing_column", message));
        }
        (self.problem_count == before).then_some(columns)
    }

    fn ndjson(&mut self, bytes: &[u8]) {
        for (index, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX);
            if text.trim_ascii().is_empty() {
                continue;
            }
            if !self.is_room(line) {
                return;
            }
            match object(text) {
                Ok(cells) => self.row(line, &cells),
                Err(problems) => problems.into_iter().for_each(|problem| self.problem(line, problem)),
            }
        }
    }

    /// Whether another row may be read; a problem when not.
    fn is_room(&mut self, line: u32) -> bool {
        if self.count >= IMPORT_ROWS_MAX {
            let message = format!("the limit is {IMPORT_ROWS_MAX} rows; this one and all later ones are skipped");
            self.problem(line, Problem::new("file", "too_many_rows", message));
            return false;
        }
        self.count = self.count.saturating_add(1);
        true
    }

    fn row(&mut self, line: u32, cells: &[(DirectoryColumn, String)]) {
        let row = match row(cells) {
            Ok(row) => row,
            Err(problems) => return problems.into_iter().for_each(|problem| self.problem(line, problem)),
        };
        let place = self.places.get(&row.domain).copied();
        match place.and_then(|(index, earlier)| Some((self.rows.get_mut(index)?, index, earlier))) {
            Some((slot, index, earlier)) => {
                self.places.insert(row.domain.clone(), (index, line));
                *slot = row;
                let message = format!("the domain is also in line {earlier}; this later row wins");
                self.problem(line, Problem::new(DirectoryColumn::Domain.as_str(), "duplicate_domain", message));
            }
            None => {
                self.places.insert(row.domain.clone(), (self.rows.len(), line));
                self.rows.push(row);
            }
        }
    }
}

/// The separator: the one of `,`, `;` and tab that the header has most of.
pub(crate) fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sought: u8| header.iter().filter(|byte| **byte == sought).count();
    let (commas, semicolons, tabs) = (count(b','), count(b';'), count(b'\t'));
    if semicolons > commas && semicolons >= tabs {
        b';'
    } else if tabs > commas {
        b'\t'
    } else {
        b','
    }
}

fn cells(columns: &[DirectoryColumn], record: &csv::ByteRecord) -> Result<Vec<(DirectoryColumn, String)>, Problem> {
    if record.len() != columns.len() {
        let message = format!("expected {} cells as in the header", columns.len());
        return Err(Problem::new("row", "wrong_cell_count", message));
    }
    let texts: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
    let texts = texts.map_err(|_| Problem::new("row", "bad_encoding", "expected UTF-8"))?;
    Ok(columns.iter().copied().zip(texts.into_iter().map(str::to_owned)).collect())
}

fn object(text: &[u8]) -> Result<Vec<(DirectoryColumn, String)>, Vec<Problem>> {
    let node: JsonNode = serde_json::from_slice(text)
        .map_err(|_| vec![Problem::new("row", "broken_json", "expected one JSON object in the line")])?;
    let JsonNode::Object(entries) = node else {
        return Err(vec![Problem::new("row", "not_an_object", "expected one JSON object in the line")]);
    };
    let mut cells: Vec<(DirectoryColumn, String)> = Vec::new();
    let mut problems = Vec::new();
    for (key, node) in entries {
        let column = match DirectoryColumn::named(&key) {
            Ok(column) => column,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let text = match node {
            JsonNode::Null => String::new(),
            JsonNode::Text(text) | JsonNode::Number(text) => text,
            JsonNode::Flag(flag) => flag.to_string(),
            JsonNode::List(_) | JsonNode::Object(_) | JsonNode::TooDeep => {
                problems.push(Problem::new(column.as_str(), "wrong_type", "expected a string, a number or a boolean"));
                continue;
            }
        };
        if cells.iter().any(|(seen, _)| *seen == column) {
            problems.push(Problem::new(column.as_str(), "duplicate_key", "the key is repeated; send it once"));
        }
        cells.push((column, text));
    }
    if problems.is_empty() { Ok(cells) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::AccountStatus;

    fn csv(text: &str) -> Import {
        parse(text.as_bytes(), ImportKind::Csv)
    }

    fn codes(import: &Import) -> Vec<(u32, &str, &str)> {
        import.problems.iter().map(|p| (p.line.unwrap_or_default(), p.path.as_str(), p.code.as_str())).collect()
    }

    #[test]
    fn lines_are_those_of_an_editor_whatever_the_line_end_and_inside_quotes() {
        for end in ["\n", "\r\n"] {
            let rows = ["domain,name", "a.example,A", ",nobody", "b.example,\"B\nB\"", ",nobody", "", ",nobody"];
            let import = csv(&rows.join(end));
            let lines: Vec<u32> = import.problems.iter().filter_map(|problem| problem.line).collect();
            assert_eq!(lines, [3, 6, 8], "{end:?}");
        }
    }

    #[test]
    fn the_order_of_columns_is_free_and_cells_are_normalized() {
        let import = csv(
            "Status,Named Account,domain,COUNTRY,employees\nCustomer,yes,https://www.A.example/x,Deutschland,\"1,200\"\n",
        );
        assert_eq!(codes(&import), []);
        let row = &import.rows[0];
        assert_eq!(
            (row.domain.as_str(), row.country.as_deref(), row.employees),
            ("a.example", Some("de"), Some(1_200))
        );
        assert!(row.named_account);
        assert_eq!(row.status, AccountStatus::Customer);
    }

    #[test]
    fn every_bad_cell_of_every_bad_row_is_named_and_good_rows_stay() {
        let import = csv("domain,employees,revenue_usd,country,named_account,owner_rep_id,status\n\
            good.example,,,,,,\n\
            nodots,-1,1.5,Atlantis,maybe,a b,friend\n\
            ,,,,,,\n\
            short\n\
            good2.example,1,2,US,false,ann,prospect\n");
        assert_eq!(
            codes(&import),
            [
                (3, "domain", "invalid_domain"),
                (3, "employees", "invalid_number"),
                (3, "revenue_usd", "invalid_number"),
                (3, "country", "unknown_country"),
                (3, "named_account", "invalid_flag"),
                (3, "owner_rep_id", "invalid_id"),
                (3, "status", "unknown_status"),
                (4, "domain", "missing_domain"),
                (5, "row", "wrong_cell_count"),
            ]
        );
        let domains: Vec<&str> = import.rows.iter().map(|row| row.domain.as_str()).collect();
        assert_eq!(domains, ["good.example", "good2.example"]);
    }

    #[test]
    fn a_wrong_header_imports_nothing_and_helps() {
        let import = csv("domain,named_acount,domain\na.example,true,b.example\n");
        assert_eq!(codes(&import), [(1, "named_acount", "unknown_column"), (1, "domain", "duplicate_column")]);
        assert_eq!(import.problems[0].help.as_deref(), Some("did you mean `named_account`?"));
        assert_eq!(import.rows, vec![]);
        assert_eq!(codes(&csv("name\nA\n")), [(1, "domain", "missing_column")]);
    }

    #[test]
    fn of_two_rows_with_one_domain_the_last_counts() {
        let import = csv("domain,name\na.example,One\nb.example,Two\nwww.a.example,Three\na.example,Four\n");
        assert_eq!(codes(&import), [(4, "domain", "duplicate_domain"), (5, "domain", "duplicate_domain")]);
        let names: Vec<Option<&str>> = import.rows.iter().map(|row| row.name.as_deref()).collect();
        assert_eq!(names, [Some("Four"), Some("Two")]);
    }

    #[test]
    fn files_from_spreadsheets_are_read() {
        for text in [
            "\u{feff}domain;name\r\na.example;A, Inc.\r\n",
            "domain\tname\r\na.example\tA, Inc.\r\n",
            "domain,name\ra.example,\"A, Inc.\"\r",
        ] {
            let import = csv(text);
            assert_eq!(codes(&import), [], "{text}");
            assert_eq!(import.rows[0].name.as_deref(), Some("A, Inc."), "{text}");
        }
    }

    #[test]
    fn ndjson_rows_are_judged_like_csv_rows() {
        let text =
            b"{\"domain\":\"a.example\",\"employees\":5,\"named_account\":true,\"name\":null}\n\n[1]\n{\"domain\":\n\
            {\"domain\":\"b.example\",\"employes\":5,\"name\":{},\"domain\":\"c.example\"}\n{\"domain\":\"d.example\"}";
        let import = parse(text, ImportKind::Ndjson);
        assert_eq!(
            codes(&import),
            [
                (3, "row", "not_an_object"),
                (4, "row", "broken_json"),
                (5, "employes", "unknown_column"),
                (5, "name", "wrong_type"),
                (5, "domain", "duplicate_key"),
            ]
        );
        assert_eq!(import.rows.len(), 2);
        assert_eq!((import.rows[0].employees, import.rows[0].named_account), (Some(5), true));
    }

    #[test]
    fn empty_and_wrongly_encoded_files_are_named() {
        assert_eq!(codes(&csv("")), [(1, "file", "empty_file")]);
        assert_eq!(codes(&csv("\u{feff} \n")), [(1, "file", "empty_file")]);
        let import = parse(b"domain,name\na.example,\xff\nb.example,B\n", ImportKind::Csv);
        assert_eq!(codes(&import), [(2, "row", "bad_encoding")]);
        assert_eq!(import.rows.len(), 1);
    }

    #[test]
    fn reading_ends_at_the_limits() {
        let rows = |count: usize| (0..count).map(|index| format!("a{index}.example\n")).collect::<String>();
        let import = csv(&format!("domain\n{}", rows(IMPORT_ROWS_MAX + 1)));
        assert_eq!((import.rows.len(), codes(&import)), (IMPORT_ROWS_MAX, vec![(50_002, "file", "too_many_rows")]));
        let import = csv(&format!("domain\n{}", "x\n".repeat(PROBLEMS_MAX + 1)));
        assert_eq!((import.problems.len(), import.problem_count), (PROBLEMS_MAX, PROBLEMS_MAX + 1));
        assert_eq!(codes(&parse(&vec![b'a'; IMPORT_BYTES_MAX + 1], ImportKind::Csv)), [(1, "file", "file_too_large")]);
    }
}
