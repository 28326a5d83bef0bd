//! Technologies that a page shows by what it loads.

use crate::limits::SCRIPT_HOSTS_MAX;
use crate::normalize::table_lines;

/// Lines of `name = host, host`, and of `name = generator: word` for what a page was made with.
const TABLE: &str = include_str!("data/technologies.txt");

/// The technologies, sorted, each once. A host counts when it is one of the table or below one.
pub(super) fn of(hosts: &[String], generator: Option<&str>) -> Vec<String> {
    let generator = generator.unwrap_or_default().to_lowercase();
    let is_told = |mark: &str| match mark.strip_prefix("generator:") {
        Some(word) => generator.starts_with(word.trim()),
        None => hosts.iter().take(SCRIPT_HOSTS_MAX).any(|host| is_at_or_below(host, mark)),
    };
    let told = table_lines(TABLE).filter_map(|line| line.split_once('='));
    let told = told.filter(|(_, marks)| marks.split(',').map(str::trim).any(is_told));
    let mut names: Vec<String> = told.map(|(name, _)| name.trim().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

fn is_at_or_below(host: &str, known: &str) -> bool {
    host.strip_suffix(known).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::host_of;

    #[test]
    fn every_line_of_the_table_names_a_technology_and_its_marks() {
        for line in table_lines(TABLE) {
            let (name, marks) = line.split_once('=').unwrap();
            assert_eq!(name.trim(), name.trim().to_lowercase(), "{line}");
            for mark in marks.split(',').map(str::trim) {
                match mark.strip_prefix("generator:") {
                    Some(word) => assert_eq!(word.trim(), word.trim().to_lowercase(), "{line}"),
                    None => assert_eq!(host_of(mark).as_deref(), Some(mark), "{line}"),
                }
            }
        }
        assert!(table_lines(TABLE).is_sorted(), "the table is in the order of its names");
    }

    #[test]
    fn a_host_counts_with_those_below_it_and_not_with_its_lookalikes() {
        let of = |host: &str| of(&[host.to_owned()], None);
        assert_eq!(of("js.hs-scripts.com"), ["hubspot"]);
        assert_eq!(of("eu1.js.hs-scripts.com"), ["hubspot"]);
        assert_eq!(of("evil-js.hs-scripts.com.example"), Vec::<String>::new());
        assert_eq!(of("notjs.stripe.com"), Vec::<String>::new());
    }

    #[test]
    fn hosts_beyond_the_limit_are_not_looked_at() {
        let hosts = |before: usize| -> Vec<String> {
            vec!["cdn.acme.example".to_owned(); before].into_iter().chain(["js.stripe.com".to_owned()]).collect()
        };
        assert_eq!(of(&hosts(SCRIPT_HOSTS_MAX - 1), None), ["stripe"]);
        assert_eq!(of(&hosts(SCRIPT_HOSTS_MAX), None), Vec::<String>::new());
    }
}
