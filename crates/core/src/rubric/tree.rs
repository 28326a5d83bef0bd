//! JSON with the line of every value, and repeated keys found: what serde does not keep.
//!
//! Strict JSON (RFC 8259), one value, nothing after it. Parsing stops at the first fault of syntax; repeated keys are
//! collected on the way.

use crate::error::Problem;
use crate::rubric::limits::{JSON_DEPTH_MAX, OBJECT_KEYS_MAX, RUBRIC_BYTES_MAX};
use crate::rubric::problems::{JsonPath, Problems};
use std::borrow::Cow;

/// A value and the line it starts in, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonTree<'a> {
    pub(super) line: u32,
    pub(super) value: JsonTreeValue<'a>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonTreeValue<'a> {
    Null,
    Flag(bool),
    /// As written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<JsonTree<'a>>),
    /// In the order of the text, with repeated keys left out after the first.
    Object(Vec<(Cow<'a, str>, JsonTree<'a>)>),
}

impl<'a> JsonTree<'a> {
    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let JsonTreeValue::Object(members) = &self.value else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at a path such as `criteria[2].when`, or the innermost one around it that is there.
    pub(super) fn nearest(&self, path: &str) -> &Self {
        let mut here = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let inner = match (&here.value, step.strip_suffix(']')) {
                (JsonTreeValue::List(items), Some(index)) => {
                    index.parse().ok().and_then(|index: usize| items.get(index))
                }
                _ => here.get(step),
            };
            let Some(inner) = inner else { break };
            here = inner;
        }
        here
    }
}

/// Reads a text. Faults of syntax and repeated keys go to `problems`.
pub(super) fn parse<'a>(text: &'a str, problems: &mut Problems) -> Option<JsonTree<'a>> {
    if text.len() > RUBRIC_BYTES_MAX {
        let message = format!("the rubric has {} bytes; the limit is {RUBRIC_BYTES_MAX}", text.len());
        problems.add(&JsonPath::ROOT, "too_large", message);
        return None;
    }
    let mut parser = Parser { rest: text, line: 1, depth: 0, problems };
    let read = parser.value(&JsonPath::ROOT).and_then(|tree| {
        parser.whitespace();
        if parser.rest.is_empty() { Ok(tree) } else { Err("remove what follows the end of the rubric") }
    });
    let line = parser.line;
    read.map_err(|message| {
        problems.push(Problem { line: Some(line), ..Problem::new("", "bad_json", message) });
    })
    .ok()
}

type Fault = &'static str;

struct Parser<'a, 'p> {
    rest: &'a str,
    line: u32,
    depth: u32,
    problems: &'p mut Problems,
}

impl<'a> Parser<'a, '_> {
    fn whitespace(&mut self) {
        let bytes = self.rest.bytes();
        let len = bytes.take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        let whitespace = self.take(len);
        let lines = whitespace.bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    }

    /// The next `len` bytes, or nothing when a character would be split: never for the lengths that are asked for.
    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or(("", self.rest));
        self.rest = rest;
        taken
    }

    fn takes(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, path: &JsonPath<'_>) -> Result<JsonTree<'a>, Fault> {
        self.whitespace();
        let line = self.line;
        let value = match self.rest.bytes().next() {
            Some(b'{') => self.nested(|parser| parser.object(path))?,
            Some(b'[') => self.nested(|parser| parser.list(path))?,
            Some(b'"') => JsonTreeValue::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) if self.takes("true") => JsonTreeValue::Flag(true),
            Some(_) if self.takes("false") => JsonTreeValue::Flag(false),
            Some(_) if self.takes("null") => JsonTreeValue::Null,
            Some(b'/') => return Err("remove comments: JSON does not allow them"),
            Some(_) => {
                return Err("expected a value: a string in double quotes, a number, `true`, `false`, `[` or `{`");
            }
            None => return Err("the file ends in the middle of a value"),
        };
        Ok(JsonTree { line, value })
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<JsonTreeValue<'a>, Fault>,
    ) -> Result<JsonTreeValue<'a>, Fault> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > JSON_DEPTH_MAX {
            return Err("lists and objects are nested too deeply");
        }
        self.take(1);
        let value = read(self);
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn object(&mut self, path: &JsonPath<'_>) -> Result<JsonTreeValue<'a>, Fault> {
        let mut members: Vec<(Cow<'a, str>, JsonTree<'a>)> = Vec::new();
        self.whitespace();
        if self.takes("}") {
            return Ok(JsonTreeValue::Object(members));
        }
        loop {
            self.whitespace();
            let line = self.line;
            if !self.rest.starts_with('"') {
                return Err("expected a key in double quotes; remove a trailing comma before `}`");
            }
            let key = self.text()?;
            self.whitespace();
            if !self.takes(":") {
                return Err("expected `:` after the key");
            }
            let value = self.value(&path.key(&key))?;
            if members.iter().any(|(name, _)| *name == key) {
                let message = format!("`{key}` is repeated; keep one");
                let problem = Problem::new(path.key(&key).to_string(), "repeated_key", message);
                self.problems.push(Problem { line: Some(line), ..problem });
            } else {
                members.push((key, value));
            }
            if members.len() > OBJECT_KEYS_MAX {
                return Err("too many keys in one object");
            }
            self.whitespace();
            match (self.takes(","), self.takes("}")) {
                (true, _) => {}
                (false, true) => return Ok(JsonTreeValue::Object(members)),
                (false, false) => return Err("expected `,` or `}`"),
            }
        }
    }

    fn list(&mut self, path: &JsonPath<'_>) -> Result<JsonTreeValue<'a>, Fault> {
        let mut items = Vec::new();
        self.whitespace();
        if self.takes("]") {
            return Ok(JsonTreeValue::List(items));
        }
        loop {
            items.push(self.value(&path.item(items.len()))?);
            self.whitespace();
            match (self.takes(","), self.takes("]")) {
                (true, _) => {}
                (false, true) => return Ok(JsonTreeValue::List(items)),
                (false, false) => return Err("expected `,` or `]`"),
            }
        }
    }

    /// A text in double quotes. The library decodes what is escaped.
    fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        let (mut is_escaped, mut has_escapes) = (false, false);
        let inner = self.rest.get(1..).unwrap_or("");
        for (at, byte) in inner.bytes().enumerate() {
            match byte {
                b'"' if !is_escaped => {
                    let quoted = self.take(at.saturating_add(2));
                    let plain = inner.get(..at).unwrap_or("");
                    if !has_escapes {
                        return Ok(Cow::Borrowed(plain));
                    }
                    return serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| "a `\\` escape is not valid JSON");
                }
                0..=0x1f => return Err("close the string with `\"` in the same line; write a line break as `\\n`"),
                _ => {
                    is_escaped = byte == b'\\' && !is_escaped;
                    has_escapes |= is_escaped;
                }
            }
        }
        Err("the file ends inside a string")
    }

    fn number(&mut self) -> Result<JsonTreeValue<'a>, Fault> {
        let len = self.rest.bytes().take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
        let number = self.take(len);
        // The library knows the grammar; the value is not needed here.
        match serde_json::from_str::<serde_json::Number>(number) {
            Ok(_) => Ok(JsonTreeValue::Number(number)),
            Err(_) => Err("expected a number such as `12`, `-3` or `0.25`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<JsonTree<'_>, Vec<Problem>> {
        let mut problems = Problems::default();
        let tree = parse(text, &mut problems);
        if problems.is_empty() { Ok(tree.unwrap()) } else { Err(problems.into_list()) }
    }

    #[test]
    fn values_have_the_line_in_which_they_start() {
        let tree = parsed("{\n \"a\": [1,\n  {\"b\": true}],\n \"c\": \"x\"\n}\n").unwrap();
        for (path, line) in [("", 1), ("a", 2), ("a[0]", 2), ("a[1]", 3), ("a[1].b", 3), ("c", 4), ("a[9].z", 2)] {
            assert_eq!(tree.nearest(path).line, line, "{path}");
        }
    }

    #[test]
    fn a_repeated_key_is_found_wherever_it_stands_and_however_it_is_spelled() {
        let problems = parsed("{\"a\": 1,\n\"b\": [{\"c\": 1, \"\\u0063\": 2}],\n\"a\": 2}").unwrap_err();
        let found: Vec<_> = problems.iter().map(|p| (p.path.as_str(), p.code.as_str(), p.line)).collect();
        assert_eq!(found, [("b[0].c", "repeated_key", Some(2)), ("a", "repeated_key", Some(3))]);
    }

    #[test]
    fn what_json_forbids_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("{\n\"a\": 1,\n}", 3),
            ("[1,]", 1),
            ("{\"a\" 1}", 1),
            ("{a: 1}", 1),
            ("[1 2]", 1),
            ("// x\n{}", 1),
            ("{}\n{}", 2),
            ("[01]", 1),
            ("[1.]", 1),
            ("[+1]", 1),
            ("[\"a\nb\"]", 1),
            ("[\"\\x\"]", 1),
            ("[\"a", 1),
            ("[tru]", 1),
            ("[1", 1),
        ] {
            let problems = parsed(text).unwrap_err();
            assert_eq!((problems[0].code.as_str(), problems[0].line), ("bad_json", Some(line)), "{text}");
        }
    }

    #[test]
    fn nesting_is_allowed_up_to_the_limit() {
        let nested = |depth: u32| "[".repeat(depth as usize) + &"]".repeat(depth as usize);
        assert!(parsed(&nested(JSON_DEPTH_MAX)).is_ok());
        assert!(parsed(&nested(JSON_DEPTH_MAX + 1)).is_err());
    }

    #[test]
    fn a_text_past_the_limit_is_not_read() {
        let problems = parsed(&" ".repeat(RUBRIC_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(problems[0].code, "too_large");
    }

    #[test]
    fn escapes_and_other_scripts_come_out_as_meant() {
        let tree = parsed(r#"["a\"b\\", "é", "\u00e9", ""]"#).unwrap();
        let JsonTreeValue::List(items) = tree.value else { panic!() };
        let texts: Vec<_> = items.iter().map(|item| item.value.clone()).collect();
        let expected = ["a\"b\\", "é", "é", ""].map(|text| JsonTreeValue::Text(text.into()));
        assert_eq!(texts, expected);
    }
}
