//! Serves the played vendors of `tests/fakes/` on this machine, for tests of the built Worker and for trying things out:
//! `cargo run -p lead-router-app --example fakes -- 8790`, then `HUBSPOT_BASE_URL=http://127.0.0.1:8790/hubspot`.
//!
//! `GET /-/hubspot` shows what a vendor holds, `POST /-/hubspot` with JSON changes it. Port 0 takes a free one; the first
//! line of the output says which.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a tool for tests"
)]
#![allow(
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a tool for tests"
)]

#[path = "mod.rs"]
mod fakes;

use fakes::{Reply, Vendor};
use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::time::Timestamp;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};
use tiny_http::{Header, Request, Response, Server};

fn main() {
    let port = std::env::args().nth(1).unwrap_or_else(|| "0".to_owned());
    let server = Server::http(format!("127.0.0.1:{port}")).expect("the port is free");
    let address = server.server_addr().to_ip().expect("a port");
    println!("http://{address}");
    std::io::stdout().flush().expect("somebody reads");
    let mut all: BTreeMap<&str, Box<dyn Vendor>> = fakes::all(&format!("http://{address}")).into_iter().collect();
    for mut request in server.incoming_requests() {
        let reply = answer(&mut all, &mut request);
        let mut response = Response::from_string(reply.body).with_status_code(reply.status);
        for (name, value) in reply.headers {
            response.add_header(Header::from_bytes(name.as_bytes(), value.as_bytes()).expect("a header"));
        }
        // Whoever asked may have gone.
        let _ = request.respond(response);
    }
}

fn answer(all: &mut BTreeMap<&str, Box<dyn Vendor>>, request: &mut Request) -> Reply {
    let mut body = String::new();
    if request.as_reader().read_to_string(&mut body).is_err() {
        return Reply::text(400, "the body is no text");
    }
    let url = request.url().to_owned();
    let (first, rest) = url.trim_start_matches('/').split_once('/').unwrap_or((url.trim_start_matches('/'), ""));
    if first == "-" {
        let Some(vendor) = all.get_mut(rest) else { return Reply::text(404, "no such vendor") };
        if !body.is_empty() {
            vendor.change(&serde_json::from_str(&body).expect("a change is JSON"));
        }
        return Reply::json(200, &vendor.state());
    }
    let method = match request.method() {
        tiny_http::Method::Get => Method::Get,
        tiny_http::Method::Put => Method::Put,
        tiny_http::Method::Patch => Method::Patch,
        tiny_http::Method::Delete => Method::Delete,
        _ => Method::Post,
    };
    let header = |header: &Header| (header.field.to_string().to_lowercase(), header.value.to_string());
    let asked = HttpRequest {
        method,
        url: format!("http://vendor/{rest}"),
        headers: request.headers().iter().map(header).collect(),
        body: Some(body).filter(|body| !body.is_empty()),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis();
    match all.get_mut(first) {
        Some(vendor) => vendor.answer(&asked, Timestamp::from_ms(i64::try_from(now).expect("a moment"))),
        None => Reply::text(404, "no such vendor"),
    }
}
