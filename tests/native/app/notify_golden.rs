//! What every channel is sent for every notice: `tests/golden/notify/<channel>/<notice>.json` from
//! `tests/golden/notify/notices/<notice>.json`. `UPDATE_GOLDEN=1` writes them anew.

use crate::notify_kit::{CHANNELS, folder, notice, outside, told};
use crate::world::run;
use lead_router_core::http::HttpRequest;
use lead_router_core::notify::{Notice, NoticeEvent};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;

fn notices() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder("notices"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn written(request: &HttpRequest) -> Value {
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
    json!({"method": request.method.as_str(), "url": request.url, "headers": headers, "body": body})
}

fn said(channel: &str, notice: &Notice) -> Value {
    let world = outside();
    let told = run(told(&world, channel, notice, false));
    let sent: Vec<Value> = world.sent.borrow().iter().map(written).collect();
    match told {
        Ok(_) => json!(sent),
        Err(setback) => json!({"setback": setback}),
    }
}

#[test]
fn every_channel_is_sent_what_its_file_says() {
    let mut wrong = Vec::new();
    for name in notices() {
        for channel in CHANNELS {
            let path = folder(channel).join(format!("{name}.json"));
            let said = said(channel, &notice(&name));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, format!("{said:#}\n")).unwrap();
            }
            let expected: Value =
                fs::read_to_string(&path).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
            if said != expected {
                wrong.push(format!("{}:\n{said:#}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_event_has_a_notice() {
    let events: BTreeSet<NoticeEvent> = notices().iter().map(|name| notice(name).event).collect();
    assert_eq!(events, NoticeEvent::ALL.into_iter().collect());
}

#[test]
fn the_same_notice_gives_the_same_bytes_at_any_moment() {
    for name in notices() {
        for channel in ["resend", "email", "slack", "teams"] {
            let (early, late) = (outside(), outside());
            late.wait(40 * 3_600_000);
            let _ =
                (run(told(&early, channel, &notice(&name), false)), run(told(&late, channel, &notice(&name), false)));
            assert_eq!(early.sent.take(), late.sent.take(), "{channel} {name}");
        }
    }
}

#[test]
fn nothing_about_the_person_is_in_a_debug_form() {
    let notice = notice("assigned");
    let shown = format!("{notice:?} {:?} {:?} {:?}", notice.person, notice.links, notice.to);
    for secret in ["Ada", "fjordwerk", "Jonas Weidmann", "jonas@", "22 00", "token"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
