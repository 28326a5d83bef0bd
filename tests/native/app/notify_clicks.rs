//! Clicks on buttons of Slack: whose they are, and what becomes of them and of the message.

use crate::fakes::slack::SIGNING_SECRET;
use crate::notify_kit::{SLACK, notice, outside, told};
use crate::outside::{Fault, Outside};
use crate::world::{World as Leads, at, run};
use futures_util::future::join;
use lead_router_app::notify::clicked;
use lead_router_app::ports::follow_up::{FollowUps, RepAction, RepActionKind, RepActionOutcome};
use lead_router_app::ports::rate_limits::RateLimits;
use lead_router_app::ports::{Clock, Config, Http, HttpAnswer, HttpFailure, InForce, PortResult, Unavailable};
use lead_router_core::http::HttpRequest;
use lead_router_core::id::RepId;
use lead_router_core::notify::slack::click::{Click, SETTINGS, parse};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::{KeptToken, RefundRequest};
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, TokenRequest, TokenResponse};
use lead_router_core::webhook::{Incoming, Refusal, SenderSettings, WebhookMethod};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

const NOW_S: i64 = 1_767_323_045;

fn settings(current: &str, previous: Option<&str>) -> SenderSettings {
    SenderSettings::read(SETTINGS, |name| match name {
        "SLACK_SIGNING_SECRET" => Some(current.to_owned()),
        _ => previous.map(str::to_owned),
    })
}

fn heard(
    headers: &[(String, String)],
    body: &str,
    now_s: i64,
    settings: &SenderSettings,
) -> Result<Option<Click>, Refusal> {
    let now = Timestamp::from_ms(now_s * 1_000);
    let url = "https://leads.acme.example/hooks/slack";
    parse(&Incoming { method: WebhookMethod::Post, url, headers, body: body.as_bytes(), now }, settings)
}

fn signed(signature: &str, seconds: i64) -> Vec<(String, String)> {
    vec![
        ("x-slack-signature".to_owned(), signature.to_owned()),
        ("x-slack-request-timestamp".to_owned(), seconds.to_string()),
    ]
}

#[test]
fn signatures_are_those_of_slack() {
    // Computed from the documented scheme.
    let body = "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%2C%22actions%22%3A%5B%7B%22\
        action_id%22%3A%22claim%22%2C%22value%22%3A%22lead_1%22%7D%5D%7D";
    let headers = signed("v0=d43d4ef64d02daeb702bcbc541dbce277fdcdfaca045f335dbba4cf7394d9dd5", NOW_S);
    let keys = settings("slack_signing_secret", None);
    assert_eq!(heard(&headers, body, NOW_S, &keys), Ok(None), "no button of ours");
    assert_eq!(heard(&headers, body, NOW_S + 300, &keys), Ok(None));
    assert_eq!(heard(&headers, body, NOW_S + 301, &keys).unwrap_err().code, "stale_timestamp");
    assert_eq!(heard(&headers, body, NOW_S - 301, &keys).unwrap_err().code, "stale_timestamp");
    assert_eq!(heard(&headers, &format!("{body} "), NOW_S, &keys).unwrap_err().code, "bad_signature");
    assert_eq!(heard(&headers, body, NOW_S, &settings("new", Some("slack_signing_secret"))), Ok(None));
    assert_eq!(heard(&headers, body, NOW_S, &settings("new", None)).unwrap_err().code, "bad_signature");
    assert_eq!(heard(&headers[..1], body, NOW_S, &keys).unwrap_err().code, "missing_signature");
    assert_eq!(heard(&headers, body, NOW_S, &SenderSettings::default()).unwrap_err().code, "not_set_up");
    let other = signed("v1=d43d", NOW_S);
    assert_eq!(heard(&other, body, NOW_S, &keys).unwrap_err().code, "malformed_signature");
}

#[test]
fn the_vector_that_slack_publishes_is_taken() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
        trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let headers = signed("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503", 1_531_420_618);
    let keys = settings("8f742231b10e8888abcd99yyyzzz85a5", None);
    assert_eq!(heard(&headers, body, 1_531_420_618, &keys), Ok(None));
}

/// The world outside, the roster, and an account shard that gives a lead to whoever acts first.
struct World {
    outside: Outside,
    config: Rc<InForce>,
    acts: RefCell<Vec<RepAction>>,
    decision_no: Cell<u32>,
    is_down: Cell<bool>,
    next: RefCell<Option<RepId>>,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.outside.now()
    }
    async fn pause(&self, ms: u32) {
        self.outside.pause(ms).await;
    }
}

impl Http for World {
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure> {
        self.outside.send(request, timeout_ms).await
    }
    fn setting(&self, name: &str) -> Option<String> {
        self.outside.setting(name)
    }
}

impl RateLimits for World {
    async fn acquire(&self, limiter: &str, request: &AcquireRequest) -> PortResult<AcquireResponse> {
        self.outside.acquire(limiter, request).await
    }
    async fn block_until(&self, limiter: &str, bucket: &str, until: Timestamp) -> PortResult<()> {
        self.outside.block_until(limiter, bucket, until).await
    }
    async fn refund(&self, limiter: &str, refund: &RefundRequest) -> PortResult<()> {
        self.outside.refund(limiter, refund).await
    }
    async fn token(&self, limiter: &str, request: &TokenRequest) -> PortResult<TokenResponse> {
        self.outside.token(limiter, request).await
    }
    async fn put_token(&self, limiter: &str, token: Option<&KeptToken>) -> PortResult<()> {
        self.outside.put_token(limiter, token).await
    }
}

impl Config for World {
    async fn current(&self) -> PortResult<Rc<InForce>> {
        Ok(Rc::clone(&self.config))
    }
}

impl FollowUps for World {
    async fn follow_up(&self, act: &RepAction) -> PortResult<RepActionOutcome> {
        self.pause(20).await;
        if self.is_down.get() {
            return Err(Unavailable::new("shard", "away"));
        }
        if act.lead_id.as_str() == "forgotten" {
            return Ok(RepActionOutcome::Unknown);
        }
        let now = self.decision_no.get();
        if act.decision_no != now {
            return Ok(RepActionOutcome::Stale { rep_id: self.next.borrow().clone() });
        }
        self.decision_no.set(now + 1);
        self.acts.borrow_mut().push(act.clone());
        Ok(RepActionOutcome::Done {
            rep_id: match &act.kind {
                RepActionKind::Accept => act.by.clone(),
                RepActionKind::Decline => self.next.borrow().clone(),
                RepActionKind::Reassign { to } => to.clone(),
            },
        })
    }
}

/// A world with a message in Slack. U001 and U002 are reps, U003 is a stranger.
fn world() -> World {
    let leads = Leads::sample();
    let reps: Vec<_> = leads.in_force().index.reps.keys().cloned().collect();
    let config = leads.in_force();
    let mut index = config.index.clone();
    index.reps.get_mut(&reps[0]).unwrap().slack_id = Some("U001".to_owned());
    index.reps.get_mut(&reps[0]).unwrap().name = "Jonas <Weidmann>".to_owned();
    index.reps.get_mut(&reps[1]).unwrap().slack_id = Some("U002".to_owned());
    index.reps.get_mut(&reps[1]).unwrap().name = "Mara Lind".to_owned();
    let rubric = lead_router_core::rubric::check::check(config.rubric.file()).unwrap();
    let config =
        InForce { rubric, index, index_version: String::new(), directory_version: String::new(), crm_heard: None };
    let world = World {
        outside: outside(),
        config: Rc::new(config),
        acts: RefCell::default(),
        decision_no: Cell::new(1),
        is_down: Cell::new(false),
        next: RefCell::new(Some(reps[1].clone())),
    };
    run(told(&world.outside, "slack", &notice("assigned"), false)).unwrap();
    world
}

fn click(world: &World, action: &str, user: &str, to: Option<&str>) -> Click {
    let at_s = world.outside.now().as_ms() / 1_000;
    let click = json!({"message": 0, "action": action, "user": user, "to": to, "at_s": at_s});
    world.outside.change(SLACK, &json!({"click": click}));
    let sent = &world.outside.state(SLACK)["clicked"];
    let headers: Vec<(String, String)> = sent["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    heard(&headers, sent["body"].as_str().unwrap(), at_s, &settings(SIGNING_SECRET, None)).unwrap().unwrap()
}

fn message(world: &World) -> Value {
    world.outside.state(SLACK)["messages"][0].clone()
}

fn last_said(world: &World) -> Value {
    world.outside.state(SLACK)["said"].as_array().unwrap().last().cloned().unwrap()
}

#[test]
fn a_rep_accepts_and_the_message_says_so_without_its_buttons() {
    let world = world();
    run(clicked(&world, &click(&world, "accept", "U001", None))).unwrap();
    let acts = world.acts.borrow();
    let by = world.config.index.rep_of_slack("U001").cloned();
    assert_eq!((&acts[0].kind, &acts[0].by, acts[0].decision_no), (&RepActionKind::Accept, &by, 1));
    assert_eq!(acts[0].lead_id, notice("assigned").lead_id);
    let message = message(&world);
    let text = message["blocks"].to_string();
    assert!(text.contains("Accepted by Jonas &lt;Weidmann&gt;."), "{text}");
    assert!(!text.contains("decline") && !text.contains("users_select") && text.contains("open_0"), "{text}");
    assert!(text.contains("Fjordwerk"), "what was said stays");
}

#[test]
fn declining_and_handing_on_say_who_has_it_now() {
    for (action, to, expected) in [
        ("decline", None, "Declined by Jonas &lt;Weidmann&gt;. Mara Lind has this lead now."),
        ("reassign", Some("U002"), "Reassigned by Jonas &lt;Weidmann&gt;. Mara Lind has this lead now."),
    ] {
        let world = world();
        run(clicked(&world, &click(&world, action, "U001", to))).unwrap();
        assert!(message(&world).to_string().contains(expected), "{action}");
    }
}

#[test]
fn of_two_clicks_at_once_one_counts_and_the_other_hears_so() {
    let world = world();
    let (one, two) = (click(&world, "accept", "U001", None), click(&world, "decline", "U001", None));
    let (first, second) = run(join(clicked(&world, &one), clicked(&world, &two)));
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(world.acts.borrow().len(), 1);
    assert!(message(&world).to_string().contains("No change: Mara Lind already has this lead."));
}

#[test]
fn strangers_are_told_that_nothing_was_done_and_only_they_are() {
    for (user, to) in [("U003", None), ("U001", Some("U003"))] {
        let world = world();
        let before = message(&world);
        let action = if to.is_some() { "reassign" } else { "accept" };
        run(clicked(&world, &click(&world, action, user, to))).unwrap();
        assert!(world.acts.borrow().is_empty());
        let said = last_said(&world);
        assert_eq!((&said["response_type"], &said["replace_original"]), (&json!("ephemeral"), &json!(false)));
        assert!(said["text"].as_str().unwrap().contains("not in the roster"));
        assert_eq!(message(&world), before);
    }
}

#[test]
fn a_desk_that_is_away_and_a_lead_that_is_gone_leave_the_message_as_it_is() {
    let world = world();
    world.is_down.set(true);
    run(clicked(&world, &click(&world, "accept", "U001", None))).unwrap();
    assert!(last_said(&world)["text"].as_str().unwrap().contains("click again"));
    world.is_down.set(false);
    let mut gone = click(&world, "accept", "U001", None);
    gone.lead_id = lead_router_core::id::LeadId::new("forgotten").unwrap();
    run(clicked(&world, &gone)).unwrap();
    assert!(last_said(&world)["text"].as_str().unwrap().contains("no longer exists"));
    assert!(message(&world).to_string().contains("decline"));
}

#[test]
fn where_the_address_of_a_click_has_ended_the_bot_changes_the_message() {
    for is_used_up in [true, false] {
        let world = world();
        if is_used_up {
            world.outside.change(SLACK, &json!({"use_up": 0}));
        } else {
            let next = world.outside.calls.get();
            world.outside.faults.borrow_mut().insert(next, Fault::Status(500));
        }
        run(clicked(&world, &click(&world, "accept", "U001", None))).unwrap();
        assert!(message(&world).to_string().contains("Accepted by"), "{is_used_up}");
    }
}

#[test]
fn what_is_no_button_of_ours_wants_nothing() {
    let world = world();
    world.outside.change(SLACK, &json!({"click": {"message": 0, "action": "open_0", "user": "U001", "at_s": NOW_S}}));
    let sent = world.outside.state(SLACK)["clicked"].clone();
    let headers: Vec<(String, String)> = sent["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(heard(&headers, sent["body"].as_str().unwrap(), NOW_S, &settings(SIGNING_SECRET, None)), Ok(None));
    assert!(at("2026-11-18T12:00:00Z") < world.now());
}
