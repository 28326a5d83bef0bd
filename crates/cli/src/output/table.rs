//! Columns of text that line up.

/// Rows under a header. The first column is aligned left, the others right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let first = header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<String>>();
    let all: Vec<&Vec<String>> = std::iter::once(&first).chain(rows).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    for row in all {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line: Vec<String> = cells.collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `7 of 10 (70.0 %)`; `none` of none.
pub fn part(count: u32, of: u32) -> String {
    if of == 0 {
        return "none".to_owned();
    }
    format!("{count} of {of} ({})", percent(count, of))
}

/// `70.0 %`; a dash of none.
pub fn percent(count: u32, of: u32) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.1} %", f64::from(count) * 100.0 / f64::from(of)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["ada".to_owned(), "7".to_owned()], vec!["benjamin".to_owned(), "12".to_owned()]];
        assert_eq!(table(&["rep", "got"], &rows), "rep       got\nada         7\nbenjamin   12\n");
    }
}
