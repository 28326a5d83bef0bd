//! No file of a crate needs a file that needs it back.
//!
//! Read from the source text: what a file imports, and the paths that it spells out. A name that a `mod.rs` passes on
//! with `pub use` counts as a name of the file that defines it, so that passing on alone makes no circle. Tests inside
//! of files are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A path as written or resolved: `["crate", "roster", "model", "Pool"]`.
type Segments = Vec<String>;

/// The source without comments, texts and tests, so that braces and `::` mean what they seem to.
fn bare(source: &str) -> String {
    let letters: Vec<char> = source.chars().collect();
    let mut bare = String::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        let begins = |text: &str| rest.iter().copied().take(text.len()).eq(text.chars());
        let hashes = rest.iter().skip(1).take_while(|letter| **letter == '#').count();
        if begins("//") {
            at += rest.iter().take_while(|letter| **letter != '\n').count();
        } else if begins("r") && rest.get(1 + hashes) == Some(&'"') && !bare.ends_with(char::is_alphanumeric) {
            let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = &rest[hashes + 2..];
            let len = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
            at += hashes + 2 + len + end.len();
        } else if begins("\"") {
            at += 1;
            while at < letters.len() && letters[at] != '"' {
                at += if letters[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if begins("'\\") {
            at += 3 + rest.iter().skip(3).take_while(|letter| **letter != '\'').count() + 1;
        } else if begins("'") && rest.get(2) == Some(&'\'') {
            at += 3;
        } else {
            bare.push(letters[at]);
            at += 1;
        }
    }
    match bare.find("#[cfg(test)]\nmod tests {") {
        Some(tests) => bare[..tests].to_owned(),
        None => bare,
    }
}

/// The paths of a `use` tree, each with the name it has afterwards.
fn leaves(tree: &str, before: &Segments, found: &mut Vec<(String, Segments)>) {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let mut before = before.clone();
        before.extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
        let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
        let (mut depth, mut part) = (0, String::new());
        for letter in inner.chars().chain([',']) {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    leaves(&std::mem::take(&mut part), &before, found);
                    continue;
                }
                _ => {}
            }
            part.push(letter);
        }
    } else if !tree.is_empty() {
        let (path, renamed) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim())));
        let mut path: Segments =
            before.iter().cloned().chain(path.split("::").map(|part| part.trim().to_owned())).collect();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = renamed.map_or_else(|| path.last().cloned().unwrap_or_default(), str::to_owned);
        found.push((name, path));
    }
}

/// One file of a crate.
struct SourceFile {
    /// Where it stands in the repository.
    name: String,
    /// Names that it imports, and the paths behind them.
    imports: BTreeMap<String, Segments>,
    /// Of these, the ones that it only passes on.
    passed_on: BTreeSet<String>,
    /// Every path in its code.
    paths: Vec<Segments>,
}

impl SourceFile {
    fn read(path: &Path, root: &Path) -> Self {
        let source = bare(&fs::read_to_string(path).unwrap());
        let is_index = path.ends_with("mod.rs") || path.ends_with("lib.rs");
        let (mut imports, mut passed_on, mut code) = (BTreeMap::new(), BTreeSet::new(), String::new());
        let mut rest = source.as_str();
        while let Some(start) = find_use(rest) {
            let line = rest[..start].rsplit('\n').next().unwrap_or_default();
            let is_public = line.trim_start().starts_with("pub");
            code.push_str(&rest[..start]);
            let end = rest[start..].find(';').map_or(rest.len(), |len| start + len);
            let mut found = Vec::new();
            leaves(&rest[start + 4..end].replace('\n', " "), &Vec::new(), &mut found);
            for (name, path) in found {
                if is_public && is_index {
                    passed_on.insert(name.clone());
                }
                imports.insert(name, path);
            }
            rest = &rest[end..];
        }
        code.push_str(rest);
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        Self { name, imports, passed_on, paths: paths(&code) }
    }
}

/// Where the next `use` begins.
fn find_use(text: &str) -> Option<usize> {
    text.match_indices("use ").map(|(at, _)| at).find(|at| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default().trim();
        line.is_empty() || line.starts_with("pub")
    })
}

/// Every `a::b` in some code.
fn paths(code: &str) -> Vec<Segments> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let words = code.split(|letter: char| !is_word(letter)).filter(|word| word.contains("::"));
    let parts = |word: &str| word.split("::").map(str::to_owned).take_while(|part| !part.is_empty()).collect();
    words.map(parts).filter(|path: &Segments| path.len() > 1).collect()
}

/// The files of a crate by module path.
struct CrateFiles(BTreeMap<Segments, SourceFile>);

impl CrateFiles {
    fn read(folder: &str) -> Self {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let source = root.join(folder);
        let (mut files, mut open) = (BTreeMap::new(), vec![source.clone()]);
        while let Some(path) = open.pop() {
            for entry in fs::read_dir(&path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let inside = path.strip_prefix(&source).unwrap().with_extension("");
                    let mut module: Segments = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
                        module.pop();
                    }
                    files.insert(module, SourceFile::read(&path, &root));
                }
            }
        }
        assert!(!files.is_empty(), "no files in {folder}");
        Self(files)
    }

    /// The path from the root of the crate; `None` for one that leads out of it.
    fn absolute(&self, module: &Segments, path: &Segments) -> Option<Segments> {
        let mut base = module.clone();
        let mut rest = path.iter().peekable();
        match rest.peek().map(|part| part.as_str()) {
            Some("crate") => {
                base.clear();
                rest.next();
            }
            Some("self") => drop(rest.next()),
            Some("super") => {
                while rest.next_if(|part| *part == "super").is_some() {
                    base.pop();
                }
            }
            _ => {
                base.extend(path.first().cloned());
                return self.0.contains_key(&base).then(|| module.iter().chain(path).cloned().collect());
            }
        }
        Some(base.into_iter().chain(rest.cloned()).collect())
    }

    /// The file that defines what is at a path, behind everything that only passes it on.
    fn definition(&self, path: Segments) -> Option<Segments> {
        let mut path = path;
        for _ in 0..8 {
            let len = (0..=path.len()).rev().find(|len| self.0.contains_key(&path[..*len]))?;
            let (module, rest) = path.split_at(len);
            let file = self.0.get(module)?;
            // A module as a whole is no use of it: its paths are.
            let name = rest.first()?;
            let Some(import) = file.passed_on.get(name).and_then(|name| file.imports.get(name)) else {
                return Some(module.to_vec());
            };
            let mut behind = self.absolute(&module.to_vec(), import)?;
            behind.extend(rest[1..].iter().cloned());
            path = behind;
        }
        None
    }

    /// The files that a file needs.
    fn needs(&self, module: &Segments, file: &SourceFile) -> BTreeSet<Segments> {
        let imported = file.imports.iter().filter(|(name, _)| !file.passed_on.contains(*name)).map(|(_, path)| path);
        let spelled = file.paths.iter().map(|path| match file.imports.get(&path[0]) {
            Some(import) => import.iter().chain(&path[1..]).cloned().collect(),
            None => path.clone(),
        });
        let all = imported.cloned().chain(spelled).filter_map(|path| self.absolute(module, &path));
        all.filter_map(|path| self.definition(path)).filter(|needed| needed != module).collect()
    }

    /// Sets of files of which each needs every other one, over whatever steps.
    fn circles(&self) -> Vec<BTreeSet<String>> {
        let direct: BTreeMap<&Segments, BTreeSet<Segments>> =
            self.0.iter().map(|(module, file)| (module, self.needs(module, file))).collect();
        let reach = |from: &Segments| {
            let (mut reached, mut open) = (BTreeSet::new(), vec![from.clone()]);
            while let Some(module) = open.pop() {
                for next in direct.get(&module).into_iter().flatten() {
                    if reached.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
            }
            reached
        };
        let reached: BTreeMap<&Segments, BTreeSet<Segments>> =
            self.0.keys().map(|module| (module, reach(module))).collect();
        let circle = |module: &Segments| -> BTreeSet<String> {
            let back = reached[module].iter().filter(|other| reached[other].contains(module));
            back.map(|other| self.0[other].name.clone()).collect()
        };
        let circles: BTreeSet<BTreeSet<String>> =
            self.0.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
        circles.into_iter().collect()
    }
}

/// Files whose circles are still to be cut, and what cuts them. Empty is the aim.
const LEFT: [(&str, &str); 1] = [("src/http/routes.rs", "`Call` moves into a file of its own")];

#[test]
fn no_two_files_of_a_crate_need_each_other() {
    let folders = ["crates/core/src", "crates/app/src", "crates/cli/src", "src"];
    let circles: Vec<_> = folders.into_iter().flat_map(|folder| CrateFiles::read(folder).circles()).collect();
    let is_left = |circle: &&BTreeSet<String>| LEFT.iter().any(|(file, _)| circle.contains(*file));
    let (left, new): (Vec<_>, Vec<_>) = circles.iter().partition(is_left);
    assert!(new.is_empty(), "these files need each other: {new:#?}");
    for (file, cut) in LEFT {
        let stands = left.iter().any(|circle| circle.contains(file));
        assert!(stands, "{file} is in no circle any more ({cut}): take it off the list");
    }
}

/// The reader itself: texts, character literals, renamed and nested imports, and names that are passed on.
#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let source = "//! a\nuse crate::a::{self, b::{C as D, E}};\nlet x = \"use crate::no;\"; let y = '\"'; let z = r#\"\"f::g\"#;\n\
                  fn f<'a>(x: &'a D) { super::h::i(\"://\"); a::j() }\n#[cfg(test)]\nmod tests { crate::k::L }";
    let code = bare(source);
    assert!(!code.contains("no;") && !code.contains("f::g") && !code.contains("k::L"), "{code}");
    let mut found = Vec::new();
    leaves("crate::a::{self, b::{C as D, E}}", &Vec::new(), &mut found);
    let found: Vec<(&str, String)> = found.iter().map(|(name, path)| (name.as_str(), path.join("::"))).collect();
    let expected = [("a", "crate::a"), ("D", "crate::a::b::C"), ("E", "crate::a::b::E")];
    assert_eq!(found, expected.map(|(name, path)| (name, path.to_owned())));
    let spelled: Vec<String> = paths(&code).iter().map(|path| path.join("::")).collect();
    assert!(spelled.contains(&"super::h::i".to_owned()) && spelled.contains(&"a::j".to_owned()), "{spelled:?}");
}
