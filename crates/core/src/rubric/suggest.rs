//! "Did you mean …": the nearest of a few names.

/// The name nearest to `wrong`, when at most a third of it has to change.
pub(super) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let most = (wrong.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .filter(|(changes, _)| *changes <= most)
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, name)| name)
}

/// "did you mean `x`?", or the list of what is possible when it is short.
pub(super) fn help<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(name) = nearest(wrong, names.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let all: Vec<_> = names.into_iter().take(21).collect();
    if all.is_empty() || all.len() > 20 { None } else { Some(format!("possible: `{}`", all.join("`, `"))) }
}

/// Fewest insertions, deletions and replacements of a character that turn `a` into `b`; two neighbours that changed
/// places count one.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (row, ca) in a.chars().enumerate() {
        let mut line = vec![row.saturating_add(1)];
        for (column, cb) in b.iter().enumerate() {
            let at = |line: &[usize], i: usize| line.get(i).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, column).saturating_add(usize::from(ca != *cb));
            let removed = at(&above, column.saturating_add(1)).saturating_add(1);
            let added = at(&line, column).saturating_add(1);
            let mut best = replaced.min(removed).min(added);
            let previous = column.checked_sub(1).and_then(|i| b.get(i).map(|c| (i, *c)));
            if let (Some(last), Some((i, previous))) = (last_a, previous)
                && last == *cb
                && previous == ca
            {
                best = best.min(at(&before, i).saturating_add(1));
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
        last_a = Some(ca);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins_and_a_far_one_is_not_offered() {
        let names = ["company.employees", "company.country", "lead.country"];
        assert_eq!(nearest("company.employes", names), Some("company.employees"));
        assert_eq!(nearest("compnay.country", names), Some("company.country"));
        assert_eq!(nearest("Lead.Country", names), Some("lead.country"));
        assert_eq!(nearest("xyz", names), None);
    }

    #[test]
    fn distance_counts_changes() {
        for (a, b, expected) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
