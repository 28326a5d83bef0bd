//! Requests that are not the sender's, or not from now: every way of being wrong against every sender.

use crate::webhook_kit::{NOW_MS, Request, cases, moment_header, secret, secret_name, signature_header};
use lead_router_core::webhook::{Blame, ParsedWebhook, Refusal, Sender, WebhookMethod};

/// A request of each sender that has a lead or names one, signed with the secret of the test.
fn good() -> Vec<Request> {
    let mut found = Vec::new();
    for sender in Sender::ALL {
        let is_plain = |name: &str| {
            ["every-kind-of-answer", "identify-with", "mixed-list", "flow-callout", "every-kind-of-field", "schema"]
                .iter()
                .any(|part| name.contains(part))
        };
        let mut own: Vec<_> = cases().into_iter().filter(|(other, ..)| other == sender).collect();
        own.retain(|(_, _, case)| case.method.is_none() && case.expect.get("events").is_some());
        own.retain(|(_, _, case)| signature_header(*sender).is_none_or(|name| !case.headers.contains_key(name)));
        own.retain(|(_, _, case)| case.settings.keys().all(|name| !name.starts_with("HMAC")));
        own.sort_by_key(|(_, name, _)| !is_plain(name));
        found.push(Request::of(*sender, &own[0].2));
    }
    found
}

fn signed() -> Vec<Request> {
    good().into_iter().filter(|request| signature_header(request.sender).is_some()).collect()
}

fn code(request: &Request) -> Result<(), (&'static str, Blame)> {
    request.parse().map(|_| ()).map_err(|Refusal { code, blame, .. }| (code, blame))
}

fn assert_refused(request: &Request, expected: &[&str], what: &str) {
    match code(request) {
        Err((code, Blame::Credential)) if expected.contains(&code) => {}
        other => panic!("{} {what}: {other:?}, expected {expected:?}", request.sender.id()),
    }
}

#[test]
fn every_sender_is_heard_when_everything_is_right() {
    assert_eq!(good().len(), Sender::ALL.len());
    for request in good() {
        assert!(
            matches!(request.parse(), Ok(ParsedWebhook::Events(events)) if !events.is_empty()),
            "{}",
            request.sender.id()
        );
    }
}

#[test]
fn another_secret_is_refused() {
    for mut request in good() {
        if request.sender == Sender::GoogleAds {
            // The key is in the body, so the setting is changed instead.
            request.settings.insert("GOOGLE_ADS_SECRET".to_owned(), "another".to_owned());
        } else {
            let other = if request.sender == Sender::StandardWebhooks { "whsec_b3RoZXI=" } else { "another-secret" };
            request.sign(other, NOW_MS);
        }
        assert_refused(&request, &["bad_signature", "bad_secret"], "with another secret");
    }
}

#[test]
fn any_byte_that_was_changed_added_or_removed_is_noticed() {
    for request in signed() {
        // Only the first event of a batch of Segment is signed; these are no batches.
        let places = [0, 1, request.body.len() / 2, request.body.len() - 2, request.body.len() - 1];
        for place in places {
            let mut changed = request.clone();
            changed.body[place] ^= 1;
            assert_refused(&changed, &["bad_signature"], "with a changed byte");
        }
        let mut longer = request.clone();
        longer.body.push(b' ');
        assert_refused(&longer, &["bad_signature"], "with one byte more");
        let mut shorter = request.clone();
        shorter.body.pop();
        assert_refused(&shorter, &["bad_signature"], "with one byte less");
    }
}

#[test]
fn a_missing_or_empty_header_is_refused() {
    for request in good() {
        let headers: Vec<&str> = match request.sender {
            Sender::Salesforce => vec!["x-api-key"],
            Sender::Jotform | Sender::GoogleAds => vec![],
            Sender::StandardWebhooks => vec!["webhook-id", "webhook-timestamp", "webhook-signature"],
            sender => signature_header(sender).into_iter().chain(moment_header(sender)).collect(),
        };
        for name in headers {
            let mut missing = request.clone();
            missing.headers.remove(name).unwrap();
            assert_refused(&missing, &["missing_signature", "bad_secret"], "without a header");
            let mut empty = request.clone();
            empty.headers.insert(name.to_owned(), "  ".to_owned());
            assert_refused(&empty, &["missing_signature", "bad_secret"], "with an empty header");
        }
        if request.sender == Sender::Jotform {
            let mut missing = request.clone();
            missing.url = "https://leads.example.com/hooks/jotform".to_owned();
            assert_refused(&missing, &["bad_secret"], "without the secret");
        }
    }
}

#[test]
fn a_header_of_another_shape_is_refused() {
    for request in signed() {
        let name = signature_header(request.sender).unwrap();
        let right = request.headers[name].clone();
        let bare = right.rsplit('=').next().unwrap_or_default();
        let shapes = [
            "x".to_owned(),
            "=".to_owned(),
            "sha256=".to_owned(),
            "v1,".to_owned(),
            "t=,v1=".to_owned(),
            format!("{right}A"),
            right[..right.len() - 1].to_owned(),
            format!("md5={bare}"),
            format!("\u{e9}{right}"),
            "0".repeat(100_000),
        ];
        for shape in shapes {
            let mut changed = request.clone();
            changed.headers.insert(name.to_owned(), shape.clone());
            let codes = ["malformed_signature", "bad_signature"];
            assert_refused(
                &changed,
                &codes,
                &format!("with the header `{}`", shape.chars().take(40).collect::<String>()),
            );
        }
        if let Some(moment) = moment_header(request.sender) {
            for shape in ["-1", "1e12", "now", "1767323045.5", "99999999999999999999", "+1767323045000", "０"] {
                let mut changed = request.clone();
                changed.headers.insert(moment.to_owned(), shape.to_owned());
                assert_refused(&changed, &["malformed_signature"], &format!("with the moment `{shape}`"));
            }
        }
    }
}

#[test]
fn the_signature_of_another_scheme_is_refused() {
    let requests = signed();
    for request in &requests {
        let name = signature_header(request.sender).unwrap();
        for other in &requests {
            let mut foreign = request.clone();
            foreign.sender = other.sender;
            foreign.settings.clear();
            foreign.sign(secret(request.sender), NOW_MS);
            let signature = foreign.headers[signature_header(other.sender).unwrap()].clone();
            let mut changed = request.clone();
            changed.headers.insert(name.to_owned(), signature.clone());
            if request.headers[name] == signature {
                continue;
            }
            // The generic sender reads `sha256=<hex>` too, which is how Meta writes the same thing.
            if (request.sender, other.sender) == (Sender::Hmac, Sender::Meta) {
                assert_eq!(code(&changed), Ok(()));
                continue;
            }
            let codes = ["malformed_signature", "bad_signature"];
            assert_refused(&changed, &codes, &format!("signed like {}", other.sender.id()));
        }
    }
}

#[test]
fn a_hash_that_was_swapped_is_refused() {
    let mut request = signed().into_iter().find(|request| request.sender == Sender::Hmac).unwrap();
    let with_sha1 = {
        let mut other = request.clone();
        other.settings.insert("HMAC_ALGORITHM".to_owned(), "sha1".to_owned());
        other.sign(secret(Sender::Hmac), NOW_MS);
        other.headers["x-signature"].clone()
    };
    for signature in [with_sha1.clone(), format!("sha1={with_sha1}"), format!("sha256={with_sha1}")] {
        request.headers.insert("x-signature".to_owned(), signature);
        assert_refused(&request, &["malformed_signature"], "with SHA-1");
    }
}

#[test]
fn a_moment_is_good_up_to_the_end_of_its_window_and_no_longer() {
    let windows = [(Sender::Hubspot, 300_000), (Sender::Webflow, 300_000), (Sender::StandardWebhooks, 300_000)];
    for (sender, window_ms) in windows.into_iter().chain([(Sender::Calendly, 180_000)]) {
        let request = signed().into_iter().find(|request| request.sender == sender).unwrap();
        for direction in [1, -1] {
            let mut late = request.clone();
            late.now_ms = NOW_MS + direction * window_ms;
            assert_eq!(code(&late), Ok(()), "{} at the limit", sender.id());
            // Some write the moment in seconds; a replay is the same bytes at a later time.
            late.now_ms += direction;
            assert_refused(&late, &["stale_timestamp"], "a replay beyond the window");
        }
    }
}

#[test]
fn a_moment_that_was_moved_is_refused() {
    for request in signed() {
        let Some(name) = moment_header(request.sender) else { continue };
        let mut changed = request.clone();
        changed.now_ms = NOW_MS + 600_000;
        let seconds = changed.now_ms / 1_000;
        let moment = if request.sender == Sender::StandardWebhooks { seconds } else { changed.now_ms };
        changed.headers.insert(name.to_owned(), moment.to_string());
        assert_refused(&changed, &["bad_signature"], "with a younger moment");
    }
    let mut calendly = signed().into_iter().find(|request| request.sender == Sender::Calendly).unwrap();
    calendly.now_ms += 600_000;
    let header = calendly.headers["calendly-webhook-signature"].replace("t=1767323045", "t=1767323645");
    calendly.headers.insert("calendly-webhook-signature".to_owned(), header);
    assert_refused(&calendly, &["bad_signature"], "with a younger moment");
}

#[test]
fn an_id_or_a_url_that_was_changed_is_refused() {
    let find = |sender| signed().into_iter().find(|request| request.sender == sender).unwrap();
    let mut standard = find(Sender::StandardWebhooks);
    standard.headers.insert("webhook-id".to_owned(), "msg_y".to_owned());
    assert_refused(&standard, &["bad_signature"], "with another id");
    let mut hubspot = find(Sender::Hubspot);
    hubspot.url.push_str("?x=1");
    assert_refused(&hubspot, &["bad_signature"], "with another URL");
    hubspot.settings.insert("HUBSPOT_WEBHOOK_URL".to_owned(), "https://leads.example.com/hooks/hubspot".to_owned());
    assert_eq!(code(&hubspot), Ok(()), "the URL that was set goes before the one that arrived");
}

#[test]
fn the_current_and_the_previous_secret_are_good_and_a_third_is_not() {
    let (current, third) = ("current-secret", "third-secret");
    for mut request in good() {
        let sender = request.sender;
        let (current, previous, third) = match sender {
            Sender::StandardWebhooks => ("whsec_Y3VycmVudA==", secret(sender), "whsec_dGhpcmQ="),
            _ => (current, secret(sender), third),
        };
        let name = secret_name(sender).to_owned();
        assert!(sender.settings().contains(&format!("{name}_PREVIOUS").as_str()), "{name}");
        request.settings.insert(format!("{name}_PREVIOUS"), previous.to_owned());
        request.settings.insert(name.clone(), current.to_owned());
        assert_eq!(code(&request), Ok(()), "{}: the previous secret", sender.id());
        if sender == Sender::GoogleAds {
            continue;
        }
        request.sign(current, NOW_MS);
        assert_eq!(code(&request), Ok(()), "{}: the current secret", sender.id());
        request.sign(third, NOW_MS);
        assert_refused(&request, &["bad_signature", "bad_secret"], "with a third secret");
        request.sign(previous, NOW_MS);
        request.settings.remove(&format!("{name}_PREVIOUS"));
        assert_refused(&request, &["bad_signature", "bad_secret"], "with a secret that was retired");
    }
}

#[test]
fn a_sender_without_its_secret_is_not_set_up_and_says_which_setting_is_missing() {
    for mut request in good() {
        let name = secret_name(request.sender);
        for value in [None, Some(""), Some("  ")] {
            request.settings.remove(name);
            request.settings.extend(value.map(|value| (name.to_owned(), value.to_owned())));
            // An old secret alone is a mistake, not a rotation.
            request.settings.insert(format!("{name}_PREVIOUS"), secret(request.sender).to_owned());
            let refusal = request.parse().unwrap_err();
            assert_eq!((refusal.code, refusal.blame), ("not_set_up", Blame::Operator), "{name}");
            assert!(refusal.message.contains(name), "{}", refusal.message);
        }
    }
}

#[test]
fn senders_without_a_challenge_take_no_get() {
    for mut request in good() {
        request.method = WebhookMethod::Get;
        let expected = match request.sender {
            Sender::Meta | Sender::Linkedin => continue,
            _ => Err(("method_not_allowed", Blame::Method)),
        };
        assert_eq!(code(&request), expected, "{}", request.sender.id());
    }
}

#[test]
fn a_refusal_says_nothing_of_the_request() {
    for mut request in good() {
        request.settings.insert(secret_name(request.sender).to_owned(), "whsec_b3RoZXI=".to_owned());
        let refusal = request.parse().unwrap_err();
        assert!(!refusal.message.contains("ada") && !refusal.message.contains("example.com"), "{}", refusal.message);
    }
}
