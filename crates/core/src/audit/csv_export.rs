//! Tables for spreadsheets: CSV whose cells are text and nothing else.

/// A cell that a spreadsheet does not take for a formula. Programs run what begins with one of these characters, whoever
/// wrote it, so such a cell is given an apostrophe, which they show as text.
#[must_use]
pub fn cell(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

/// One line of CSV, with its end.
#[must_use]
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells.into_iter().map(cell));
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"] {
            assert_eq!(cell(bad), format!("'{bad}"));
        }
        assert_eq!(cell("a=1"), "a=1");
        assert_eq!(cell(""), "");
    }

    #[test]
    fn a_line_reads_back() {
        let text = line(["a", "", "with, comma", "with \"quotes\"", "two\nlines", "=cmd|'/c calc'!A1"]);
        assert!(text.ends_with("\r\n"));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let cells: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
        let expected = ["a", "", "with, comma", "with \"quotes\"", "two\nlines", "'=cmd|'/c calc'!A1"];
        assert_eq!(cells, expected);
    }
}
