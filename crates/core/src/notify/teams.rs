//! Microsoft Teams: an adaptive card to a workflow ("When a Teams webhook request is received").
//!
//! `TextBlock` and `FactSet` read Markdown; a `TextRun` does not, so every text that is not ours stands in one. Buttons of
//! such cards cannot call back, so answers are links. Format: Adaptive Cards 1.4, as Teams shows them.

use crate::http::{HttpRequest, Method};
use crate::notify::message_content::Story;
use crate::notify::notice::Notice;
use crate::notify::setback;
use crate::vendor::DeliveryError;
use serde_json::{Value, json};

/// Largest request, in bytes: 28 KB, the limit of the older connectors, which workflows are not documented to raise.
pub const BYTES_MAX: usize = 28 * 1024;

/// Tells a notice to a workflow.
#[must_use]
pub fn request(url: &str, notice: &Notice) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(body(notice).to_string()),
    }
}

fn body(notice: &Notice) -> Value {
    let story = Story::of(notice);
    let mut items = vec![run(&story.headline, true)];
    items.extend(story.reader.as_deref().map(|reader| run(reader, false)));
    items.extend(story.note.as_deref().map(|note| run(note, false)));
    items.extend(story.facts.iter().map(|(label, value)| labelled(label, value)));
    items.extend(story.message.as_ref().map(|message| labelled("They wrote", message)));
    items.extend(story.why.iter().map(|line| labelled("Why", line)));
    items.extend(story.due.as_ref().map(|due| labelled("First touch due", due)));
    let open = |(label, url): &(&str, String)| json!({"type": "Action.OpenUrl", "title": label, "url": url});
    let actions: Vec<Value> = story.act.iter().chain(&story.open).map(open).collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": crate::notify::text::one_line(&story.headline, 60).replace(['[', ']', '*', '_', '`', '~', '#', '<', '>'], " "),
        "body": items,
        "actions": actions,
    });
    json!({
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card}],
    })
}

fn run(text: &str, is_title: bool) -> Value {
    let weight = if is_title { "Bolder" } else { "Default" };
    let size = if is_title { "Medium" } else { "Default" };
    json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "weight": weight, "size": size}]})
}

fn labelled(label: &str, value: &str) -> Value {
    let label = format!("{label}: ");
    json!({"type": "RichTextBlock", "inlines": [
        {"type": "TextRun", "text": label, "weight": "Bolder"},
        {"type": "TextRun", "text": value},
    ]})
}

/// Reads the answer. 202 says that the workflow has it, not that it was posted.
///
/// # Errors
/// As every webhook: gone and refused are settings to change.
pub fn read(status: u16, retry_after_s: Option<u32>, setting: &str) -> Result<(), DeliveryError> {
    if (200..300).contains(&status) { Ok(()) } else { Err(setback("teams", status, retry_after_s, setting)) }
}
