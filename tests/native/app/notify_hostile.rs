//! Texts that want to be more than texts: whatever a person types, every channel shows it and nothing else.

use crate::notify_kit::{CHANNELS, changed, outside, told};
use crate::world::run;
use lead_router_core::notify::Notice;
use lead_router_core::notify::text::{BREAK, one_line};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Pieces that mean something to some channel, and some that do not.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<!channel>",
        "<!here>",
        "<@U002>",
        "<#C0TEAM>",
        "<https://evil.example|x>",
        "*b*",
        "_i_",
        "~s~",
        "`c`",
        "```",
        ">",
        "&",
        "&amp;",
        "&lt;",
        "\"",
        "'",
        "</td>",
        "<script>",
        "<img src=x onerror=y>",
        "[x](https://evil.example)",
        "https://evil.example/a?b=c",
        "www.evil.example",
        "a@evil.example",
        "\r\nBcc: x@y.z",
        "\n",
        "\t",
        "\0",
        "{{DATE(x)}}",
        "${x}",
        "@{y}",
        "\u{202e}",
        "\u{200b}",
        "…",
        "é",
        "漢字",
        "😀",
        "x",
        " ",
        "- ",
        "1. ",
        "# ",
        "|",
        "\\",
        ":tada:",
        "%0d%0a",
    ]);
    prop::collection::vec(prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<String>()], 0..12)
        .prop_map(|pieces| pieces.concat())
}

fn notice_of(texts: &[String]) -> Notice {
    changed(
        "assigned",
        &json!({
            "person": {"name": texts[0], "company": texts[1], "title": texts[2], "message": texts[3], "phone": texts[4]},
            "why": [texts[5]], "team_name": texts[6], "to": {"name": texts[6]},
        }),
    )
}

fn sent(channel: &str, notice: &Notice) -> Value {
    let world = outside();
    // The played vendor refuses what the real one would: a limit, a broken block.
    run(told(&world, channel, notice, false)).unwrap_or_else(|setback| panic!("{channel}: {setback:?}"));
    let sent = world.sent.borrow();
    serde_json::from_str(sent[0].body.as_deref().unwrap()).unwrap()
}

/// Every text in a value, by the key it stands under.
fn texts<'a>(value: &'a Value, key: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        Value::Object(entries) => entries.iter().for_each(|(key, value)| texts(value, key, found)),
        _ => {}
    }
}

fn all_texts(value: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    texts(value, "", &mut found);
    found
}

/// What a text looks like to a reader.
fn seen(text: &str) -> String {
    text.replace(BREAK, "")
}

fn expected(notice: &Notice) -> Vec<String> {
    let person = &notice.person;
    let values = [&person.name, &person.company, &person.title, &person.phone];
    let mut lines: Vec<String> = values.into_iter().flatten().map(|text| one_line(text, 120)).collect();
    lines.push(one_line(person.message.as_deref().unwrap(), 300));
    lines.push(one_line(&notice.why[0], 200));
    lines
}

/// Every line that should be seen is seen in one of the texts.
fn assert_all_seen(channel: &str, notice: &Notice, shown: &[String]) {
    for line in expected(notice).into_iter().filter(|line| !line.is_empty()) {
        assert!(shown.iter().any(|text| text.ends_with(&line)), "{channel} hides {line:?}\n{shown:#?}");
    }
}

/// A text with three entities and nothing else that Slack reads.
fn slack_unescaped(text: &str) -> String {
    let rest = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
    assert!(!rest.contains(['&', '<', '>']), "{text:?}");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Texts of HTML without tags; nothing but our own tags may be in it.
fn html_texts(html: &str) -> Vec<String> {
    const OWN: [&str; 18] = [
        "!doctype html",
        "html lang=\"en\"",
        "body",
        "/body",
        "/html",
        "h1",
        "/h1",
        "p",
        "/p",
        "table",
        "/table",
        "tr",
        "/tr",
        "th align=\"left\" valign=\"top\"",
        "/th",
        "td",
        "/td",
        "/a",
    ];
    let mut found = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("every tag ends");
        let is_link = tag
            .strip_prefix("a href=\"https://")
            .is_some_and(|rest| rest.ends_with('"') && rest.matches('"').count() == 1);
        assert!(OWN.contains(&tag) || is_link, "<{tag}> is not ours");
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        found.push(text.replace("&middot;", "·").replace("&amp;", "&"));
    }
    found
}

/// The links of a text that reads markup, where nothing else may be.
fn slack_links(text: &str) -> Vec<(String, String)> {
    let link = |piece: &str| {
        let (url, label) = piece.strip_prefix('<').unwrap().strip_suffix('>').unwrap().split_once('|').unwrap();
        (slack_unescaped(url), slack_unescaped(label))
    };
    text.split(" · ").map(link).collect()
}

fn check_slack(channel: &str, notice: &Notice) {
    let body = sent(channel, notice);
    let mut shown = Vec::new();
    let mut open = vec![&body];
    while let Some(value) = open.pop() {
        let children = value.as_array().into_iter().flatten();
        open.extend(children.chain(value.as_object().into_iter().flat_map(|map| map.values())));
        let Some(text) = value["text"].as_str() else { continue };
        if value["type"] == "mrkdwn" {
            let urls: Vec<String> = slack_links(text).into_iter().map(|(url, _)| url).collect();
            let links = &notice.links;
            let own = [&links.accept, &links.decline, &links.lead, &links.crm, &links.booking];
            assert_eq!(urls, own.map(|link| link.clone().unwrap()));
            continue;
        }
        assert!(!text.contains(['<', '>']) && !text.contains("://"), "{text:?}");
        shown.extend(seen(&slack_unescaped(text)).split('\n').map(str::to_owned));
    }
    for (key, text) in all_texts(&body) {
        let is_own =
            text.starts_with("https://leads.acme.example/") || text.contains("hubspot") || text.contains("book.acme");
        assert!(key != "url" || is_own, "{text}");
    }
    assert_all_seen(channel, notice, &shown);
}

fn check_teams(notice: &Notice) {
    let body = sent("teams", notice);
    assert!(body.to_string().len() <= 28 * 1024);
    let card = &body["attachments"][0]["content"];
    let mut shown = Vec::new();
    for block in card["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock", "a block that reads Markdown");
        for run in block["inlines"].as_array().unwrap() {
            assert_eq!(run["type"], "TextRun");
            shown.push(seen(run["text"].as_str().unwrap()));
            let text = run["text"].as_str().unwrap();
            assert!(!text.contains("{{") && !text.contains("://"), "{run}");
        }
    }
    let fallback = card["fallbackText"].as_str().unwrap();
    assert!(!fallback.contains(['[', ']', '*', '_', '`', '<', '>']), "{fallback}");
    assert_all_seen("teams", notice, &shown);
}

fn check_mail(channel: &str, notice: &Notice) {
    let mail = sent(channel, notice);
    for name in ["from", "subject"] {
        let text = mail[name].as_str().unwrap();
        assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
    }
    assert!(mail["subject"].as_str().unwrap().len() < 998);
    let recipients = if channel == "resend" { mail["to"].clone() } else { json!([mail["to"]]) };
    assert_eq!(recipients, json!(["jonas@acme.example"]));
    let shown: Vec<String> = html_texts(mail["html"].as_str().unwrap()).iter().map(|text| seen(text)).collect();
    assert_all_seen(channel, notice, &shown);
    let lines: Vec<String> = mail["text"].as_str().unwrap().split('\n').map(seen).collect();
    assert_all_seen(channel, notice, &lines);
    for line in mail["text"].as_str().unwrap().split('\n').filter(|line| line.contains("://")) {
        let url = line.split_once(": ").unwrap().1;
        let is_own = ["https://leads.acme.example/", "https://app.hubspot.com/", "https://book.acme.example/"];
        assert!(is_own.iter().any(|own| url.starts_with(own)), "{line:?}");
    }
    // A line that looks like one of ours begins with one of ours.
    let labels = [
        "Name: ",
        "Company: ",
        "Title: ",
        "E-mail: ",
        "Phone: ",
        "Tier: ",
        "Team: ",
        "They wrote: ",
        "Why: ",
        "First touch due: ",
        "Accept: https://leads",
        "Decline: https://leads",
        "Open lead: https://leads",
        "Open in CRM: https://app",
        "Booking page: https://book",
    ];
    for line in lines.iter().skip(1).filter(|line| !line.is_empty()) {
        assert!(labels.iter().any(|label| line.starts_with(label)), "{line:?}");
    }
}

fn check_webhook(notice: &Notice) {
    let event = sent("webhook", notice);
    assert_eq!(event["data"]["person"], serde_json::to_value(&notice.person).unwrap());
}

fn check_all(notice: &Notice) {
    for channel in CHANNELS {
        match channel {
            "slack" | "slack_webhook" => check_slack(channel, notice),
            "teams" => check_teams(notice),
            "webhook" => check_webhook(notice),
            mail => check_mail(mail, notice),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_a_person_types_is_text_on_every_channel(texts in prop::collection::vec(hostile(), 7)) {
        check_all(&notice_of(&texts));
    }

    #[test]
    fn a_line_is_one_line_within_its_limit(text in any::<String>(), max in 1_usize..200) {
        let line = one_line(&text, max);
        prop_assert!(line.chars().count() <= max);
        prop_assert!(!line.chars().any(char::is_control));
        prop_assert_eq!(one_line(&line, max), line);
    }
}

#[test]
fn texts_as_long_as_a_form_takes_fit_every_channel() {
    for piece in ["&", "<", "漢", "a.b", "\u{1F600}", "https://x.example ", "\"", "\u{7}"] {
        let long = piece.repeat(10_000);
        let texts: Vec<String> = std::iter::repeat_n(long, 7).collect();
        let notice = notice_of(&texts);
        for channel in CHANNELS {
            let body = sent(channel, &notice);
            assert!(channel == "webhook" || body.to_string().len() < 28 * 1024, "{channel} {piece}");
        }
    }
}
