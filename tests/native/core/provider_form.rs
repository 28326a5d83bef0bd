//! Descriptions whose text is no good JSON.

use lead_router_core::enrichment::provider::{Description, shipped};
use lead_router_core::error::Problem;

fn text() -> &'static str {
    shipped::FILES.iter().find(|(id, _)| *id == "zerobounce").unwrap().1
}

/// The line in which a piece of the file begins.
fn line_of(piece: &str) -> u32 {
    let before = text().split_once(piece).unwrap().0;
    u32::try_from(before.lines().count()).unwrap()
}

fn problems(from: &str, to: &str) -> Vec<Problem> {
    let text = text();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    Description::parse(&text.replace(from, to)).unwrap_err()
}

#[test]
fn a_repeated_key_is_refused_wherever_it_stands() {
    for (from, to, path, further_lines) in [
        ("\"trust\": 70", "\"trust\": 70, \"trust\": 71", "trust", 0),
        ("\"402\": \"quota\",", "\"402\": \"quota\",\n\"402\": \"bad_key\",", "statuses.402", 1),
        ("\"ip_address\": \"\"", "\"email\": \"\"", "request.query.email", 0),
        ("{ \"spamtrap\": ", "{ \"abuse\": \"valid\", \"spamtrap\": ", "fields.person.email_status.map.abuse", 0),
        (
            "\"person.email_status\": {",
            "\"person.email_status\": {}, \"person.email_\\u0073tatus\": {",
            "fields.person.email_status",
            0,
        ),
    ] {
        let problems = problems(from, to);
        let found: Vec<_> =
            problems.iter().map(|problem| (problem.path.as_str(), problem.code.as_str(), problem.line)).collect();
        assert_eq!(found, [(path, "repeated_key", Some(line_of(from) + further_lines))], "{to}");
    }
}

#[test]
fn every_repeated_key_is_named_at_once() {
    let problems = problems("\"trust\": 70", "\"trust\": 70, \"trust\": 71, \"id\": \"x\"");
    assert_eq!(problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), ["trust", "id"]);
}

#[test]
fn what_is_no_json_is_refused_with_its_line() {
    let problems = problems("\"trust\": 70", "\"trust\": 70,,");
    assert_eq!((problems[0].code.as_str(), problems[0].line), ("invalid_description", Some(line_of("\"trust\""))));
}

#[test]
fn what_is_too_wide_to_be_searched_for_repeated_keys_is_refused() {
    let codes: String = (0..257).map(|code| format!("\"c{code}\": \"\", ")).collect();
    let problems = problems("{ \"spamtrap\": ", &format!("{{ {codes}\"spamtrap\": "));
    assert_eq!(problems[0].code, "bad_json");
}
