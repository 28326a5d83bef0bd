//! `doctor` against a deployment that is well, one that is not, and one that is not there.

use crate::kit::{Ran, run};
use serde_json::{Value, json};
use std::thread;

/// Runs the doctor against a server that answers once; what it was asked.
fn doctor(status: u16, answer: &Value, args: &[&str]) -> (Ran, Option<(String, Option<String>)>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.server_addr().to_ip().unwrap());
    let answer = answer.to_string();
    let serving = thread::spawn(move || {
        let request = server.recv().unwrap();
        let header = request.headers().iter().find(|header| header.field.equiv("authorization"));
        let asked = (request.url().to_owned(), header.map(|header| header.value.to_string()));
        request.respond(tiny_http::Response::from_string(answer).with_status_code(status)).unwrap();
        asked
    });
    let ran = run(&[&["doctor", "--url", &url, "--token", "t0ken"], args].concat());
    (ran, serving.join().ok())
}

fn answer(status: &str) -> Value {
    json!({"status": "…", "checks": [
        {"area": "bindings", "name": "D1 DB", "status": "ok"},
        {"area": "bindings", "name": "counter FORM_POSTS_PER_FORM", "status": "off", "message": "not bound"},
        {"area": "work", "name": "dead letters", "status": status, "code": "dead_letters", "message": "3 wait"},
    ]})
}

#[test]
fn a_deployment_that_is_well_ends_with_0() {
    let (ran, asked) = doctor(200, &answer("ok"), &["--deep"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("  ✓ D1 DB") && ran.out.contains("  – counter"), "{}", ran.out);
    assert!(ran.out.trim_end().ends_with("no problems"));
    assert_eq!(asked, Some(("/v1/doctor?deep=1".to_owned(), Some("Bearer t0ken".to_owned()))));
}

#[test]
fn a_problem_ends_with_1_and_says_what_to_do() {
    let (ran, _) = doctor(200, &answer("problem"), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("  ✗ dead letters") && ran.out.contains("dead_letters: 3 wait"), "{}", ran.out);
    assert!(ran.out.contains("1 problem"));
    let (ran, _) = doctor(200, &answer("problem"), &["--json"]);
    assert_eq!(ran.json()["problems"], 1);
}

#[test]
fn settings_that_are_wrong_are_lines_too() {
    let error = json!({"error": {"code": "misconfigured", "message": "…", "problems": [
        {"path": "ADMIN_TOKEN", "code": "missing_secret", "message": "run `wrangler secret put ADMIN_TOKEN`"},
    ]}});
    let (ran, _) = doctor(503, &error, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("✗ ADMIN_TOKEN  missing_secret: run `wrangler secret put ADMIN_TOKEN`"), "{}", ran.out);
}

#[test]
fn a_token_that_is_refused_and_a_deployment_that_is_silent_end_with_2() {
    let error = json!({"error": {"code": "unauthorized", "message": "send `Authorization: Bearer <ADMIN_TOKEN>`"}});
    let (ran, _) = doctor(401, &error, &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("the deployment answers 401: send"), "{ran:?}");
    let ran = run(&["doctor", "--url", "http://127.0.0.1:1", "--token", "t"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(run(&["doctor", "--url", "http://127.0.0.1:1"]).code, 2);
}
