//! The worked example of `docs/RUBRIC.md` is what the router does.

use crate::world::{World, lead, run};
use serde_json::Value;

/// The text between a marker line and the end of the fenced block after it.
fn block<'a>(text: &'a str, fence: &str) -> &'a str {
    let start = text.find(fence).unwrap() + fence.len();
    let rest = &text[start..];
    &rest[..rest.find("```").unwrap()]
}

#[test]
fn the_worked_example_comes_out_as_the_document_says() {
    let path = concat!(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."), "/docs/RUBRIC.md");
    let text = std::fs::read_to_string(path).unwrap();
    // Sentences may be broken over lines.
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let body: Value = serde_json::from_str(block(&text, "```json lead\n")).unwrap();
    let world = World::sample();
    let decision = run(world.decide(&lead(&body)));
    let assignment = decision.assignment.unwrap();
    let points: Vec<String> = decision
        .reasons
        .iter()
        .filter_map(|reason| {
            reason.points.map(|points| format!("| `{}` | {points:+} | {} |", reason.code, reason.text))
        })
        .collect();
    let table: Vec<&str> = text.lines().filter(|line| line.starts_with("| `") && line.contains("` | ")).collect();
    let lines: Vec<&str> =
        table.into_iter().filter(|line| line[3..].contains("` | +") || line.contains("` | -")).collect();
    assert_eq!(lines, points);
    for fact in [
        format!("**{} points**", assignment.score),
        format!("between {} and {}", assignment.score_range[0], assignment.score_range[1]),
        format!("tier {}", assignment.tier),
        format!("confidence {}", assignment.confidence),
        format!("`{}`", assignment.team),
        assignment.rep_name.clone(),
        assignment.due_at.to_string(),
    ] {
        assert!(flat.contains(&fact), "the document does not say `{fact}`");
    }
    for reason in decision.reasons.iter().filter(|reason| reason.points.is_none()) {
        assert!(flat.contains(&reason.text), "the document does not say `{}`", reason.text);
    }
}
