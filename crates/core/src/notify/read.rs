//! Reading the rules from JSON: everything that is wrong at once.

use crate::error::Problem;
use crate::id::{TeamId, TierId};
use crate::intake::json_tree::JsonNode;
use crate::normalize::nearest;
use crate::notify::channel::{Channel, ChannelKind};
use crate::notify::notice::NoticeEvent;
use crate::notify::rules::{NotifyRules, Quiet, RuleBook};
use std::collections::BTreeSet;

/// What rules may have.
const NAMES: [&str; 7] =
    ["channels", "always", "slack_channel", "quiet_hours", "bypass_quiet_hours", "events", "max_attempts"];

/// Most channels in one list, teams with rules, and tiers in one list: far more than any business has.
const LIST_MAX: usize = 100;

/// Most tries of a channel: the nine pauses between ten of them are more than a day.
const TRIES_MAX: u32 = 10;

/// Reads the rules from JSON: `{"default": {…}, "teams": {"emea": {…}}}`.
///
/// # Errors
/// Every problem, by path (`teams.emea.channels[1]`); never an empty list. A name that is no rule is a problem.
pub fn read(text: &str) -> Result<RuleBook, Vec<Problem>> {
    let node: JsonNode = serde_json::from_str(text).map_err(|error| {
        let message = format!("not valid JSON at line {}, column {}", error.line(), error.column());
        vec![Problem::new("", "broken_json", message)]
    })?;
    let JsonNode::Object(entries) = node else {
        return Err(vec![Problem::new("", "wrong_type", "expected an object with `default` and `teams`")]);
    };
    let mut reader = RulesReader::default();
    let mut book = RuleBook::default();
    for (name, node) in reader.once("", &entries) {
        match (name, node) {
            ("default" | "teams", JsonNode::Null) => {}
            ("default", node) => book.default = reader.rules(name, node),
            ("teams", JsonNode::Object(teams)) if teams.len() <= LIST_MAX => {
                for (team, node) in reader.once("teams.", teams) {
                    let path = format!("teams.{team}");
                    let rules = reader.rules(&path, node);
                    match TeamId::new(team) {
                        Ok(team) => drop(book.teams.insert(team, rules)),
                        Err(error) => reader.problem(&path, "invalid_id", &error.to_string()),
                    }
                }
            }
            ("teams", JsonNode::Object(_)) => {
                reader.problem(name, "too_many_teams", &format!("expected {LIST_MAX} teams at most"));
            }
            ("teams", _) => reader.problem(name, "wrong_type", "expected an object from teams to their rules"),
            _ => reader.unknown("", name, &["default", "teams"]),
        }
    }
    if reader.problems.is_empty() { Ok(book) } else { Err(reader.problems) }
}

#[derive(Default)]
struct RulesReader {
    problems: Vec<Problem>,
}

impl RulesReader {
    fn problem(&mut self, path: &str, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }

    fn unknown(&mut self, below: &str, name: &str, known: &[&'static str]) {
        let problem = Problem::new(format!("{below}{name}"), "unknown_setting", "unknown rule");
        self.problems.push(match nearest(name, known.iter().copied()) {
            Some(other) => problem.with_help(format!("did you mean `{other}`?")),
            None => problem,
        });
    }

    /// The entries, each name once.
    fn once<'a>(&mut self, below: &str, entries: &'a [(String, JsonNode)]) -> Vec<(&'a str, &'a JsonNode)> {
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for (name, node) in entries {
            if seen.insert(name.as_str()) {
                kept.push((name.as_str(), node));
            } else {
                self.problem(&format!("{below}{name}"), "duplicate_key", "the name is repeated");
            }
        }
        kept
    }

    fn rules(&mut self, path: &str, node: &JsonNode) -> NotifyRules {
        let mut rules = NotifyRules::default();
        let JsonNode::Object(entries) = node else {
            self.problem(path, "wrong_type", "expected an object with rules");
            return rules;
        };
        let below = format!("{path}.");
        for (name, node) in self.once(&below, entries) {
            let path = format!("{below}{name}");
            match (name, node) {
                (_, JsonNode::Null) if NAMES.contains(&name) => {}
                ("channels", node) => rules.channels = self.channels(&path, node),
                ("always", node) => rules.always = self.channels(&path, node),
                ("events", node) => {
                    let known: Vec<&str> = NoticeEvent::ALL.iter().map(|event| event.as_str()).collect();
                    let events = self.list(&path, node, "unknown_event", &known, NoticeEvent::from_name);
                    rules.events = events.map(|events| events.into_iter().collect());
                }
                ("bypass_quiet_hours", node) => {
                    let tiers = self.list(&path, node, "invalid_id", &[], |text| TierId::new(text).ok());
                    rules.bypass_quiet_hours = tiers.map(|tiers| tiers.into_iter().collect());
                }
                ("quiet_hours", JsonNode::Text(text)) if quiet(text).is_some() => rules.quiet_hours = quiet(text),
                ("quiet_hours", _) => {
                    self.problem(&path, "unknown_policy", "expected `send`, `wait` or `email_only`");
                }
                ("slack_channel", JsonNode::Text(text)) if is_slack_channel(text) => {
                    rules.slack_channel = Some(text.clone());
                }
                ("slack_channel", _) => {
                    let message = "expected the id of a channel, such as `C0123456789`: its name may change";
                    self.problem(&path, "invalid_channel", message);
                }
                ("max_attempts", JsonNode::Number(text)) if max_attempts(text).is_some() => {
                    rules.max_attempts = max_attempts(text)
                }
                ("max_attempts", _) => {
                    self.problem(&path, "out_of_range", &format!("expected an integer from 1 to {TRIES_MAX}"));
                }
                _ => self.unknown(&below, name, &NAMES),
            }
        }
        rules
    }

    fn channels(&mut self, path: &str, node: &JsonNode) -> Option<Vec<Channel>> {
        let known: Vec<&str> = ChannelKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let channels = self.list(path, node, "unknown_channel", &known, Channel::from_name)?;
        for (index, channel) in channels.iter().enumerate() {
            if channels.iter().take(index).any(|earlier| earlier == channel) {
                self.problem(&format!("{path}[{index}]"), "duplicate_channel", "the channel is already in the list");
            }
        }
        Some(channels)
    }

    fn list<T>(
        &mut self,
        path: &str,
        node: &JsonNode,
        code: &str,
        known: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let JsonNode::List(items) = node else {
            self.problem(path, "wrong_type", "expected a list");
            return None;
        };
        if items.len() > LIST_MAX {
            self.problem(path, "too_many", &format!("expected {LIST_MAX} at most"));
            return None;
        }
        let mut list = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let text = if let JsonNode::Text(text) = item { text.as_str() } else { "" };
            if let Some(value) = read(text) {
                list.push(value);
                continue;
            }
            let message = match known {
                [] => "expected letters, digits, `_`, `-`, `.`, `:` or `@`".to_owned(),
                known => format!("expected one of {}", known.join(", ")),
            };
            let problem = Problem::new(format!("{path}[{index}]"), code, message);
            self.problems.push(match nearest(text, known.iter().copied()) {
                Some(other) => problem.with_help(format!("did you mean `{other}`?")),
                None => problem,
            });
        }
        Some(list)
    }
}

fn quiet(text: &str) -> Option<Quiet> {
    match text {
        "send" => Some(Quiet::Send),
        "wait" => Some(Quiet::Wait),
        "email_only" => Some(Quiet::EmailOnly),
        _ => None,
    }
}

fn max_attempts(text: &str) -> Option<u32> {
    text.parse().ok().filter(|max_attempts| (1..=TRIES_MAX).contains(max_attempts))
}

/// Whether a text is the id of a channel, a private channel or a conversation.
fn is_slack_channel(text: &str) -> bool {
    let rest = text.strip_prefix(['C', 'G', 'D']).unwrap_or_default();
    (2..=32).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
