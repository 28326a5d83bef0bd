//! Reading a payload without trusting its shape: what is missing or of another type is simply not there.
//!
//! Nothing here is inlined: every sender's file calls it often, and the size of the program counts.

use super::Refusal;
use crate::domain::intake::json_tree::{Node, Payload};

/// Reads a JSON body.
///
/// # Errors
/// `unreadable_body` when it is not JSON in UTF-8.
#[inline(never)]
pub fn json(body: &[u8]) -> Result<Node, Refusal> {
    let payload: Result<Payload, _> = serde_json::from_slice(body);
    payload.map(|payload| payload.0).map_err(|_| Refusal::unreadable("the body is not JSON in UTF-8"))
}

/// A text without control characters, but with its tabs and line ends.
#[inline(never)]
pub fn tidy(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t')).collect()
}

impl Node {
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
