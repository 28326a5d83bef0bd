//! Finding words and phrases in text, without allocation.
//!
//! A phrase matches whole words without regard to case: `VP` is in `VP Engineering` and not in `MVP`. A space
//! in the phrase matches any run of spaces. An end of the phrase that is not a letter or digit (`C++`, `.net`)
//! needs no word boundary there.

/// A word or phrase to look for, folded to one case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WordPhrase {
    folded: Box<[char]>,
    open_start: bool,
    open_end: bool,
}

/// One case for comparison: the first character of the lower-case form.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

impl WordPhrase {
    /// The phrase, or `None` when the text is blank.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut folded = Vec::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !folded.is_empty() {
                folded.push(' ');
            }
            folded.extend(word.chars().map(fold));
        }
        let (first, last) = (*folded.first()?, *folded.last()?);
        Some(Self { folded: folded.into(), open_start: !first.is_alphanumeric(), open_end: !last.is_alphanumeric() })
    }

    /// The phrase as text, folded.
    pub(super) fn text(&self) -> String {
        self.folded.iter().collect()
    }

    fn first(&self) -> char {
        self.folded.first().copied().unwrap_or(' ')
    }

    /// Whether `rest`, which starts where the phrase may start, begins with it as whole words.
    fn starts(&self, rest: &str) -> bool {
        let mut chars = rest.chars().peekable();
        for &wanted in &self.folded {
            let Some(found) = chars.next() else { return false };
            if wanted == ' ' {
                if !found.is_whitespace() {
                    return false;
                }
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
            } else if fold(found) != wanted {
                return false;
            }
        }
        self.open_end || chars.next().is_none_or(|c| !c.is_alphanumeric())
    }
}

/// Whether `text` has one of the phrases as whole words.
pub(super) fn has_any(text: &str, phrases: &[WordPhrase]) -> bool {
    let mut inside_word = false;
    for (at, c) in text.char_indices() {
        let folded = fold(c);
        for phrase in phrases {
            if phrase.first() == folded
                && (!inside_word || phrase.open_start)
                && text.get(at..).is_some_and(|rest| phrase.starts(rest))
            {
                return true;
            }
        }
        inside_word = c.is_alphanumeric();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, phrase: &str) -> bool {
        has_any(text, &[WordPhrase::new(phrase).unwrap()])
    }

    #[test]
    fn a_word_is_found_as_a_whole_word_only() {
        for (text, phrase, expected) in [
            ("VP Engineering", "vp", true),
            ("MVP", "VP", false),
            ("VPs of Sales", "VP", false),
            ("Senior VP", "vp", true),
            ("(VP)", "vp", true),
            ("vp", "VP", true),
            ("", "vp", false),
            ("Head of  Sales", "head of", true),
            ("Head\tof Sales", "head of", true),
            ("Headof Sales", "head of", false),
            ("head of", "head of sales", false),
        ] {
            assert_eq!(has(text, phrase), expected, "{phrase:?} in {text:?}");
        }
    }

    #[test]
    fn case_is_ignored_beyond_ascii_and_letters_of_other_scripts_are_word_characters() {
        assert!(has("GESCHÄFTSFÜHRER", "geschäftsführer"));
        assert!(!has("Äsales", "sales"));
        assert!(has("Директор по продажам", "директор"));
    }

    #[test]
    fn punctuation_at_an_end_needs_no_boundary() {
        assert!(has("Senior C++ developer", "c++"));
        assert!(has("asp.net", ".net"));
        assert!(has("Head of R&D", "r&d"));
    }

    #[test]
    fn a_blank_phrase_does_not_exist() {
        assert_eq!(WordPhrase::new("  "), None);
    }
}
