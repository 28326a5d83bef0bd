//! Notices, and a world with every channel played.

use crate::fakes::resend::{Binding, KEY, Resend};
use crate::fakes::slack::{SIGNING_SECRET, Slack, TOKEN};
use crate::fakes::teams::Teams;
use crate::fakes::webhook::{SECRET, Webhook};
use crate::outside::Outside;
use lead_router_app::notify::{Delivered, Telling, tell};
use lead_router_app::ports::Http;
use lead_router_app::ports::crm::DeliveryResult;
use lead_router_app::ports::mail::Mails;
use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::notify::email::Mail;
use lead_router_core::notify::slack::PostedMessage;
use lead_router_core::notify::{Channel, Notice};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

pub const SLACK: &str = "http://slack.test";
pub const TEAMS: &str = "http://teams.test";
pub const RESEND: &str = "http://resend.test";
pub const MAIL: &str = "http://mail.test";
pub const WEBHOOK: &str = "http://webhook.test";

/// Every channel, by its name in the rules.
pub const CHANNELS: [&str; 6] = ["slack", "slack_webhook", "teams", "resend", "email", "webhook"];

impl Mails for Outside {
    fn has_mail(&self) -> bool {
        true
    }

    async fn send_mail(&self, mail: &Mail) -> Result<(), String> {
        let body = serde_json::to_string(mail).unwrap();
        let request =
            HttpRequest { method: Method::Post, url: format!("{MAIL}/send"), headers: Vec::new(), body: Some(body) };
        match self.send(&request, 20_000).await {
            Err(_) => Err("timeout".to_owned()),
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => {
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                Err(body["code"].as_str().unwrap_or("E_INTERNAL_SERVER_ERROR").to_owned())
            }
        }
    }
}

/// A world with every channel set up.
pub fn outside() -> Outside {
    let world = Outside::new(vec![
        (SLACK, Box::new(Slack::new(SLACK))),
        (TEAMS, Box::<Teams>::default()),
        (RESEND, Box::<Resend>::default()),
        (MAIL, Box::<Binding>::default()),
        (WEBHOOK, Box::<Webhook>::default()),
    ]);
    for (name, value) in [
        ("SLACK_BOT_TOKEN", TOKEN),
        ("SLACK_BASE_URL", "http://slack.test/api"),
        ("SLACK_SIGNING_SECRET", SIGNING_SECRET),
        ("SLACK_WEBHOOK_URL", "http://slack.test/services/T1/B1/x"),
        ("TEAMS_WEBHOOK_URL", "http://teams.test/workflows/1?sig=secret"),
        ("RESEND_API_KEY", KEY),
        ("RESEND_BASE_URL", RESEND),
        ("NOTIFY_FROM", "Leads <leads@acme.example>"),
        ("NOTIFY_WEBHOOK_URL", "http://webhook.test/events"),
        ("NOTIFY_WEBHOOK_SECRET", SECRET),
    ] {
        world.set(name, value);
    }
    world
}

pub fn folder(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/golden/notify").join(path)
}

/// A notice of `tests/golden/notify/notices`.
pub fn notice(name: &str) -> Notice {
    serde_json::from_str(&fs::read_to_string(folder("notices").join(format!("{name}.json"))).unwrap()).unwrap()
}

/// A notice with changes (RFC 7396, objects only).
pub fn changed(name: &str, patch: &Value) -> Notice {
    fn merge(target: &mut Value, patch: &Value) {
        match patch.as_object() {
            Some(entries) => {
                for (key, value) in entries {
                    merge(&mut target[key.as_str()], value);
                }
            }
            None => *target = patch.clone(),
        }
    }
    let mut value = serde_json::to_value(notice(name)).unwrap();
    merge(&mut value, patch);
    serde_json::from_value(value).unwrap()
}

/// The notice about another lead, to the rep with this Slack user.
pub fn numbered(number: u32, slack_id: &str) -> Notice {
    changed("assigned", &json!({"lead_id": format!("lead-{number}"), "to": {"slack_id": slack_id}}))
}

pub fn channel(name: &str) -> Channel {
    Channel::from_name(name).unwrap()
}

pub async fn told(world: &Outside, name: &str, notice: &Notice, again: bool) -> DeliveryResult<Delivered> {
    told_after(world, name, notice, again, None).await
}

pub async fn told_after(
    world: &Outside,
    name: &str,
    notice: &Notice,
    again: bool,
    earlier: Option<&PostedMessage>,
) -> DeliveryResult<Delivered> {
    let channel = channel(name);
    tell(world, &Telling { channel: &channel, notice, slack_channel: Some("C0TEAM"), again, earlier }).await
}

/// How often a channel shows what it was told.
pub fn shown(world: &Outside, name: &str) -> usize {
    let list = match name {
        "slack" => world.state(SLACK)["messages"].clone(),
        "slack_webhook" => {
            let messages = world.state(SLACK)["messages"].as_array().unwrap().clone();
            messages.into_iter().filter(|message| message["channel"] == "webhook").collect()
        }
        "teams" => world.state(TEAMS)["cards"].clone(),
        "resend" => world.state(RESEND)["mails"].clone(),
        "email" => world.state(MAIL)["mails"].clone(),
        "webhook" => world.state(WEBHOOK)["events"].clone(),
        other => panic!("{other}"),
    };
    list.as_array().unwrap().len()
}
