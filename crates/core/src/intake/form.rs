//! Bodies of HTML forms.

use crate::intake::alias::FieldMap;
use crate::intake::charset::{DECODED_AS_1252, TextDecoder};
use crate::intake::error::IntakeError;
use crate::intake::raw::{Note, RawLead, echo, too_many_fields};
use crate::limits::FIELDS_MAX;

/// Reads an `application/x-www-form-urlencoded` body in UTF-8, or in Windows-1252 when it is none.
///
/// # Errors
/// As [`read_encoded`].
pub fn read(body: &[u8], map: &FieldMap) -> Result<RawLead, IntakeError> {
    read_encoded(body, TextDecoder::default(), map)
}

/// Reads an `application/x-www-form-urlencoded` body in the encoding that `decoder` knows, or that the field `_charset_` of
/// the form names. A body that begins like JSON is refused, since then the content type is wrong.
///
/// # Errors
/// [`IntakeError::EmptyBody`]; [`IntakeError::UnsupportedMediaType`] for JSON under a form's content type;
/// [`IntakeError::UnknownCharset`]; [`IntakeError::Invalid`] with `too_many_fields`.
pub fn read_encoded(body: &[u8], decoder: TextDecoder<'_>, map: &FieldMap) -> Result<RawLead, IntakeError> {
    let start = body.trim_ascii_start();
    if start.is_empty() {
        return Err(IntakeError::EmptyBody);
    }
    if start.starts_with(b"{") {
        return Err(IntakeError::UnsupportedMediaType);
    }
    let (pairs, guessed) = pairs(body, decoder)?;
    let mut raw = from_parts(pairs, &[], map)?;
    raw.notes.extend(guessed.iter().map(|name| note(name, DECODED_AS_1252)));
    Ok(raw)
}

/// The names and texts of an `application/x-www-form-urlencoded` body, and the names of those whose encoding was guessed.
///
/// # Errors
/// [`IntakeError::UnknownCharset`].
pub fn pairs(body: &[u8], decoder: TextDecoder<'_>) -> Result<(Vec<(String, String)>, Vec<String>), IntakeError> {
    let parts = body.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    let parts = parts.map(|part| {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        (unescaped(halves.next().unwrap_or_default()), unescaped(halves.next().unwrap_or_default()))
    });
    let parts: Vec<(Vec<u8>, Vec<u8>)> = parts.collect();
    let named =
        parts.iter().find(|(name, _)| name == b"_charset_").and_then(|(_, value)| std::str::from_utf8(value).ok());
    let decoder = decoder.labelled(named.filter(|label| !label.is_empty()));
    let (mut pairs, mut guessed) = (Vec::with_capacity(parts.len()), Vec::new());
    for (name, value) in &parts {
        let ((name, _), (value, is_guess)) = (decoder.decode(name)?, decoder.decode(value)?);
        if is_guess {
            guessed.push(name.clone());
        }
        pairs.push((name, value));
    }
    Ok((pairs, guessed))
}

/// The bytes behind `+` and `%XX`.
fn unescaped(part: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_encoding::percent_decode(&spaced).collect()
}

/// Reads the text parts of a `multipart/form-data` body, which the host has taken apart.
///
/// `files` are the names of the parts that were files; they are left out, with a note each.
///
/// # Errors
/// [`IntakeError::EmptyBody`] when there is no part at all; [`IntakeError::Invalid`] with `too_many_fields`.
pub fn from_parts(pairs: Vec<(String, String)>, files: &[String], map: &FieldMap) -> Result<RawLead, IntakeError> {
    if pairs.is_empty() && files.is_empty() {
        return Err(IntakeError::EmptyBody);
    }
    if pairs.len().saturating_add(files.len()) > FIELDS_MAX {
        return Err(IntakeError::Invalid(vec![too_many_fields()]));
    }
    // Only a host that decoded the parts itself leaves these.
    let replaced: Vec<Note> = pairs
        .iter()
        .filter(|(_, value)| value.contains('\u{fffd}'))
        .map(|(name, _)| note(name, "characters_replaced"))
        .collect();
    let mut raw = RawLead::from_pairs(pairs, map);
    raw.notes.extend(replaced);
    raw.notes.extend(files.iter().map(|name| note(name, "file_dropped")));
    Ok(raw)
}

fn note(name: &str, code: &str) -> Note {
    Note { path: echo(name), code: code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str) -> Vec<(String, String)> {
        let raw = read(body.as_bytes(), &FieldMap::default()).unwrap();
        raw.pairs.into_iter().map(|pair| (pair.name.path(), pair.value)).collect()
    }

    #[test]
    fn percent_signs_plus_signs_and_missing_values_are_read() {
        let body = "email=ada%2Bdemo%40example.com&name=Ada+L%C3%B3pez&interest=a&interest=b&company&=x";
        let read = pairs(body);
        assert_eq!(read[0], ("email".into(), "ada+demo@example.com".into()));
        assert_eq!(read[1], ("name".into(), "Ada López".into()));
        assert_eq!(read[2], ("fields.interest".into(), "a, b".into()));
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn another_encoding_is_read() {
        let read_as = |label: Option<&str>, body: &[u8]| {
            let host = |label: &str, bytes: &[u8]| (label == "koi8-r" && bytes == b"\xcd").then(|| "м".to_owned());
            read_encoded(body, TextDecoder::new(label, &host), &FieldMap::default())
        };
        let guessed = read_as(None, b"email=a%40b.example&name=L%F3pez").unwrap();
        assert_eq!(guessed.pairs[1].value, "López");
        assert_eq!(guessed.notes, vec![Note { path: "name".into(), code: "decoded_as_windows_1252".into() }]);
        let declared = read_as(Some("iso-8859-1"), b"email=a%40b.example&name=M%FCller&g%F6=1").unwrap();
        assert_eq!(declared.pairs[1].value, "Müller");
        assert_eq!((declared.notes, declared.pairs[2].name.path()), (vec![], "fields.gö".to_owned()));
        let by_field = read_as(None, b"_charset_=windows-1252&name=%80").unwrap();
        assert_eq!((by_field.pairs[0].value.as_str(), by_field.pairs.len()), ("€", 1));
        assert_eq!(read_as(Some("koi8-r"), b"name=%CD").unwrap().pairs[0].value, "м");
        assert_eq!(read_as(Some("klingon"), b"a=%CD"), Err(IntakeError::UnknownCharset));
    }

    #[test]
    fn bodies_that_are_no_form_are_refused() {
        assert_eq!(read(b"", &FieldMap::default()), Err(IntakeError::EmptyBody));
        assert_eq!(read(b" \r\n", &FieldMap::default()), Err(IntakeError::EmptyBody));
        assert_eq!(read(b"{\"email\":\"a@b.example\"}", &FieldMap::default()), Err(IntakeError::UnsupportedMediaType));
    }

    #[test]
    fn the_limit_is_256_fields() {
        let body = |count: usize| (0..count).map(|index| format!("f{index}=x&")).collect::<String>();
        assert_eq!(pairs(&body(256)).len(), 256);
        let error = read(body(257).as_bytes(), &FieldMap::default()).unwrap_err();
        assert_eq!(error.problems()[0].code, "too_many_fields");
    }

    #[test]
    fn files_are_dropped_with_a_note() {
        let parts = vec![("email".to_owned(), "a@b.example".to_owned())];
        let raw = from_parts(parts, &["cv".to_owned()], &FieldMap::default()).unwrap();
        assert_eq!(raw.notes, vec![Note { path: "cv".into(), code: "file_dropped".into() }]);
    }
}
