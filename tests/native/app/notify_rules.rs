//! The rules of notifying: what is wrong with them, which channel is next, quiet hours.

use crate::notify_kit::{CHANNELS, changed, channel, notice};
use crate::world::at;
use lead_router_core::notify::chain::ChannelResult as Came;
use lead_router_core::notify::{Channel, ChannelAttempt, NextStep, Notice, RuleBook, next_channel, read};
use lead_router_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn book(rules: &Value) -> RuleBook {
    read(&rules.to_string()).unwrap()
}

fn available(names: &[&str]) -> Vec<Channel> {
    names.iter().map(|name| channel(name)).collect()
}

fn chains(rules: &Value, notice: &Notice, names: &[&str]) -> Vec<String> {
    let policy = book(rules).policy(notice, &available(names));
    policy.chains.iter().map(|chain| chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(">")).collect()
}

#[test]
fn everything_wrong_is_told_at_once() {
    let text = r#"{"default": {"channels": ["slak", "resend", "resend", 7], "quiet_hours": "sometimes", "max_attempts": 0,
        "slack_channel": "sales", "events": ["asigned"], "bypass_quiet_hours": ["A B"], "cannels": [], "max_attempts": 2},
        "teams": {"a b": {}, "emea": {"channels": "slack", "always": ["slack:emea"], "max_attempts": 11}, "x": []}, "defaul": {}}"#;
    let problems = read(text).unwrap_err();
    let found: Vec<String> = problems.iter().map(|it| format!("{} {}", it.path, it.code)).collect();
    assert_eq!(
        found,
        [
            "default.max_attempts duplicate_key",
            "default.channels[0] unknown_channel",
            "default.channels[3] unknown_channel",
            "default.channels[1] duplicate_channel",
            "default.quiet_hours unknown_policy",
            "default.max_attempts out_of_range",
            "default.slack_channel invalid_channel",
            "default.events[0] unknown_event",
            "default.bypass_quiet_hours[0] invalid_id",
            "default.cannels unknown_setting",
            "teams.a b invalid_id",
            "teams.emea.channels wrong_type",
            "teams.emea.always[0] unknown_channel",
            "teams.emea.max_attempts out_of_range",
            "teams.x wrong_type",
            "defaul unknown_setting",
        ]
    );
    assert_eq!(problems[1].help.as_deref(), Some("did you mean `slack`?"));
    assert_eq!(problems[9].help.as_deref(), Some("did you mean `channels`?"));
    for text in ["", "[]", "{\"default\": 1}", "{\"teams\": []}"] {
        assert!(!read(text).unwrap_err().is_empty(), "{text}");
    }
    assert_eq!(read("{}").unwrap(), RuleBook::default());
    assert_eq!(read(r#"{"default": null, "teams": {"emea": {"channels": null}}}"#).unwrap().teams.len(), 1);
}

#[test]
fn without_rules_whatever_is_set_up_is_used_and_the_webhook_in_any_case() {
    let assigned = notice("assigned");
    assert_eq!(chains(&json!({}), &assigned, &[]), Vec::<String>::new());
    assert_eq!(chains(&json!({}), &assigned, &["slack", "resend"]), ["slack>resend"]);
    assert_eq!(chains(&json!({}), &assigned, &["slack", "resend", "webhook"]), ["slack>resend", "webhook"]);
    assert_eq!(chains(&json!({}), &assigned, &["webhook"]), ["webhook"]);
    let none = Channel::available(|_| false, true);
    assert_eq!(none, Vec::new());
    let all = Channel::available(|_| true, true);
    assert_eq!(all, available(&CHANNELS));
    assert_eq!(
        Channel::available(|name| name.starts_with("RESEND") || name == "NOTIFY_FROM", false),
        available(&["resend"])
    );
}

#[test]
fn a_team_has_its_own_rules_and_otherwise_those_of_the_default() {
    let rules = json!({
        "default": {"channels": ["slack", "inbox"], "always": [], "max_attempts": 5, "slack_channel": "C0DEFAULT"},
        "teams": {"named-accounts": {"channels": ["teams:emea"], "events": ["assigned", "held"]}},
    });
    let names = ["slack", "webhook"];
    assert_eq!(chains(&rules, &notice("assigned"), &names), ["teams:emea"]);
    assert_eq!(chains(&rules, &notice("moved"), &names), Vec::<String>::new());
    let other = changed("moved", &json!({"team": "smb"}));
    assert_eq!(chains(&rules, &other, &names), ["slack>inbox"]);
    let policy = book(&rules).policy(&notice("assigned"), &[]);
    assert_eq!((policy.max_attempts, policy.slack_channel.as_deref()), (5, Some("C0DEFAULT")));
    let named: Vec<String> = book(&rules).channels().map(ToString::to_string).collect();
    assert_eq!(named, ["slack", "inbox", "teams:emea"]);
}

fn next(rules: &Value, names: &[&str], so_far: &[(&str, u32, Came)], notice: &Notice, now: Timestamp) -> String {
    let chain = available(names);
    let policy = book(rules).policy(notice, &chain);
    let so_far: Vec<ChannelAttempt> = so_far
        .iter()
        .map(|(name, tries, result)| ChannelAttempt { channel: channel(name), tries: *tries, result: *result })
        .collect();
    match next_channel(&chain, &policy, &so_far, &notice.to, now) {
        NextStep::Tell { channel, not_before } if not_before == now => channel.to_string(),
        NextStep::Tell { channel, not_before } => format!("{channel} at {not_before}"),
        NextStep::Done => "done".to_owned(),
        NextStep::GiveUp => "give up".to_owned(),
    }
}

#[test]
fn a_channel_that_refuses_or_keeps_failing_makes_room_for_the_next() {
    let now = at("2026-11-18T12:00:00Z");
    let names = ["slack", "teams", "resend"];
    let next = |so_far: &[(&str, u32, Came)]| next(&json!({}), &names, so_far, &notice("assigned"), now);
    assert_eq!(next(&[]), "slack");
    assert_eq!(next(&[("slack", 2, Came::Later)]), "slack");
    assert_eq!(next(&[("slack", 3, Came::Later)]), "teams");
    assert_eq!(next(&[("slack", 1, Came::Refused)]), "teams");
    assert_eq!(next(&[("slack", 1, Came::Refused), ("teams", 1, Came::Delivered)]), "done");
    assert_eq!(next(&[("slack", 3, Came::Later), ("teams", 1, Came::Refused), ("resend", 3, Came::Later)]), "give up");
    assert_eq!(super::notify_rules::next(&json!({}), &[], &[], &notice("assigned"), now), "done");
}

#[test]
fn quiet_hours_end_with_the_shift_across_changes_of_the_clock() {
    let names = ["slack", "resend"];
    let told = |rules: &Value, now: &str, patch: &Value| next(rules, &names, &[], &changed("assigned", patch), at(now));
    let (none, wait) = (json!({}), json!({"default": {"quiet_hours": "wait"}}));
    let email = json!({"default": {"quiet_hours": "email_only"}});
    // Jonas works in Berlin from nine to half past five, Monday to Friday.
    assert_eq!(told(&wait, "2026-11-18T12:00:00Z", &none), "slack");
    assert_eq!(told(&wait, "2026-11-18T16:29:59Z", &none), "slack");
    assert_eq!(told(&wait, "2026-11-18T16:30:00Z", &none), "slack at 2026-11-19T08:00:00Z");
    assert_eq!(told(&none, "2026-11-18T16:30:00Z", &none), "slack");
    assert_eq!(told(&email, "2026-11-18T16:30:00Z", &none), "resend");
    assert_eq!(
        next(&email, &["slack"], &[], &notice("assigned"), at("2026-11-18T16:30:00Z")),
        "slack at 2026-11-19T08:00:00Z"
    );
    // The clock is put back on Sunday 25 October 2026, and forward on Sunday 28 March 2027.
    assert_eq!(told(&wait, "2026-10-23T20:00:00Z", &none), "slack at 2026-10-26T08:00:00Z");
    assert_eq!(told(&wait, "2026-10-16T20:00:00Z", &none), "slack at 2026-10-19T07:00:00Z");
    assert_eq!(told(&wait, "2027-03-26T20:00:00Z", &none), "slack at 2027-03-29T07:00:00Z");
    assert_eq!(told(&wait, "2027-03-19T20:00:00Z", &none), "slack at 2027-03-22T08:00:00Z");
    // A shift over the night in which an hour is skipped: it is worked, and nobody waits.
    let night = json!({"to": {"work": {"hours": [{"days": ["sat"], "from": "22:00", "to": "06:00"}]}}});
    assert_eq!(told(&wait, "2027-03-28T01:30:00Z", &night), "slack");
    assert_eq!(told(&wait, "2027-03-28T04:00:00Z", &night), "slack at 2027-04-03T20:00:00Z");
    // Days off and leave are no working time.
    let away =
        json!({"to": {"work": {"holidays": ["2026-11-19"], "leave": [{"from": "2026-11-20", "until": "2026-11-22"}]}}});
    assert_eq!(told(&wait, "2026-11-18T18:00:00Z", &away), "slack at 2026-11-23T08:00:00Z");
    // Whoever never works, or whose hours cannot be read, hears at once; a team and a machine have no hours.
    let gone = json!({"to": {"work": {"leave": [{"from": "2026-11-01"}]}}});
    assert_eq!(told(&wait, "2026-11-18T18:00:00Z", &gone), "slack");
    assert_eq!(told(&wait, "2026-11-18T18:00:00Z", &json!({"to": {"work": {"time_zone": "Nowhere/Else"}}})), "slack");
    assert_eq!(told(&wait, "2026-11-18T18:00:00Z", &json!({"to": {"work": {"hours": []}}})), "slack");
    assert_eq!(next(&wait, &["slack"], &[], &notice("held_team"), at("2026-11-18T18:00:00Z")), "slack");
    assert_eq!(next(&wait, &["webhook"], &[], &notice("assigned"), at("2026-11-18T18:00:00Z")), "webhook");
}

#[test]
fn an_important_tier_breaks_through() {
    let rules = json!({"default": {"quiet_hours": "wait", "bypass_quiet_hours": ["A"]}});
    let night = at("2026-11-18T22:00:00Z");
    assert_eq!(next(&rules, &["slack"], &[], &notice("assigned"), night), "slack");
    let lesser = changed("assigned", &json!({"tier": "B"}));
    assert_eq!(next(&rules, &["slack"], &[], &lesser, night), "slack at 2026-11-19T08:00:00Z");
    assert_eq!(
        next(&rules, &["slack"], &[], &changed("assigned", &json!({"tier": null})), night),
        "slack at 2026-11-19T08:00:00Z"
    );
}

fn came() -> impl Strategy<Value = Came> {
    prop::sample::select(vec![Came::Later, Came::Refused])
}

proptest! {
    /// Whatever fails how often, a chain ends: each channel is tried at most so often, in order, and then it is given up.
    #[test]
    fn a_chain_ends(results in prop::collection::vec(came(), 40), tries in 1_u32..5, quiet in 0..3_usize, hour in 0..168_i64) {
        let policy = ["send", "wait", "email_only"][quiet];
        let rules = json!({"default": {"max_attempts": tries, "quiet_hours": policy}});
        let chain = available(&["slack", "teams", "resend"]);
        let notice = notice("assigned");
        let policy = book(&rules).policy(&notice, &chain);
        let mut now = at("2026-11-18T12:00:00Z").plus_ms(hour * 3_600_000);
        let mut so_far: Vec<ChannelAttempt> = Vec::new();
        let mut results = results.into_iter();
        let mut count = 0;
        loop {
            match next_channel(&chain, &policy, &so_far, &notice.to, now) {
                NextStep::Done => prop_assert!(false, "nothing was told"),
                NextStep::GiveUp => break,
                NextStep::Tell { channel, not_before } => {
                    prop_assert!(not_before >= now);
                    now = not_before;
                    count += 1;
                    prop_assert!(count <= 3 * tries);
                    let place = so_far.iter().position(|tried| tried.channel == channel);
                    let result = results.next().unwrap();
                    match place {
                        Some(place) => {
                            so_far[place].tries += 1;
                            so_far[place].result = result;
                        }
                        None => so_far.push(ChannelAttempt { channel, tries: 1, result }),
                    }
                }
            }
        }
        prop_assert!(so_far.len() == 3 && so_far.iter().all(|tried| tried.tries <= tries));
    }
}
