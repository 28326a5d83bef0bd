//! Texts of other people, made harmless before any channel writes them in its own way.
//!
//! What a person typed into a form ends in front of a rep. Here it becomes one line without control characters and without
//! characters that turn the direction of writing; a channel escapes what its own markup means.

/// Stands between the parts of what a program would make a link of: it takes no room and breaks the link.
pub const BREAK: char = '\u{200b}';

/// What ends a text that was cut.
const ELLIPSIS: char = '…';

/// One line of at most `chars_max` characters: spaces, line breaks and control characters in a row are one space, and what
/// would turn the direction of writing or hide is left out. A longer text ends with an ellipsis, which counts.
#[must_use]
pub fn one_line(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len());
    let mut count = 0_usize;
    let mut gap = false;
    for c in text.chars().filter(|c| !is_hidden(*c)) {
        if c.is_whitespace() || c.is_control() {
            gap = !line.is_empty();
            continue;
        }
        for next in gap.then_some(' ').into_iter().chain([c]) {
            if count >= chars_max {
                line.pop();
                let kept = line.trim_end().len();
                line.truncate(kept);
                line.push(ELLIPSIS);
                return line;
            }
            line.push(next);
            count = count.saturating_add(1);
        }
        gap = false;
    }
    line
}

/// Whether a character is not seen and changes how others are: zero-width spaces, marks and overrides of direction.
/// Joiners stay, since scripts and pictures are written with them.
const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The same text with [`BREAK`] where a program would see an address or a template: before `//` and the name behind a dot or
/// an `@`, and between two braces. It reads as before; without the breaks it is the text.
#[must_use]
pub fn unlinked(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        broken.push(c);
        let next = characters.peek().copied().unwrap_or(' ');
        let breaks = match c {
            ':' => next == '/',
            '.' | '@' => before.is_alphanumeric() && next.is_alphabetic(),
            '{' => next == '{',
            _ => false,
        };
        if breaks {
            broken.push(BREAK);
        }
        before = c;
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_line() {
        for (text, line) in [
            ("  Ada\r\n\tLovelace ", "Ada Lovelace"),
            ("a\u{0}b", "a b"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
            ("", ""),
            (" \n ", ""),
        ] {
            assert_eq!(one_line(text, 50), line, "{text:?}");
        }
    }

    #[test]
    fn the_limit_counts_characters_and_the_ellipsis() {
        assert_eq!(one_line("äöüß", 4), "äöüß");
        assert_eq!(one_line("äöüßx", 4), "äöü…");
        assert_eq!(one_line("ab cd", 4), "ab…");
        assert_eq!(one_line("abc   ", 3), "abc");
    }

    #[test]
    fn what_programs_make_links_of_is_broken_and_numbers_are_not() {
        let shown = |text: &str| unlinked(text).replace(BREAK, "|");
        assert_eq!(shown("https://evil.example/x"), "https:|//evil.|example/x");
        assert_eq!(shown("ada@evil.example"), "ada@|evil.|example");
        assert_eq!(shown("1.5 Mio. Euro. Bald"), "1.5 Mio. Euro. Bald");
        assert_eq!(shown("{{DATE(x)}}"), "{|{DATE(x)}}");
    }
}
