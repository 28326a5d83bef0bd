//! The repository keeps its own rules: layers, sizes, forbidden words, documents that name real files.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Every file below `folder` with this ending, with its text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} files below {folder}");
    found
}

#[test]
fn source_files_have_at_most_400_lines() {
    for folder in ["src", "crates"] {
        for (name, text) in files(folder, ".rs") {
            let lines = text.lines().count();
            assert!(lines <= 400, "{name} has {lines} lines: where is the seam?");
        }
    }
}

#[test]
fn nothing_unfinished_is_left_behind() {
    let words = ["TODO", "FIXME", "XXX", "HACK", "dbg!(", "todo!(", "unimplemented!("];
    for folder in ["src", "crates", "scripts", "migrations", "tests/edge", "tests/fakes", "bench"] {
        for ending in [".rs", ".mjs", ".js", ".sh", ".sql"] {
            let mut open = vec![root().join(folder)];
            while let Some(path) = open.pop() {
                for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
                    let path = entry.path();
                    if path.is_dir() {
                        open.push(path);
                    } else if path.to_string_lossy().ends_with(ending) {
                        let text = fs::read_to_string(&path).unwrap();
                        for word in words {
                            assert!(!text.contains(word), "{}: `{word}`", path.display());
                        }
                    }
                }
            }
        }
    }
}

/// Every document of the repository.
fn documents() -> Vec<(String, String)> {
    let mut documents = files("docs", ".md");
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "sample/README.md", "tests/README.md"] {
        documents.push((name.to_owned(), fs::read_to_string(root().join(name)).unwrap()));
    }
    documents
}

/// Paths in backquotes that begin with a folder of the project must exist.
#[test]
fn documents_name_files_that_exist() {
    let folders = [
        "src/",
        "crates/",
        "tests/",
        "scripts/",
        "docs/",
        "providers/",
        "migrations/",
        "sample/",
        "benches/",
        "bench/",
    ];
    for (name, text) in documents() {
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.split([' ', '<', '*', '{', ':']).next().unwrap_or_default();
            if folders.iter().any(|folder| path.starts_with(folder)) {
                assert!(Path::new(&root()).join(path).exists(), "{name} names `{path}`, which does not exist");
            }
        }
    }
}

/// What a heading is called in a link: lower case, spaces as dashes, other marks left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Text without blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// Links to files and to their headings.
#[test]
fn links_between_documents_lead_somewhere() {
    for (name, text) in documents() {
        let folder = root().join(&name).parent().unwrap().to_owned();
        for rest in prose(&text).split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            if target.contains("://") || target.contains('`') {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { root().join(&name) } else { folder.join(file) };
            assert!(path.exists(), "{name} links to {target}, which does not exist");
            if !heading.is_empty() {
                let linked = fs::read_to_string(&path).unwrap();
                let anchors: Vec<String> = linked
                    .lines()
                    .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '))
                    .map(anchor)
                    .collect();
                assert!(anchors.iter().any(|it| it == heading), "{name} links to {target}, which has no such heading");
            }
        }
    }
}

#[test]
fn the_readme_fits_two_screens() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "README.md has {lines} lines: what does a newcomer not need?");
}

/// Words of the project's former dialect, and the standard term for each; quoted code may contain them.
const DIALECT: [(&str, &str); 14] = [
    ("desk", "account shard"),
    ("desks", "account shards"),
    ("mend", "fix, correct"),
    ("mended", "fixed, corrected"),
    ("letter", "character, dead letter"),
    ("letters", "characters, dead letters"),
    ("told", "notified, said"),
    ("gate", "rate limiter"),
    ("gates", "rate limiters"),
    ("mirror", "CRM snapshot"),
    ("settle", "decide"),
    ("settled", "decided, stable"),
    ("reads as", "is parsed as, means"),
    ("hand over", "reassign"),
];

/// Where such a word is the ordinary one.
const ORDINARY: [&str; 4] = ["dead letter", "dead letters", "letters and digits", "letters digits"];

#[test]
fn documents_speak_plain_english() {
    for (name, text) in documents() {
        // Names of settings and codes stand in backquotes.
        let quoted_out: String = prose(&text).split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let is_word = |c: char| !c.is_alphanumeric();
        let words: Vec<String> =
            quoted_out.split(is_word).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        let mut plain = format!(" {} ", words.join(" "));
        for phrase in ORDINARY {
            plain = plain.replace(phrase, "");
        }
        for (word, better) in DIALECT {
            let found = plain.find(&format!(" {word} ")).map(|at| plain[at..].chars().take(60).collect::<String>());
            assert_eq!(found, None, "{name} says `{word}`: write {better}");
        }
    }
}

/// The doctor says which migration is missing, so it has to know every one.
#[test]
fn the_doctor_knows_every_migration() {
    let doctor = fs::read_to_string(root().join("src/http/doctor/bindings.rs")).unwrap();
    for (name, _) in files("migrations", ".sql") {
        let name = name.trim_start_matches("migrations/").trim_end_matches(".sql");
        assert!(doctor.contains(&format!("(\"{name}\", ")), "{name} is not in src/http/doctor/bindings.rs");
    }
}
