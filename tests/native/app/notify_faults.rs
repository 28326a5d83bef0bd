//! Telling through a network that loses, repeats and delays, and within the limits of the vendors.

use crate::notify_kit::{
    CHANNELS, MAIL, RESEND, SLACK, TEAMS, WEBHOOK, channel, notice, numbered, outside, shown, told, told_after,
};
use crate::outside::{FAULTS, Fault, Outside};
use crate::world::run;
use futures_util::{StreamExt, stream};
use lead_router_app::notify::{Delivered, Telling, check, tell};
use lead_router_app::ports::Clock;
use lead_router_app::ports::crm::DeliveryResult;
use lead_router_core::notify::chain::ChannelResult as Came;
use lead_router_core::notify::{ChannelAttempt, NextStep, Notice, RuleBook, next_channel};
use lead_router_core::vendor::{DeliveryError, next_try_ms};
use serde_json::json;

/// Tries until it is told, as the queue does; `None` when it was given up.
async fn until_told(world: &Outside, name: &str, notice: &Notice) -> Option<Delivered> {
    for tries in 1..=10 {
        match told(world, name, notice, tries > 1).await {
            Ok(told) => return Some(told),
            Err(DeliveryError::Permanent { .. }) => return None,
            Err(DeliveryError::Retryable { after_ms, .. }) => {
                world.pause(u32::try_from(next_try_ms(tries, after_ms, 0)?).unwrap()).await;
            }
        }
    }
    None
}

/// How often a fault may be seen: vendors that know no repeats show what arrives.
fn may_be_seen(name: &str, fault: Fault) -> usize {
    let knows_repeats = matches!(name, "resend" | "webhook");
    let finds_its_own = name == "slack";
    match fault {
        _ if knows_repeats => 1,
        // Slack's limit for a conversation turns the copy away, and the message is found afterwards.
        Fault::Twice if finds_its_own => 1,
        // Nobody can take back what the network itself says twice.
        Fault::Twice => 2,
        Fault::LostAfter | Fault::Late if !finds_its_own => 2,
        _ => 1,
    }
}

#[test]
fn whatever_the_network_does_is_told_and_seen_once_where_the_vendor_allows() {
    for name in CHANNELS {
        for fault in FAULTS {
            let world = outside();
            world.faults.borrow_mut().insert(0, *fault);
            let told = run(until_told(&world, name, &notice("assigned")));
            assert!(told.is_some(), "{name} {fault:?}");
            // What comes late comes with the next call at the latest.
            assert_eq!(shown(&world, name), may_be_seen(name, *fault), "{name} {fault:?}");
        }
    }
}

#[test]
fn a_fault_on_any_call_of_a_retry_is_survived_by_slack() {
    // 0 post, 1 open, 2 history, 3 post.
    for first in [Fault::LostBefore, Fault::LostAfter, Fault::Status(500)] {
        for place in 1..=3 {
            for second in FAULTS.iter().filter(|fault| **fault != Fault::Twice) {
                let world = outside();
                world.faults.borrow_mut().insert(0, first);
                world.faults.borrow_mut().insert(place, *second);
                let told = run(until_told(&world, "slack", &notice("assigned")));
                assert!(told.is_some(), "{first:?} {place} {second:?}");
                assert_eq!(shown(&world, "slack"), 1, "{first:?} {place} {second:?}");
            }
        }
    }
}

#[test]
fn an_internal_error_of_slack_that_had_an_effect_is_seen_once() {
    for is_applied in [false, true] {
        let world = outside();
        world.change(SLACK, &json!({"error": "internal_error", "applied": is_applied}));
        let told = run(until_told(&world, "slack", &notice("assigned"))).unwrap();
        assert_eq!(shown(&world, "slack"), 1);
        let message = &world.state(SLACK)["messages"][0];
        let posted = told.posted.unwrap();
        assert_eq!((posted.channel.as_str(), posted.ts.as_str()), ("D001", message["ts"].as_str().unwrap()));
    }
}

#[test]
fn an_app_that_may_not_read_tells_rather_than_keeps_silent() {
    for (scope, lost) in
        [("im:history", Fault::LostBefore), ("im:write", Fault::LostBefore), ("im:history", Fault::LostAfter)]
    {
        let world = outside();
        world.change(SLACK, &json!({"take_scope": scope}));
        world.faults.borrow_mut().insert(0, lost);
        assert!(run(until_told(&world, "slack", &notice("assigned"))).is_some());
        let seen = if lost == Fault::LostAfter { 2 } else { 1 };
        assert_eq!(shown(&world, "slack"), seen, "{scope} {lost:?}");
    }
}

#[test]
fn a_message_for_somebody_without_a_slack_user_goes_to_the_channel_and_is_found_there() {
    let world = outside();
    world.faults.borrow_mut().insert(0, Fault::LostAfter);
    let told = run(until_told(&world, "slack", &notice("held_team"))).unwrap();
    assert_eq!(told.posted.unwrap().channel, "C0TEAM");
    assert_eq!(shown(&world, "slack"), 1);
    let channel = channel("slack");
    let notice = notice("held_team");
    let notification = Telling { channel: &channel, notice: &notice, slack_channel: None, again: false, earlier: None };
    assert_eq!(run(tell(&world, &notification)).unwrap_err().code(), "no_slack_address");
}

#[test]
fn a_lead_that_moves_takes_the_earlier_message_with_it() {
    for fault in [None, Some((1, Fault::LostAfter)), Some((2, Fault::LostAfter)), Some((2, Fault::Status(503)))] {
        let world = outside();
        let first = run(told(&world, "slack", &notice("assigned"), false)).unwrap().posted.unwrap();
        world.wait(60_000);
        world.faults.borrow_mut().extend(fault);
        let moved = notice("moved").told_at(world.now());
        let mut again = false;
        let told: DeliveryResult<Delivered> = loop {
            let told = run(told_after(&world, "slack", &moved, again, Some(&first)));
            if told.is_ok() || again {
                break told;
            }
            (again, _) = (true, world.wait(5_000));
        };
        assert!(told.is_ok(), "{fault:?}");
        let messages = world.state(SLACK)["messages"].as_array().unwrap().clone();
        assert_eq!(messages.len(), 2, "{fault:?}");
        assert_eq!(messages[1]["thread_ts"], first.ts.as_str());
        for message in messages {
            let text = message.to_string();
            assert!(text.contains("Bea Stone has this lead now"), "{text}");
            assert!(!text.contains("ada@") && !text.contains("Accept"), "{text}");
        }
    }
}

#[test]
fn a_lead_that_stays_under_another_tier_has_buttons_once() {
    let world = outside();
    let first = run(told(&world, "slack", &notice("assigned"), false)).unwrap().posted.unwrap();
    world.wait(60_000);
    let changed = notice("changed").told_at(world.now());
    run(told_after(&world, "slack", &changed, false, Some(&first))).unwrap();
    let messages = world.state(SLACK)["messages"].as_array().unwrap().clone();
    let has_buttons = |message: &serde_json::Value| message.to_string().contains("users_select");
    assert_eq!(messages.iter().map(has_buttons).collect::<Vec<_>>(), [false, true]);
    assert!(messages.iter().all(|message| message.to_string().contains("Still yours, now tier B")));
}

fn refusal(world: &Outside, name: &str, notice: &Notice) -> (String, bool) {
    match run(told(world, name, notice, false)).unwrap_err() {
        DeliveryError::Permanent { code, config, .. } => (code, config),
        DeliveryError::Retryable { code, after_ms } => panic!("{code} {after_ms:?}"),
    }
}

fn later(world: &Outside, name: &str, notice: &Notice) -> (String, Option<u32>) {
    match run(told(world, name, notice, false)).unwrap_err() {
        DeliveryError::Retryable { code, after_ms } => (code, after_ms),
        DeliveryError::Permanent { code, .. } => panic!("{code}"),
    }
}

#[test]
fn refusals_name_who_has_to_act() {
    let assigned = notice("assigned");
    for (error, config) in [
        ("channel_not_found", true),
        ("is_archived", true),
        ("not_in_channel", true),
        ("invalid_auth", true),
        ("account_inactive", true),
        ("token_revoked", true),
        ("invalid_blocks", false),
        ("msg_too_long", false),
        ("no_text", false),
    ] {
        let world = outside();
        world.change(SLACK, &json!({"error": error}));
        assert_eq!(refusal(&world, "slack", &assigned), (format!("slack_{error}"), config));
    }
    let world = outside();
    world.change(SLACK, &json!({"take_scope": "chat:write"}));
    let refused = run(told(&world, "slack", &assigned, false)).unwrap_err();
    let DeliveryError::Permanent { message, .. } = refused else { panic!("{refused:?}") };
    assert!(message.contains("`chat:write`"), "{message}");

    let world = outside();
    world.change(SLACK, &json!({"webhook_gone": true}));
    assert_eq!(refusal(&world, "slack_webhook", &assigned), ("slack_no_service".to_owned(), true));
    world.change(TEAMS, &json!({"gone": true}));
    assert_eq!(refusal(&world, "teams", &assigned), ("teams_gone".to_owned(), true));
    world.change(WEBHOOK, &json!({"status": 410}));
    assert_eq!(refusal(&world, "webhook", &assigned), ("webhook_gone".to_owned(), true));
    world.change(WEBHOOK, &json!({"status": 302}));
    assert_eq!(refusal(&world, "webhook", &assigned), ("webhook_moved".to_owned(), true));
    world.set("NOTIFY_WEBHOOK_SECRET", "short");
    assert_eq!(refusal(&world, "webhook", &assigned), ("bad_webhook_secret".to_owned(), true));
    assert_eq!(refusal(&world, "teams:emea", &assigned), ("not_set_up".to_owned(), true));
    assert_eq!(refusal(&world, "resend", &notice("held_team")), ("no_email".to_owned(), true));
}

#[test]
fn errors_of_resend_and_of_the_binding_are_told_apart() {
    let assigned = notice("assigned");
    for (status, name, expected) in [
        (401, "restricted_api_key", ("resend_restricted_api_key", true)),
        (403, "validation_error", ("resend_validation_error", true)),
        (409, "invalid_idempotent_request", ("resend_invalid_idempotent_request", true)),
        (422, "invalid_from_address", ("resend_invalid_from_address", false)),
        (451, "security_error", ("resend_security_error", false)),
    ] {
        let world = outside();
        world.change(RESEND, &json!({"status": status, "name": name}));
        assert_eq!(refusal(&world, "resend", &assigned), (expected.0.to_owned(), expected.1));
    }
    for (status, name, expected) in [
        (409, "concurrent_idempotent_requests", ("under_way", Some(1_000))),
        (429, "rate_limit_exceeded", ("rate_limited", Some(1_000))),
        (429, "daily_quota_exceeded", ("daily_cap_reached", Some(3_600_000))),
        (500, "internal_server_error", ("unavailable", None)),
    ] {
        let world = outside();
        world.change(RESEND, &json!({"status": status, "name": name}));
        assert_eq!(later(&world, "resend", &assigned), (expected.0.to_owned(), expected.1));
    }
    for (code, expected) in [
        ("E_VALIDATION_ERROR", Some(false)),
        ("E_FIELD_MISSING", Some(false)),
        ("E_TOO_MANY_RECIPIENTS", Some(false)),
        ("E_CONTENT_TOO_LARGE", Some(false)),
        ("E_HEADER_NOT_ALLOWED", Some(false)),
        ("E_SENDER_NOT_VERIFIED", Some(true)),
        ("E_SENDER_DOMAIN_NOT_AVAILABLE", Some(true)),
        ("E_RECIPIENT_NOT_ALLOWED", Some(true)),
        ("E_RECIPIENT_SUPPRESSED", Some(true)),
        ("no_binding", Some(true)),
        ("E_RATE_LIMIT_EXCEEDED", None),
        ("E_DAILY_LIMIT_EXCEEDED", None),
        ("E_DELIVERY_FAILED", None),
        ("E_INTERNAL_SERVER_ERROR", None),
        ("something else", None),
    ] {
        let world = outside();
        world.change(MAIL, &json!({"code": code}));
        match expected {
            Some(config) => assert_eq!(refusal(&world, "email", &assigned).1, config, "{code}"),
            None => drop(later(&world, "email", &assigned)),
        }
    }
}

#[test]
fn five_hundred_notices_at_once_stay_within_every_limit() {
    let reps = 20;
    for name in CHANNELS {
        let world = outside();
        let notices: Vec<Notice> =
            (0..500).map(|number| numbered(number, &format!("U{:03}", number % reps + 1))).collect();
        let began = world.now();
        let tell = async |notice: &Notice| {
            // A message of the queue that waited for the gate too long comes again.
            loop {
                match told(&world, name, notice, false).await {
                    Err(DeliveryError::Retryable { code, .. }) if code == "rate_limiter_full" => {
                        world.pause(5_000).await
                    }
                    told => return told,
                }
            }
        };
        // As many at once as one batch of the queue has; the others stand behind it.
        let told: Vec<DeliveryResult<Delivered>> = run(stream::iter(&notices).map(tell).buffer_unordered(50).collect());
        assert!(told.iter().all(Result::is_ok), "{name} {:?}", told.iter().find(|told| told.is_err()));
        assert_eq!(shown(&world, name), 500, "{name}");
        for base in [SLACK, TEAMS, RESEND] {
            assert_eq!(world.state(base)["exceeded"], json!(0), "{name} {base}");
        }
        assert_eq!(world.sent.borrow().len(), 500, "{name}: no call is spent on a refusal");
        let took_s = world.now().ms_since(began) / 1_000;
        // The limit of the vendor with the gate's margin of 300 ms, and a tenth for waking at the wrong moment.
        let most_s = match name {
            "slack" | "teams" => 500 / 4,
            "slack_webhook" => 500,
            "resend" => 500 / 5,
            _ => 500 / 10,
        };
        assert!(took_s <= most_s * 143 / 100 + 10, "{name} took {took_s} s");
    }
}

#[test]
fn a_vendor_that_says_when_is_not_called_before() {
    let world = outside();
    world.change(WEBHOOK, &json!({"status": 429}));
    assert_eq!(later(&world, "webhook", &notice("assigned")), ("rate_limited".to_owned(), Some(1_000)));
    let began = world.now();
    run(told(&world, "webhook", &notice("assigned"), true)).unwrap();
    assert!(world.now().ms_since(began) >= 1_000);
}

/// A whole chain, as the consumer works through it.
async fn work_through(world: &Outside, channels: &str, notice: &Notice) -> (NextStep, Vec<ChannelAttempt>) {
    let channels: Vec<_> = channels.split(' ').map(channel).collect();
    let policy = RuleBook::default().policy(notice, &channels);
    let mut so_far: Vec<ChannelAttempt> = Vec::new();
    loop {
        let next = next_channel(&channels, &policy, &so_far, &notice.to, world.now());
        let NextStep::Tell { channel, not_before } = &next else { return (next, so_far) };
        world.pause(u32::try_from(not_before.ms_since(world.now()).max(0)).unwrap()).await;
        let tries = so_far.iter().find(|tried| tried.channel == *channel).map_or(0, |tried| tried.tries);
        let notification = Telling { channel, notice, slack_channel: None, again: tries > 0, earlier: None };
        let (result, pause_ms) = match tell(world, &notification).await {
            Ok(_) => (Came::Delivered, 0),
            Err(DeliveryError::Permanent { .. }) => (Came::Refused, 0),
            Err(DeliveryError::Retryable { after_ms, .. }) => {
                (Came::Later, next_try_ms(tries + 1, after_ms, 0).unwrap_or_default())
            }
        };
        so_far.retain(|tried| tried.channel != *channel);
        so_far.push(ChannelAttempt { channel: channel.clone(), tries: tries + 1, result });
        world.pause(u32::try_from(pause_ms).unwrap()).await;
    }
}

#[test]
fn the_next_channel_takes_over_when_one_fails() {
    let world = outside();
    world.change(SLACK, &json!({"error": "is_archived"}));
    let (next, _) = run(work_through(&world, "slack resend", &notice("assigned")));
    assert_eq!((next, shown(&world, "resend"), shown(&world, "slack")), (NextStep::Done, 1, 0));

    let world = outside();
    world.faults.borrow_mut().extend((0..100).map(|place| (place, Fault::Status(503))));
    let (next, so_far) = run(work_through(&world, "teams resend", &notice("assigned")));
    assert_eq!(next, NextStep::GiveUp);
    assert_eq!(so_far.iter().map(|tried| tried.tries).collect::<Vec<_>>(), [3, 3]);
    let (next, _) = run(work_through(&world, "teams inbox", &notice("assigned")));
    assert_eq!(next, NextStep::Done);
}

#[test]
fn the_check_names_what_is_missing() {
    let problems = |world: &Outside| {
        let channels: Vec<_> = CHANNELS.iter().map(|name| channel(name)).collect();
        let checks = run(check(world, &channels));
        assert_eq!(checks.len(), 9);
        let bad = checks.into_iter().filter_map(|check| check.problem.map(|problem| (check.name, problem.code)));
        bad.map(|(name, code)| format!("{name} {code}")).collect::<Vec<_>>()
    };
    let world = outside();
    assert_eq!(problems(&world), Vec::<String>::new());
    assert_eq!(shown(&world, "slack"), 0, "nobody is told anything");
    world.change(SLACK, &json!({"take_scope": "channels:history"}));
    world.set("NOTIFY_WEBHOOK_SECRET", "whsec_x");
    assert_eq!(
        problems(&world),
        [
            "slack: reads its own messages, so that none is told twice slack_missing_scope",
            "webhook: settings bad_webhook_secret"
        ]
    );
}
