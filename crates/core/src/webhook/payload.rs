//! Reading a payload without trusting its shape: what is missing or of another type is simply not there.
//!
//! Nothing here is inlined: every sender's file calls it often, and the size of the program counts.

use crate::intake::json_tree::{JsonNode, Payload};
use crate::webhook::refusal::Refusal;
use serde::de::IgnoredAny;

/// Reads a JSON body.
///
/// # Errors
/// `unreadable_body` when it is not JSON in UTF-8.
#[inline(never)]
pub fn json(body: &[u8]) -> Result<JsonNode, Refusal> {
    let payload: Result<Payload, _> = serde_json::from_slice(body);
    payload.map(|payload| payload.0).map_err(|_| Refusal::unreadable("the body is not JSON in UTF-8"))
}

/// The items of a JSON list as they were written, `None` when the bytes are no list. What is inside of an item is not
/// looked at. The JSON reader could hand out raw values itself, but that makes every other reader in the program larger.
pub fn raw_items(body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut items = Vec::new();
    let mut rest = body.trim_ascii_start().strip_prefix(b"[")?.trim_ascii_start();
    if let Some(end) = rest.strip_prefix(b"]") {
        return end.trim_ascii().is_empty().then_some(items);
    }
    loop {
        let (item, after) = raw_value(rest)?;
        items.push(item);
        rest = match after.split_first()? {
            (b',', next) => next.trim_ascii_start(),
            (b']', end) => return end.trim_ascii().is_empty().then_some(items),
            _ => return None,
        };
    }
}

/// The value under a key of a JSON object as it was written; of a repeated key the first one.
pub fn raw_value_of<'a>(body: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut rest = body.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    loop {
        let (name, after) = raw_value(rest)?;
        let (value, after) = raw_value(after.strip_prefix(b":")?.trim_ascii_start())?;
        if name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) == Some(key) {
            return Some(value);
        }
        rest = after.strip_prefix(b",")?.trim_ascii_start();
    }
}

/// The value at the beginning of some bytes, and what follows it after blanks.
fn raw_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let (value, after) = bytes.split_at_checked(values.byte_offset())?;
    Some((value, after.trim_ascii_start()))
}

/// A text without control characters, but with its tabs and line ends.
#[inline(never)]
pub fn tidy(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t')).collect()
}

impl JsonNode {
    /// The value under a key; of a repeated key the first one. `Null` when there is none.
    #[inline(never)]
    pub fn get(&self, key: &str) -> &Self {
        let entry = self.entries().iter().find(|(name, _)| name == key);
        entry.map_or(&Self::Null, |(_, node)| node)
    }

    /// The value below some keys. `Null` when there is none.
    #[inline(never)]
    pub fn at(&self, path: &[&str]) -> &Self {
        path.iter().fold(self, |node, key| node.get(key))
    }

    /// The entries of an object; none of anything else.
    pub fn entries(&self) -> &[(String, Self)] {
        if let Self::Object(entries) = self { entries } else { &[] }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// A text, a number or a flag as text; the texts of a list with `, ` between them. `None` when there is nothing.
    #[inline(never)]
    pub fn plain(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::List(items) => {
                let texts: Vec<String> =
                    items.iter().filter(|item| item.items().is_empty()).filter_map(Self::plain).collect();
                Some(texts.join(", ")).filter(|text| !text.is_empty())
            }
            Self::Null | Self::Object(_) | Self::TooDeep => None,
        }
    }

    /// The text, of a text alone; empty otherwise.
    pub fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// An id: a text or a whole number of 1 to 200 printable characters without blanks.
    #[inline(never)]
    pub fn id(&self) -> Option<String> {
        let (Self::Text(text) | Self::Number(text)) = self else { return None };
        let is_id = !text.is_empty() && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_id.then(|| text.clone())
    }

    /// A whole number, of a number or of digits in a text.
    #[inline(never)]
    pub fn number(&self) -> Option<i64> {
        let (Self::Text(text) | Self::Number(text)) = self else { return None };
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(body: &str) -> Option<Vec<&str>> {
        raw_items(body.as_bytes())
            .map(|items| items.into_iter().map(|item| std::str::from_utf8(item).unwrap()).collect())
    }

    #[test]
    fn items_are_handed_out_as_they_were_written() {
        assert_eq!(items(" [ ] "), Some(vec![]));
        assert_eq!(
            items("[{\"b\":1, \"a\":\"]\"} , 1.0e2,\"x\\\"\",[[]], null]"),
            Some(vec!["{\"b\":1, \"a\":\"]\"}", "1.0e2", "\"x\\\"\"", "[[]]", "null"])
        );
        for broken in ["", "[", "[1", "[1,", "[1,]", "[1]x", "[1 2]", "{}", "[1}", "[\"]", "[,1]", "[nul]"] {
            assert_eq!(items(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_value_is_found_by_its_key_and_the_first_one_counts() {
        let value = |body: &'static str| raw_value_of(body.as_bytes(), b"batch").map(<[u8]>::to_vec);
        assert_eq!(value("{\"a\":{\"batch\":1}, \"batch\" : [2] ,\"batch\":3}"), Some(b"[2]".to_vec()));
        for broken in ["", "{", "{}", "{\"batch\"}", "{\"batch\":}", "{\"a\":1 \"batch\":2}", "[]", "{\"a\":1}"] {
            assert_eq!(value(broken), None, "{broken}");
        }
    }
}
