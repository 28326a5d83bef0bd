//! `HubSpot` as a CRM: the order of the calls.

mod changes;
mod check;
mod consult;
mod write;

use crate::crm::{Patience, Vendor};
use crate::ports::crm::{Changes, Check, Crm, Effect, Gates, Since};
use crate::ports::{Clock, Http, HttpAnswer};
use lead_router_core::crm::hubspot::{
    Access, Answer, Ask, BATCH_MAX, Failure, NAME, Object, Settings, answers, errors, requests, state,
};
use lead_router_core::crm::state::{Question, Seller, State};
use lead_router_core::crm::{Write, Written};
use lead_router_core::http::HttpRequest;
use lead_router_core::vendor::Setback;
use lead_router_core::vendor::rate_limit::KeptToken;

/// How often a call that met a full lane waits for its turn again.
const TURNS_MAX: u32 = 3;

/// Most owners of one page.
const OWNERS_MAX: usize = 500;
/// Most pages of owners: 100,000 people who can own records.
const PAGES_MAX: usize = 200;

/// `HubSpot`.
pub struct Hubspot<'a, W> {
    vendor: Vendor<'a, W>,
    settings: Settings,
}

impl<'a, W: Http + Clock + Gates> Hubspot<'a, W> {
    /// The account that the settings name. Nothing is called yet.
    ///
    /// # Errors
    /// `not_set_up` names the setting that is missing.
    pub fn connect(world: &'a W, patience: Patience) -> Effect<Self> {
        let settings = Settings::read(|name| world.setting(name))?;
        Ok(Self { vendor: Vendor { world, name: NAME, patience }, settings })
    }

    /// Makes a call; the body of a success.
    ///
    /// Steps: 1 the token, which one caller fetches for all; 2 the call, when its lanes let it through; 3 a token that is
    async fn call(&self, ask: &Ask) -> Result<Vec<u8>, Failure> {
        let mut refused = None;
        let mut turns = TURNS_MAX;
        let mut may_renew = matches!(self.settings.access, Access::Refresh { .. });
        loop {
            // 1
            let token = self.token(refused.take()).await?;
            // 2
            let request = ask.with(&self.settings.base_url, &token);
            let answer = self.vendor.send(&request, &self.settings.lanes(ask.is_search)).await?;
            if (200..300).contains(&answer.status) {
                return Ok(answer.body);
            }
            // 3
            if answer.status == 401 && std::mem::take(&mut may_renew) {
                refused = Some(token);
                continue;
            }
            // 4
            let now = self.vendor.world.now();
            let (failure, hold) =
                errors::failure(answer.status, answer.retry_after_s, &answer.body, ask.is_search, now);
            let Some(hold) = hold else { return Err(failure) };
            self.vendor.hold(hold.lane, hold.ms).await;
            let Some(left) = turns.checked_sub(1).filter(|_| hold.ms <= self.vendor.patience.gate_ms) else {
                return Err(failure);
            };
            turns = left;
        }
    }

    /// The answer to a request for one record, whatever it is: with the token that is in force, and through the gate.
    ///
    /// # Errors
    /// As [`Vendor::send`], and those of fetching a token.
    pub async fn ask(&self, request: impl FnOnce(&str) -> Effect<HttpRequest>) -> Effect<HttpAnswer> {
        let request = request(&self.token(None).await?)?;
        self.vendor.send(&request, &self.settings.lanes(false)).await
    }

    async fn token(&self, refused: Option<String>) -> Effect<String> {
        if let Access::Token(token) = &self.settings.access {
            return Ok(token.clone());
        }
        let (token, _) = self.vendor.token(refused, async || self.fetch_token().await).await?;
        Ok(token)
    }

    async fn fetch_token(&self) -> Effect<KeptToken> {
        let request = requests::refresh(&self.settings).ok_or_else(|| Setback::later("unreachable", None))?;
        // Fetching a token counts in no lane of the vendor.
        let answer = self.vendor.send(&request, &[]).await?;
        if answer.status == 200 {
            answers::token(&answer.body, self.vendor.world.now())
        } else {
            Err(errors::token_failure(answer.status, answer.retry_after_s))
        }
    }

    /// Records by id, or by a unique property; one that is not there is left out. No call for no ids. An answer that is too
    /// large, because somebody keeps long texts in a contact, is asked for in halves.
    async fn read(&self, object: Object, by: Option<&str>, ids: &[String]) -> Effect<Answer> {
        let mut all = Answer::default();
        let mut open: Vec<&[String]> = ids.chunks(BATCH_MAX).rev().collect();
        while let Some(ids) = open.pop() {
            match self.call(&Ask::read(object, by, ids)).await {
                Ok(body) => all.results.append(&mut answers::records(&body)?.results),
                Err(Failure::NotFound) => {}
                Err(Failure::Setback(setback)) if setback.code() == "answer_too_large" && ids.len() > 1 => {
                    let (first, second) = ids.split_at(ids.len().div_euclid(2));
                    open.extend([second, first]);
                }
                Err(failure) => return Err(failure.setback()),
            }
        }
        Ok(all)
    }

    /// Ids of records that others are associated with. No call for no ids.
    async fn associated(&self, from: Object, to: Object, ids: &[String]) -> Effect<answers::Associated> {
        let mut all = answers::Associated::new();
        for ids in ids.chunks(BATCH_MAX) {
            match self.call(&Ask::associated(from, to, ids)).await {
                Ok(body) => all.extend(answers::associated(&body)?),
                Err(Failure::NotFound) => {}
                Err(failure) => return Err(failure.setback()),
            }
        }
        Ok(all)
    }

    async fn search(&self, ask: &Ask) -> Effect<Answer> {
        let body = self.call(ask).await.map_err(Failure::setback)?;
        answers::records(&body)
    }
}

impl<W: Http + Clock + Gates> Crm for Hubspot<'_, W> {
    async fn consult(&self, question: &Question) -> Effect<State> {
        self.state(question).await
    }

    async fn write(&self, writes: &[Write]) -> Vec<Effect<Written>> {
        self.write_all(writes).await
    }

    fn batch_max(&self) -> usize {
        BATCH_MAX
    }

    async fn sellers(&self) -> Effect<Vec<Seller>> {
        let mut sellers = Vec::new();
        for archived in [false, true] {
            let mut after = String::new();
            for _ in 0..PAGES_MAX {
                let body = self.call(&Ask::owners(&after, archived, OWNERS_MAX)).await.map_err(Failure::setback)?;
                let page = answers::owners(&body)?;
                sellers.extend(page.results.iter().map(state::seller));
                page.after().clone_into(&mut after);
                if after.is_empty() {
                    break;
                }
            }
        }
        Ok(sellers)
    }

    async fn changes(&self, since: &Since) -> Effect<Changes> {
        self.changed(since).await
    }

    async fn check(&self) -> Vec<Check> {
        self.checks().await
    }

    async fn prepare(&self) -> Vec<Check> {
        self.made_ready().await
    }
}
