//! A rep clicks a button of a message.

use crate::notify::slack::{SlackAccess, update};
use crate::notify::vendor;
use crate::ports::crm::DeliveryResult;
use crate::ports::follow_up::FollowUps;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Config, Http, HttpAnswer};
use lead_router_core::notify::rep_action::{RepAction, RepActionKind, RepActionOutcome};
use lead_router_core::notify::slack::click::Click;
use lead_router_core::notify::slack::{PostedMessage, closed, escape, read_webhook, respond};
use lead_router_core::notify::told_outcome;
use serde_json::{Value, json};

/// What carrying out a click needs of the world.
pub trait ClickWorld: Http + Clock + RateLimits + Config + FollowUps {}
impl<W: Http + Clock + RateLimits + Config + FollowUps> ClickWorld for W {}

/// Carries out a click, after Slack was answered.
///
/// Steps: 1 who clicked: a stranger is told so and nothing is done; 2 to whom the lead is to go, if to anybody; 3 it is
/// carried out; 4 the message says what happened and loses its buttons, or only the one who clicked is told.
///
/// # Errors
/// What Slack says about the answer to the click: the click itself was carried out then, or the rep has to click again.
pub async fn clicked<W: ClickWorld>(world: &W, click: &Click) -> DeliveryResult<()> {
    let Ok(config) = world.current().await else {
        return tell_the_clicker(world, click, "This did not work. Please click again.").await;
    };
    let index = &config.index;
    // 1
    let Some(by) = index.rep_of_slack(&click.user_id) else {
        let text = "You are not in the roster of the lead router, so nothing was done. Its operator has to put your Slack \
            user into `slack_id` of your entry.";
        return tell_the_clicker(world, click, text).await;
    };
    // 2
    let kind = match &click.to_user_id {
        None => click.kind.clone(),
        Some(user) => match index.rep_of_slack(user) {
            Some(to) => RepActionKind::Reassign { to: Some(to.clone()) },
            None => {
                let text = "The colleague is not in the roster of the lead router, so nothing was done.";
                return tell_the_clicker(world, click, text).await;
            }
        },
    };
    // 3
    let (lead_id, decision_no) = (click.lead_id.clone(), click.decision_no);
    let act = RepAction { lead_id, kind, by: Some(by.clone()), decision_no, at: world.now() };
    let Ok(acted) = world.follow_up(&act).await else {
        return tell_the_clicker(world, click, "This did not work. Please click again.").await;
    };
    // 4
    let happened = told_outcome(&act.kind, Some(by), &acted, index);
    match acted {
        RepActionOutcome::Done { .. } | RepActionOutcome::Stale { .. } => close(world, click, &happened).await,
        RepActionOutcome::Unknown => tell_the_clicker(world, click, &happened).await,
    }
}

/// The message says what happened: through the address that came with the click, and where that has ended by the bot.
async fn close<W: ClickWorld>(world: &W, click: &Click, happened: &str) -> DeliveryResult<()> {
    let message = closed(&click.text, &click.blocks, happened);
    let mut body = message.clone();
    if let Some(map) = body.as_object_mut() {
        map.insert("replace_original".to_owned(), true.into());
    }
    let answered = answer(world, click, &body).await;
    if answered.is_ok() || click.ts.is_empty() {
        return answered;
    }
    let access = SlackAccess::new(world)?;
    let posted = PostedMessage { channel: click.channel.clone(), ts: click.ts.clone() };
    update(&vendor(world, "slack"), &access.api().update(&posted, &message)).await
}

/// Tells the one who clicked and nobody else.
async fn tell_the_clicker<W: ClickWorld>(world: &W, click: &Click, text: &str) -> DeliveryResult<()> {
    let body = json!({"response_type": "ephemeral", "replace_original": false, "text": escape(text)});
    answer(world, click, &body).await
}

async fn answer<W: ClickWorld>(world: &W, click: &Click, body: &Value) -> DeliveryResult<()> {
    let request = respond(&click.response_url, body);
    let read =
        |answer: &HttpAnswer| read_webhook(answer.status, answer.retry_after_s, &answer.body, "SLACK_SIGNING_SECRET");
    crate::notify::call(&vendor(world, "slack"), &request, &[], read).await
}
