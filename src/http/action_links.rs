//! `/actions/{token}`: links in messages that accept or decline a lead. Opening one asks; only the button acts.

use crate::bindings::log;
use crate::http::pages;
use crate::http::respond::ApiResult;
use crate::http::routes::Call;
use lead_router_app::ports::follow_up::{FollowUps, RepActionOutcome};
use lead_router_app::ports::{Clock, Config, PortResult};
use lead_router_core::notify::link::{LinkRefusal, Ticket};
use lead_router_core::notify::page::ActionPage;
use lead_router_core::notify::rep_action::RepAction;

/// Nothing is loaded, nothing frames the page, and its form goes to its own address alone. The token is all that lets
/// anybody act: a page of somebody else, which has no token, cannot.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri \
    'none'";

/// What a request for a link may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStep {
    /// Shows the question, without any effect.
    Ask,
    /// Acts.
    Act,
}

/// A link: GET asks, POST acts.
///
/// Steps: 1 the token; 2 the question, without any effect; 3 the act; 4 what became of it.
pub async fn link(call: &Call<'_>, token: &str, step: LinkStep) -> ApiResult {
    // 1
    let keys: Vec<Vec<u8>> = call.settings.link_keys.iter().map(|key| key.as_bytes().to_vec()).collect();
    let now = call.world.now();
    let ticket = match Ticket::read(token, &keys, now) {
        Ok(ticket) => ticket,
        Err(refusal) => {
            let status = if refusal == LinkRefusal::Ended { 410 } else { 404 };
            return shown(status, &ActionPage::refusal(refusal));
        }
    };
    // 2
    let done: PortResult<(u16, ActionPage)> = async {
        let config = call.world.current().await?;
        if step == LinkStep::Ask {
            return Ok((200, ActionPage::question(&ticket, &config.index)));
        }
        // 3
        let act = RepAction {
            lead_id: ticket.lead_id.clone(),
            kind: ticket.kind.clone(),
            by: Some(ticket.rep_id.clone()),
            decision_no: ticket.decision_no,
            at: now,
        };
        let acted = call.world.follow_up(&act).await?;
        // 4
        let status = if acted == RepActionOutcome::Unknown { 404 } else { 200 };
        Ok((status, ActionPage::answer(&ticket, &acted, &config.index)))
    }
    .await;
    match done {
        Ok((status, page)) => shown(status, &page),
        Err(error) => {
            let detail = Some(error.detail.as_str());
            log::error(&log::LogLine {
                event: "link.failed",
                code: Some(error.port),
                detail,
                ..log::LogLine::default()
            });
            shown(503, &ActionPage::try_again())
        }
    }
}

fn shown(status: u16, page: &ActionPage) -> ApiResult {
    let mut response = pages::page(status, &page.title, &page.main)?;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.set(name, value)?;
    }
    if status == 503 {
        headers.set("retry-after", "5")?;
    }
    Ok(response)
}
