//! "Did you mean …".

/// The name in `names` that is most like `text`, or `None` when none is like enough.
///
/// Like enough means at most one edit for every three letters, at least one. Ties go to the earlier name. Texts
/// longer than 64 letters are like nothing.
///
/// ```
/// use lead_router_core::normalize::nearest;
/// assert_eq!(nearest("employes", ["domain", "employees"]), Some("employees"));
/// assert_eq!(nearest("colour", ["domain", "employees"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    if letters.is_empty() || letters.len() > 64 {
        return None;
    }
    let allowed = letters.len().div_ceil(3);
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let edits = distance(&letters, name);
        if edits <= allowed && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Edits (insert, delete, replace) from `from` to `to`.
fn distance(from: &[char], to: &str) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (line, letter) in to.chars().flat_map(char::to_lowercase).enumerate() {
        let mut corner = line;
        let mut left = line.saturating_add(1);
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (above, other) in row.iter().skip(1).zip(from) {
            let replaced = corner.saturating_add(usize::from(*other != letter));
            left = replaced.min(left.saturating_add(1)).min(above.saturating_add(1));
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (from, to, edits) in [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("abc", "abc", 0)] {
            assert_eq!(distance(&from.chars().collect::<Vec<_>>(), to), edits, "{from} {to}");
        }
    }

    #[test]
    fn ties_go_to_the_earlier_name_and_long_texts_to_none() {
        assert_eq!(nearest("ax", ["ab", "ac"]), Some("ab"));
        assert_eq!(nearest(&"a".repeat(65), ["a"]), None);
        assert_eq!(nearest("", ["a"]), None);
    }
}
