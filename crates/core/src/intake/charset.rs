//! From bytes to text: the encoding that a sender declares, or the one that the bytes show.
//!
//! UTF-8, UTF-16 and Windows-1252 (with it ISO 8859-1 and ASCII) are read here. Any other encoding is read by the host,
//! which hands over its own decoder; where it has none, the sender is told to send UTF-8.

use crate::intake::error::IntakeError;
use crate::normalize::clean;

/// Reads bytes in an encoding by its label, such as `shift_jis`; `None` when the label is unknown.
pub type ForeignDecoder<'a> = &'a dyn Fn(&str, &[u8]) -> Option<String>;

/// The code of the note about text that was declared to be nothing or UTF-8, and was Windows-1252.
pub const DECODED_AS_1252: &str = "decoded_as_windows_1252";

/// How the texts of one body are decoded.
#[derive(Clone, Copy)]
pub struct TextDecoder<'a> {
    label: Option<&'a str>,
    foreign: ForeignDecoder<'a>,
}

impl Default for TextDecoder<'_> {
    /// Nothing is declared, and nobody else decodes.
    fn default() -> Self {
        Self { label: None, foreign: &|_, _| None }
    }
}

impl<'a> TextDecoder<'a> {
    /// Decodes as `label` says, if it says something.
    #[must_use]
    pub fn new(label: Option<&'a str>, foreign: ForeignDecoder<'a>) -> Self {
        Self { label: label.map(str::trim).filter(|label| !label.is_empty()), foreign }
    }

    /// The same with a label that the body itself has, when it has one.
    #[must_use]
    pub fn labelled(self, label: Option<&'a str>) -> Self {
        Self::new(label.or(self.label), self.foreign)
    }

    /// The text, and whether it was Windows-1252 though nothing said so.
    ///
    /// Browsers send UTF-8 whatever a page declares, so text that is UTF-8 is read as that under a label of the West, too.
    ///
    /// # Errors
    /// [`IntakeError::UnknownCharset`] when nobody can read the encoding.
    pub fn decode(&self, bytes: &[u8]) -> Result<(String, bool), IntakeError> {
        let family = self.label.map_or(Family::Utf8, family_of);
        if matches!(family, Family::Utf8 | Family::Western)
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Ok((text.to_owned(), false));
        }
        match family {
            Family::Utf8 => Ok((windows_1252(bytes), true)),
            Family::Western => Ok((windows_1252(bytes), false)),
            Family::Utf16 { is_big } => Ok((utf_16(bytes, is_big), false)),
            // Encodings that change what ASCII means announce it with an escape, or are not of the web.
            Family::Foreign if bytes.is_ascii() && !bytes.contains(&0x1b) => {
                Ok((String::from_utf8_lossy(bytes).into_owned(), false))
            }
            Family::Foreign => {
                let text = self.label.and_then(|label| (self.foreign)(label, bytes));
                text.map(|text| (text, false)).ok_or(IntakeError::UnknownCharset)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Family {
    Utf8,
    Western,
    Utf16 { is_big: bool },
    Foreign,
}

fn family_of(label: &str) -> Family {
    match label.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Family::Utf8,
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "l1" | "windows-1252" | "cp1252"
        | "us-ascii" | "ascii" | "x-cp1252" => Family::Western,
        "utf-16" | "utf-16le" | "ucs-2" => Family::Utf16 { is_big: false },
        "utf-16be" => Family::Utf16 { is_big: true },
        _ => Family::Foreign,
    }
}

/// Windows-1252: every byte is a character, those of 0x80 to 0x9F as [`clean`] mends them. Line ends stay as they are.
fn windows_1252(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let letter = char::from(*byte);
        if (0x80..=0x9f).contains(byte) {
            text.push_str(&clean(letter.encode_utf8(&mut [0; 4])));
        } else {
            text.push(letter);
        }
    }
    text
}

fn utf_16(bytes: &[u8], is_big: bool) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| {
        let pair: [u8; 2] = pair.try_into().ok()?;
        Some(if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    });
    let text: String = char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect();
    text.trim_start_matches('\u{feff}').to_owned()
}

/// The `charset` of a content type.
#[must_use]
pub fn charset_of(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// The text of a file that holds rows, and whether it was Windows-1252 though nothing said so: by its byte order mark, by
/// the zeros that UTF-16 has between letters, then as [`TextDecoder::decode`].
///
/// # Errors
/// [`IntakeError::NotText`] for a workbook, an archive or a document; [`IntakeError::UnknownCharset`].
pub fn file_text(bytes: Vec<u8>, decoder: &TextDecoder<'_>) -> Result<(String, bool), IntakeError> {
    if let Some(what) = binary_format(&bytes) {
        return Err(IntakeError::NotText(what));
    }
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return Ok((utf_16(rest, false), false)),
        [0xfe, 0xff, rest @ ..] => return Ok((utf_16(rest, true), false)),
        [0, letter, ..] if *letter != 0 => return Ok((utf_16(&bytes, true), false)),
        [letter, 0, ..] if *letter != 0 => return Ok((utf_16(&bytes, false), false)),
        [0xef, 0xbb, 0xbf, rest @ ..] => return TextDecoder::default().decode(rest),
        _ => {}
    }
    decoder.decode(&bytes)
}

/// What a file is that is no text, by its first bytes.
#[must_use]
pub fn binary_format(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => {
            Some("an Excel workbook or a ZIP archive; save the sheet as `CSV UTF-8` and send that")
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old Excel workbook; save the sheet as `CSV UTF-8` and send that"),
        [0x1f, 0x8b, ..] => Some("compressed with gzip; send it with `content-encoding: gzip`, or as it is"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF document; send rows of text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(label: Option<&str>, bytes: &[u8]) -> (String, bool) {
        TextDecoder::new(label, &|_, _| None).decode(bytes).unwrap()
    }

    #[test]
    fn bytes_are_read_as_declared_or_as_they_show() {
        for (label, bytes, text, is_guess) in [
            (None, "Müller".as_bytes(), "Müller", false),
            (None, b"M\xfcller".as_slice(), "Müller", true),
            (Some("utf-8"), b"M\xfcller", "Müller", true),
            (Some("ISO-8859-1"), b"M\xfcller", "Müller", false),
            (Some("iso-8859-1"), "Müller".as_bytes(), "Müller", false),
            (Some("windows-1252"), b"5 \x80 \x96 ok", "5 € – ok", false),
            (None, b"a\x0bb\xfc", "a\u{b}bü", true),
            (Some("utf-16le"), b"M\0\xfc\0", "Mü", false),
            (Some("utf-16be"), b"\0M\0\xfc", "Mü", false),
        ] {
            assert_eq!(decode(label, bytes), (text.to_owned(), is_guess), "{label:?} {bytes:?}");
        }
    }

    #[test]
    fn other_encodings_are_the_hosts_or_refused() {
        let host = |label: &str, _: &[u8]| (label == "shift_jis").then(|| "山田".to_owned());
        let decode = |label| TextDecoder::new(Some(label), &host).decode(b"\x8eR\x93c").map(|(text, _)| text);
        assert_eq!(decode("shift_jis"), Ok("山田".to_owned()));
        assert_eq!(decode("klingon"), Err(IntakeError::UnknownCharset));
    }

    #[test]
    fn files_say_what_they_are() {
        let text = |bytes: &[u8]| file_text(bytes.to_vec(), &TextDecoder::default());
        assert_eq!(text(b"\xff\xfea\0,\0").unwrap().0, "a,");
        assert_eq!(text(b"\xfe\xff\0a").unwrap().0, "a");
        assert_eq!(text(b"a\0,\0").unwrap().0, "a,");
        assert_eq!(text(b"\xef\xbb\xbfa").unwrap().0, "a");
        for bytes in [b"PK\x03\x04xl".as_slice(), b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0", b"%PDF-1.7"] {
            assert!(matches!(text(bytes), Err(IntakeError::NotText(_))), "{bytes:?}");
        }
    }

    #[test]
    fn the_charset_of_a_content_type_is_found() {
        for (text, charset) in [
            ("text/csv; charset=\"ISO-8859-1\"", Some("ISO-8859-1")),
            ("text/csv;header=present; Charset=utf-16", Some("utf-16")),
            ("text/csv", None),
            ("text/csv; charset=", None),
        ] {
            assert_eq!(charset_of(text).as_deref(), charset, "{text}");
        }
    }
}
