//! Mail: subject, text and HTML, for whichever service sends it; and Cloudflare's binding, which is no request over HTTP.

use crate::html::escape;
use crate::notify::message_content::Story;
use crate::notify::notice::Notice;
use crate::notify::{RATE_LIMITED, code_of};
use crate::vendor::DeliveryError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mail. Its debug form holds nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Sender, `Name <name@example.com>` or an address.
    pub from: String,
    /// Recipient.
    pub to: String,
    /// Subject: one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

impl Mail {
    /// The mail that tells a notice. The same notice gives the same bytes.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] with `no_email` when the rep has no address.
    pub fn new(from: &str, notice: &Notice) -> Result<Self, DeliveryError> {
        let missing = || DeliveryError::config("no_email", "the recipient has no `email` in the roster");
        let to = notice.to.email.as_deref().filter(|to| is_address(to)).ok_or_else(missing)?;
        let story = Story::of(notice);
        Ok(Self {
            from: from.to_owned(),
            to: to.to_owned(),
            subject: story.headline.clone(),
            text: text(&story),
            html: page(&story),
        })
    }
}

/// Address and name of a sender who is written as `Name <name@example.com>` or as an address alone.
#[must_use]
pub fn sender(from: &str) -> (&str, Option<&str>) {
    match from.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) {
        Some((name, address)) => (address.trim(), Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty())),
        None => (from.trim(), None),
    }
}

/// Whether a text can be one recipient and nothing else.
fn is_address(text: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, ',' | ';' | '<' | '>');
    text.contains('@') && text.chars().all(is_plain)
}

fn text(story: &Story) -> String {
    let mut lines = vec![story.headline.clone(), String::new()];
    lines.extend(story.note.iter().flat_map(|note| [note.clone(), String::new()]));
    lines.extend(story.facts.iter().map(|(label, value)| format!("{label}: {value}")));
    lines.extend(story.message.iter().map(|message| format!("They wrote: {message}")));
    lines.extend(story.why.iter().map(|line| format!("Why: {line}")));
    lines.extend(story.due_dated.iter().map(|due| format!("First touch due: {due}")));
    lines.push(String::new());
    lines.extend(story.act.iter().chain(&story.open).map(|(label, url)| format!("{label}: {url}")));
    lines.join("\n").trim_end().to_owned()
}

fn page(story: &Story) -> String {
    let row = |label: &str, value: &str| {
        format!("<tr><th align=\"left\" valign=\"top\">{}</th><td>{}</td></tr>", escape(label), escape(value))
    };
    let mut rows: Vec<String> = story.facts.iter().map(|(label, value)| row(label, value)).collect();
    rows.extend(story.message.iter().map(|message| row("They wrote", message)));
    rows.extend(story.why.iter().map(|line| row("Why", line)));
    rows.extend(story.due_dated.iter().map(|due| row("First touch due", due)));
    let note = story.note.as_ref().map(|note| format!("<p>{}</p>", escape(note))).unwrap_or_default();
    let links = story.act.iter().chain(&story.open);
    let links: Vec<String> =
        links.map(|(label, url)| format!("<a href=\"{}\">{}</a>", escape(url), escape(label))).collect();
    format!(
        "<!doctype html><html lang=\"en\"><body><h1>{}</h1>{note}<table>{}</table><p>{}</p></body></html>",
        escape(&story.headline),
        rows.concat(),
        links.join(" &middot; "),
    )
}

/// What a code of Cloudflare's binding means. Codes: Cloudflare Email Service, errors of `send`.
#[must_use]
pub fn binding_setback(code: &str) -> DeliveryError {
    let known = code.strip_prefix("E_").unwrap_or_default();
    let own = code_of("email", known);
    match code {
        "E_RATE_LIMIT_EXCEEDED" => DeliveryError::retryable(RATE_LIMITED, Some(1_000)),
        "E_DAILY_LIMIT_EXCEEDED" => DeliveryError::retryable("daily_cap_reached", Some(3_600_000)),
        "E_DELIVERY_FAILED" | "E_INTERNAL_SERVER_ERROR" | "timeout" => DeliveryError::retryable("unavailable", None),
        "no_binding" => {
            DeliveryError::config("email_no_binding", "add `[[send_email]]` with the name `EMAIL` to wrangler.toml")
        }
        "E_SENDER_NOT_VERIFIED" | "E_SENDER_DOMAIN_NOT_AVAILABLE" => DeliveryError::config(
            &own,
            "the sender address is not allowed: set `NOTIFY_FROM` to an address of a verified domain",
        ),
        "E_RECIPIENT_NOT_ALLOWED" | "E_RECIPIENT_SUPPRESSED" => DeliveryError::config(
            &own,
            "mail to the recipient is suppressed: correct `email` of the rep or lift the suppression",
        ),
        _ if known.is_empty() => DeliveryError::retryable("unavailable", None),
        _ => DeliveryError::lead(&own, "the binding rejects this mail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_have_a_name() {
        for (from, expected) in [
            ("leads@acme.example", ("leads@acme.example", None)),
            (" <leads@acme.example> ", ("leads@acme.example", None)),
            ("Acme Leads <leads@acme.example>", ("leads@acme.example", Some("Acme Leads"))),
            ("\"Leads, Acme\" <leads@acme.example>", ("leads@acme.example", Some("Leads, Acme"))),
        ] {
            assert_eq!(sender(from), expected, "{from}");
        }
    }
}
