//! `docs/ERRORS.md` has every error code that the sources make, and no other.

use crate::error_codes_kit::{made, root};
use std::collections::BTreeSet;
use std::fs;

/// The codes in the first cells of the tables.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/ERRORS.md")).unwrap();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Whether a code is one that a pattern can become.
fn is_of(code: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            code != pattern
                && code.len() > before.len() + after.len()
                && code.starts_with(before)
                && code.ends_with(after)
        }
        None => false,
    }
}

#[test]
fn the_document_has_every_error_code_and_no_other() {
    let (made, documented) = (made(), documented());
    assert!(made.len() > 250, "{}", made.len());
    let is_documented = |code: &str| documented.contains(code) || documented.iter().any(|other| is_of(other, code));
    let missing: Vec<String> = made
        .iter()
        .filter(|(code, _)| !is_documented(code))
        .map(|(code, files)| format!("`{code}` of {}", files.iter().cloned().collect::<Vec<_>>().join(", ")))
        .collect();
    let gone: Vec<&String> = documented
        .iter()
        .filter(|code| !made.contains_key(*code) && !made.keys().any(|pattern| is_of(code, pattern)))
        .collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/ERRORS.md lacks {missing:#?}, and has {gone:?} which nobody makes"
    );
}

#[test]
fn the_runbook_has_every_finding_of_the_doctor() {
    let text = fs::read_to_string(root().join("docs/RUNBOOK.md")).unwrap();
    let section = text.split_once("\n## Doctor findings\n").unwrap().1;
    let of_doctor = |files: &BTreeSet<String>| files.iter().any(|file| file.starts_with("src/http/doctor/"));
    for (code, _) in made().iter().filter(|(_, files)| of_doctor(files)) {
        assert!(section.contains(&format!("`{code}`")), "docs/RUNBOOK.md does not say what to do about `{code}`");
    }
}
