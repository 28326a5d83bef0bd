//! Bodies of HTML forms.

use crate::intake::alias::FieldMap;
use crate::intake::error::IntakeError;
use crate::intake::raw::{Note, RawLead, echo, too_many_fields};
use crate::limits::FIELDS_MAX;

/// Reads an `application/x-www-form-urlencoded` body.
///
/// Bytes that are not UTF-8 become the replacement character, with a note: a form on an old page must not lose its
/// leads. A body that begins like JSON is refused, since then the content type is wrong.
///
/// # Errors
/// [`IntakeError::EmptyBody`]; [`IntakeError::UnsupportedMediaType`] for JSON under a form's content type;
/// [`IntakeError::Invalid`] with `too_many_fields`.
pub fn read(body: &[u8], map: &FieldMap) -> Result<RawLead, IntakeError> {
    let start = body.trim_ascii_start();
    if start.is_empty() {
        return Err(IntakeError::EmptyBody);
    }
    if start.starts_with(b"{") {
        return Err(IntakeError::UnsupportedMediaType);
    }
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    from_parts(pairs, &[], map)
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
    fn another_encoding_is_kept_with_a_note() {
        let raw = read(b"email=a%40b.example&name=L%F3pez", &FieldMap::default()).unwrap();
        assert_eq!(raw.notes, vec![Note { path: "name".into(), code: "characters_replaced".into() }]);
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
