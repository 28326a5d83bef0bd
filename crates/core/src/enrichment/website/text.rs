//! Names in the texts of a page: entities replaced, in one spelling.

use crate::enrichment::provider::Transform;
use serde_json::Value;

/// A name in its one spelling; `None` when there is none in the text.
pub(super) fn name(text: &str) -> Option<String> {
    let value = Transform::Text.apply(&Value::String(unescaped(text)))?;
    value.as_text().filter(|name| name.chars().any(char::is_alphanumeric)).map(str::to_owned)
}

/// Entities that occur in names. A library would carry the two thousand names of HTML into the Worker; pages are
/// written in UTF-8 and need entities for what HTML itself uses.
const ENTITIES: [(&str, &str); 20] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ndash", "–"),
    ("mdash", "—"),
    ("middot", "·"),
    ("bull", "•"),
    ("raquo", "»"),
    ("laquo", "«"),
    ("rsquo", "’"),
    ("lsquo", "‘"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
    ("egrave", "è"),
];

/// Longest entity between `&` and `;`, in bytes.
const ENTITY_BYTES_MAX: usize = 10;

/// The text with its entities replaced, twice where a program has escaped what was escaped; an unknown one stays.
pub(super) fn unescaped(text: &str) -> String {
    let once = unescaped_once(text);
    if once.contains('&') { unescaped_once(&once) } else { once }
}

fn unescaped_once(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(';').and_then(|(code, rest)| entity(code).map(|c| (c, rest))) {
            Some((c, rest)) => {
                plain.push_str(&c);
                plain.push_str(rest);
            }
            None => {
                plain.push('&');
                plain.push_str(piece);
            }
        }
    }
    plain
}

fn entity(code: &str) -> Option<String> {
    if code.len() > ENTITY_BYTES_MAX {
        return None;
    }
    let Some(number) = code.strip_prefix('#') else {
        return ENTITIES.iter().find(|(name, _)| *name == code).map(|(_, c)| (*c).to_owned());
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    number.ok().and_then(char::from_u32).filter(|c| !c.is_control()).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_replaced_and_what_is_none_stays() {
        for (text, plain) in [
            ("Kr&uuml;ger &amp; S&#246;hne", "Krüger & Söhne"),
            ("Kr&#xfc;ger &amp;amp; Co", "Krüger & Co"),
            ("AT&T; R&D", "AT&T; R&D"),
            ("a&#0;b &#x110000; &;", "a&#0;b &#x110000; &;"),
            ("&", "&"),
            ("", ""),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
