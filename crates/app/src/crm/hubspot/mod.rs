//! `HubSpot` as a CRM: the order of the calls.

mod changes;
mod check;
mod lookup;
mod write;

use crate::crm::{CallBudget, VendorClient};
use crate::ports::crm::{Changes, ChangesSince, Check, Crm, DeliveryResult};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer};
use lead_router_core::crm::hubspot::{
    BATCH_MAX, HubspotAccess, HubspotAnswer, HubspotCall, HubspotFailure, HubspotSettings, NAME, Object, answers,
    errors, requests, state,
};
use lead_router_core::crm::state::{CrmQuestion, CrmUser, State};
use lead_router_core::crm::{CrmWrite, CrmWritten};
use lead_router_core::http::HttpRequest;
use lead_router_core::vendor::DeliveryError;
use lead_router_core::vendor::rate_limit::KeptToken;

/// How often a call that met a full bucket waits for its turn again.
const TURNS_MAX: u32 = 3;

/// Most owners of one page.
const OWNERS_MAX: usize = 500;
/// Most pages of owners: 100,000 people who can own records.
const PAGES_MAX: usize = 200;

/// `HubSpot`.
pub struct Hubspot<'a, W> {
    vendor: VendorClient<'a, W>,
    settings: HubspotSettings,
}

impl<'a, W: Http + Clock + RateLimits> Hubspot<'a, W> {
    /// The account that the settings name. Nothing is called yet.
    ///
    /// # Errors
    /// `not_set_up` names the setting that is missing.
    pub fn connect(world: &'a W, budget: CallBudget) -> DeliveryResult<Self> {
        let settings = HubspotSettings::read(|name| world.setting(name))?;
        Ok(Self { vendor: VendorClient { world, name: NAME, budget }, settings })
    }

    /// Makes a call; the body of a success.
    ///
    /// Steps: 1 the token, which one caller fetches for all; 2 the call, when its buckets let it through; 3 a token that is
    async fn call(&self, ask: &HubspotCall) -> Result<Vec<u8>, HubspotFailure> {
        let mut refused = None;
        let mut turns = TURNS_MAX;
        let mut may_renew = matches!(self.settings.access, HubspotAccess::Refresh { .. });
        loop {
            // 1
            let token = self.token(refused.take()).await?;
            // 2
            let request = ask.with(&self.settings.base_url, &token);
            let answer = self.vendor.send(&request, &self.settings.buckets(ask.is_search)).await?;
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
            self.vendor.block_for(hold.bucket, hold.ms).await;
            let Some(left) = turns.checked_sub(1).filter(|_| hold.ms <= self.vendor.budget.limiter_ms) else {
                return Err(failure);
            };
            turns = left;
        }
    }

    /// The answer to a request for one record, whatever it is: with the token that is in force, and within the vendor's limits.
    ///
    /// # Errors
    /// As [`VendorClient::send`], and those of fetching a token.
    pub async fn ask(&self, request: impl FnOnce(&str) -> DeliveryResult<HttpRequest>) -> DeliveryResult<HttpAnswer> {
        let request = request(&self.token(None).await?)?;
        self.vendor.send(&request, &self.settings.buckets(false)).await
    }

    async fn token(&self, refused: Option<String>) -> DeliveryResult<String> {
        if let HubspotAccess::Token(token) = &self.settings.access {
            return Ok(token.clone());
        }
        let (token, _) = self.vendor.token(refused, async || self.fetch_token().await).await?;
        Ok(token)
    }

    async fn fetch_token(&self) -> DeliveryResult<KeptToken> {
        let request = requests::refresh(&self.settings).ok_or_else(|| DeliveryError::retryable("unreachable", None))?;
        // Fetching a token counts in no bucket of the vendor.
        let answer = self.vendor.send(&request, &[]).await?;
        if answer.status == 200 {
            answers::token(&answer.body, self.vendor.world.now())
        } else {
            Err(errors::token_failure(answer.status, answer.retry_after_s))
        }
    }

    /// Records by id, or by a unique property; one that is not there is left out. No call for no ids. An answer that is too
    /// large, because somebody keeps long texts in a contact, is asked for in halves.
    async fn read(&self, object: Object, by: Option<&str>, ids: &[String]) -> DeliveryResult<HubspotAnswer> {
        let mut all = HubspotAnswer::default();
        let mut open: Vec<&[String]> = ids.chunks(BATCH_MAX).rev().collect();
        while let Some(ids) = open.pop() {
            match self.call(&HubspotCall::read(object, by, ids)).await {
                Ok(body) => all.results.append(&mut answers::records(&body)?.results),
                Err(HubspotFailure::NotFound) => {}
                Err(HubspotFailure::Setback(setback)) if setback.code() == "answer_too_large" && ids.len() > 1 => {
                    let (first, second) = ids.split_at(ids.len().div_euclid(2));
                    open.extend([second, first]);
                }
                Err(failure) => return Err(failure.setback()),
            }
        }
        Ok(all)
    }

    /// Ids of records that others are associated with. No call for no ids.
    async fn associated(&self, from: Object, to: Object, ids: &[String]) -> DeliveryResult<answers::Associated> {
        let mut all = answers::Associated::new();
        for ids in ids.chunks(BATCH_MAX) {
            match self.call(&HubspotCall::associated(from, to, ids)).await {
                Ok(body) => all.extend(answers::associated(&body)?),
                Err(HubspotFailure::NotFound) => {}
                Err(failure) => return Err(failure.setback()),
            }
        }
        Ok(all)
    }

    async fn search(&self, ask: &HubspotCall) -> DeliveryResult<HubspotAnswer> {
        let body = self.call(ask).await.map_err(HubspotFailure::setback)?;
        answers::records(&body)
    }
}

impl<W: Http + Clock + RateLimits> Crm for Hubspot<'_, W> {
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        self.state(question).await
    }

    async fn write(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        self.write_all(writes).await
    }

    fn batch_max(&self) -> usize {
        BATCH_MAX
    }

    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        let mut crm_users = Vec::new();
        for archived in [false, true] {
            let mut after = String::new();
            for _ in 0..PAGES_MAX {
                let body = self
                    .call(&HubspotCall::owners(&after, archived, OWNERS_MAX))
                    .await
                    .map_err(HubspotFailure::setback)?;
                let page = answers::owners(&body)?;
                crm_users.extend(page.results.iter().map(state::seller));
                page.after().clone_into(&mut after);
                if after.is_empty() {
                    break;
                }
            }
        }
        Ok(crm_users)
    }

    async fn changes(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        self.changed(since).await
    }

    async fn check(&self) -> Vec<Check> {
        self.checks().await
    }

    async fn prepare(&self) -> Vec<Check> {
        self.made_ready().await
    }
}
