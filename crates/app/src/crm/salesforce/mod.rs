//! Salesforce: the order of the calls. What is asked and what an answer says is in `domain::crm::salesforce`.

mod read;
mod write;

use crate::crm::vendor::{CallBudget, VendorClient};
use crate::ports::crm::{Changes, ChangesSince, Check, Crm, DeliveryResult, Signer};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer};
use lead_router_core::crm::salesforce::requests::RECORDS_MAX;
use lead_router_core::crm::salesforce::settings::{BUCKET, Grant};
use lead_router_core::crm::salesforce::{SalesforceApi, SalesforceSettings, auth, errors};
use lead_router_core::crm::state::{CrmQuestion, CrmUser, State};
use lead_router_core::crm::write::{CrmWrite, CrmWritten};
use lead_router_core::http::HttpRequest;
use lead_router_core::vendor::DeliveryError;
use lead_router_core::vendor::rate_limit::KeptToken;

/// An organisation of Salesforce.
#[derive(Debug)]
pub struct Salesforce<'a, W> {
    vendor: VendorClient<'a, W>,
    settings: SalesforceSettings,
}

impl<'a, W: Http + Clock + RateLimits + Signer> Salesforce<'a, W> {
    /// The organisation that the settings name.
    ///
    /// # Errors
    /// `not_set_up`, naming the setting.
    pub fn connect(world: &'a W, budget: CallBudget) -> DeliveryResult<Self> {
        let settings = SalesforceSettings::read(|name| world.setting(name))?;
        Ok(Self { vendor: VendorClient { world, name: "salesforce", budget }, settings })
    }

    /// Makes a call, with another token when the vendor says that the first has ended. Any other answer is an answer.
    async fn ask(&self, request: &impl Fn(SalesforceApi<'_>) -> HttpRequest) -> DeliveryResult<HttpAnswer> {
        let (token, base_url) = self.vendor.token(None, || self.fetch_token()).await?;
        let answer = self.send(request, &token, &base_url).await?;
        if !errors::is_session_over(answer.status, &answer.body) {
            return Ok(answer);
        }
        let (token, base_url) = self.vendor.token(Some(token), || self.fetch_token()).await?;
        self.send(request, &token, &base_url).await
    }

    async fn send(
        &self,
        request: &impl Fn(SalesforceApi<'_>) -> HttpRequest,
        token: &str,
        base_url: &str,
    ) -> DeliveryResult<HttpAnswer> {
        let request = request(SalesforceApi { base_url, version: &self.settings.version, token });
        self.vendor.send(&request, &self.settings.buckets()).await
    }

    /// Makes a call that has to succeed.
    async fn call(&self, request: impl Fn(SalesforceApi<'_>) -> HttpRequest) -> DeliveryResult<HttpAnswer> {
        let answer = self.ask(&request).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        self.heard(Err(errors::of_call(answer.status, answer.retry_after_s, &answer.body))).await
    }

    /// Keeps away from the vendor for as long as a setback says, for everybody.
    async fn heard<T>(&self, effect: DeliveryResult<T>) -> DeliveryResult<T> {
        if let Some(ms) = effect.as_ref().err().and_then(errors::hold_ms) {
            self.vendor.block_for(BUCKET, ms).await;
        }
        effect
    }

    async fn fetch_token(&self) -> DeliveryResult<KeptToken> {
        let now = self.vendor.world.now();
        let grant = &self.settings.grant;
        let assertion = match (grant, auth::signing_input(grant, now)) {
            (Grant::Signed { key, .. }, Some(text)) => {
                let signature = self.vendor.world.sign_rs256(key, &text).await.map_err(|_| {
                    DeliveryError::config("not_set_up", "`SALESFORCE_JWT_KEY` is no RSA key that can sign")
                })?;
                Some(format!("{text}.{signature}"))
            }
            _ => None,
        };
        let request = auth::token_request(&self.settings.login_url, grant, assertion.as_deref());
        let answer = self.vendor.send(&request, &self.settings.buckets()).await?;
        auth::token(answer.status, answer.retry_after_s, &answer.body, self.vendor.world.now())
    }
}

impl<W: Http + Clock + RateLimits + Signer> Crm for Salesforce<'_, W> {
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        self.consult_both(question).await
    }

    async fn write(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        let mut written = Vec::with_capacity(writes.len());
        for batch in writes.chunks(RECORDS_MAX) {
            written.extend(self.write_batch(batch).await);
        }
        written
    }

    fn batch_max(&self) -> usize {
        RECORDS_MAX
    }

    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        self.all_users().await
    }

    async fn changes(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        self.changed(since).await
    }

    async fn check(&self) -> Vec<Check> {
        self.check_all().await
    }
}
