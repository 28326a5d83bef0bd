//! Messages of Slack in blocks.

use crate::notify::message_content::Story;
use crate::notify::notice::{Notice, NoticeEvent};
use serde_json::{Value, json};

/// Longest text of a header, of a section, of a field in one, in characters: Slack's limits.
const HEADER_CHARS_MAX: usize = 150;
const SECTION_CHARS_MAX: usize = 3_000;
const FIELD_CHARS_MAX: usize = 2_000;
/// Most fields of one section.
const FIELDS_MAX: usize = 10;

/// A text as it stands in any text of Slack.
#[must_use]
pub fn escape(text: &str) -> String {
    fit(text, usize::MAX)
}

/// The escaped text in at most so many characters; what is cut ends with an ellipsis, and no escape is cut apart.
fn fit(text: &str, chars_max: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut count = 0_usize;
    let mut ends = Vec::new();
    for c in text.chars() {
        let (piece, length) = match c {
            '&' => ("&amp;", 5),
            '<' => ("&lt;", 4),
            '>' => ("&gt;", 4),
            _ => ("", 1),
        };
        if count.saturating_add(length) > chars_max {
            // Back to where the ellipsis fits.
            while let Some((end, at)) = ends.pop().filter(|_| count >= chars_max) {
                escaped.truncate(end);
                count = at;
            }
            escaped.push('…');
            return escaped;
        }
        ends.push((escaped.len(), count));
        if piece.is_empty() {
            escaped.push(c);
        } else {
            escaped.push_str(piece);
        }
        count = count.saturating_add(length);
    }
    escaped
}

fn plain(text: &str, chars_max: usize) -> Value {
    json!({"type": "plain_text", "text": fit(text, chars_max), "emoji": false})
}

/// What a message can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Its buttons come back as clicks: a message of the bot.
    Clicks,
    /// Its links act, after a question: a message of an incoming webhook, whose app may take no clicks.
    Links,
    /// None any more: an earlier message of the bot.
    None,
}

/// The message of a notice.
#[must_use]
pub fn message(notice: &Notice, answers: Answers) -> Value {
    let story = Story::of(notice);
    let mut blocks = vec![json!({"type": "header", "text": plain(&story.headline, HEADER_CHARS_MAX)})];
    // Nobody but the text says whom a message in a channel is for.
    let is_to_the_rep = answers != Answers::Links && notice.to.slack_id.is_some();
    blocks.extend(story.reader.as_deref().filter(|_| !is_to_the_rep).map(section));
    blocks.extend(story.note.as_deref().map(section));
    let field = |(label, value): &(&str, String)| plain(&format!("{label}: {value}"), FIELD_CHARS_MAX);
    let fields: Vec<Value> = story.facts.iter().take(FIELDS_MAX).map(field).collect();
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    blocks.extend(story.message.as_ref().map(|message| section(&format!("They wrote: {message}"))));
    if !story.why.is_empty() {
        blocks.push(section(&format!("Why you:\n• {}", story.why.join("\n• "))));
    }
    blocks.extend(story.due.as_ref().map(|due| section(&format!("First touch due: {due}"))));
    blocks.extend(if answers == Answers::Links { links(&story) } else { actions(notice, &story, answers) });
    json!({
        "text": fit(&story.headline, SECTION_CHARS_MAX),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// Links in a text: the only one with markup, and nothing but addresses that this program made or an operator wrote.
fn links(story: &Story) -> Option<Value> {
    let link = |(label, url): &(&str, String)| format!("<{}|{label}>", escape(&url.replace('|', "%7C")));
    let links: Vec<String> = story.act.iter().chain(&story.open).map(link).collect();
    let text = links.join(" · ");
    // One that is longer would be cut in the middle of a link.
    let fits = !links.is_empty() && text.chars().count() <= SECTION_CHARS_MAX;
    fits.then(|| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}))
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": plain(text, SECTION_CHARS_MAX)})
}

fn actions(notice: &Notice, story: &Story, answers: Answers) -> Option<Value> {
    let mut elements = Vec::new();
    if answers == Answers::Clicks && matches!(notice.event, NoticeEvent::Assigned | NoticeEvent::Changed) {
        elements.push(button("accept", "Accept", Some("primary")));
        elements.push(button("decline", "Decline", Some("danger")));
        elements.push(json!({
            "type": "users_select", "action_id": "reassign",
            "placeholder": {"type": "plain_text", "text": "Reassign to…", "emoji": false},
        }));
    }
    let opens = story.open.iter().zip(["open_0", "open_1", "open_2"]);
    elements.extend(opens.map(|((label, url), id)| {
        let text = json!({"type": "plain_text", "text": label, "emoji": false});
        json!({"type": "button", "action_id": id, "text": text, "url": url})
    }));
    let block_id = format!("lead/{}/{}", notice.lead_id, notice.decision_no);
    (!elements.is_empty()).then(|| json!({"type": "actions", "block_id": block_id, "elements": elements}))
}

fn button(action_id: &str, label: &str, style: Option<&str>) -> Value {
    let text = json!({"type": "plain_text", "text": label, "emoji": false});
    json!({"type": "button", "action_id": action_id, "text": text, "style": style})
}

/// A message that was answered: the same blocks without the buttons that act, and what happened below them.
#[must_use]
pub fn closed(text: &str, blocks: &[Value], happened: &str) -> Value {
    let is_actions = |block: &Value| block.get("type").and_then(Value::as_str) == Some("actions");
    let mut kept: Vec<Value> = Vec::new();
    for block in blocks {
        if !is_actions(block) {
            kept.push(block.clone());
            continue;
        }
        let elements = block.get("elements").and_then(Value::as_array);
        let links: Vec<&Value> =
            elements.into_iter().flatten().filter(|element| element.get("url").is_some()).collect();
        if !links.is_empty() {
            kept.push(json!({"type": "actions", "elements": links}));
        }
    }
    kept.push(json!({"type": "context", "elements": [plain(happened, FIELD_CHARS_MAX)]}));
    json!({"text": text, "blocks": kept})
}
