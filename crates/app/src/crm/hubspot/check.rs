//! Whether the connection is good, and what has to be there before the first write.

use crate::crm::hubspot::Hubspot;
use crate::ports::crm::{Check, CheckProblem, DeliveryResult};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use lead_router_core::crm::hubspot::properties::{Described, Property};
use lead_router_core::crm::hubspot::{HubspotAccess, HubspotCall, HubspotFailure, Object, answers, properties};
use lead_router_core::vendor::DeliveryError;

/// The kinds that have properties of ours.
const OWN: [Object; 2] = [Object::Contacts, Object::Tasks];

impl<W: Http + Clock + RateLimits> Hubspot<'_, W> {
    /// Steps: 1 the token; 2 a harmless call per scope; 3 our properties; 4 the calls of today.
    pub(super) async fn checks(&self) -> Vec<Check> {
        // 1
        let token = self.try_call(&HubspotCall::account()).await;
        let mut checks = vec![Check::new("token", &token)];
        if token.is_err_and(|setback| setback.code() == "token_refused") {
            return checks;
        }
        // 2
        for object in [Object::Contacts, Object::Companies, Object::Deals] {
            let read = self.try_call(&HubspotCall::any(object)).await;
            checks.push(Check::new(format!("read {}", object.as_str()), &read));
        }
        checks.push(Check::new("write contacts", &self.try_write(Object::Contacts).await));
        checks.push(Check::new("write tasks", &self.try_write(Object::Tasks).await));
        checks.push(Check::new("read owners", &self.try_call(&HubspotCall::owners("", false, 1)).await));
        // 3
        for object in OWN {
            match self.described(object).await {
                Ok(described) => checks.extend(properties::of(object).map(|own| line(own, &described))),
                Err(setback) => {
                    checks.push(Check::new(format!("properties of {}", object.as_str()), &Err::<(), _>(setback)));
                }
            }
        }
        // 4
        if matches!(self.settings.access, HubspotAccess::Token(_)) {
            checks.push(Check::new("calls today", &self.try_usage().await));
        }
        checks
    }

    /// Makes the properties that are missing, and says how each of ours stands after that.
    pub(super) async fn made_ready(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        for object in OWN {
            let made = self.make(object).await;
            match made {
                Ok(described) => checks.extend(properties::of(object).map(|own| line(own, &described))),
                Err(setback) => checks
                    .extend(properties::of(object).map(|own| Check::new(name(own), &Err::<(), _>(setback.clone())))),
            }
        }
        checks
    }

    /// Steps: 1 what is there; 2 what is missing is made; 3 what is there now, since another may have made it meanwhile.
    async fn make(&self, object: Object) -> DeliveryResult<Vec<Described>> {
        // 1
        let described = self.described(object).await?;
        let missing: Vec<&Property> =
            properties::of(object).filter(|own| !described.iter().any(|found| found.name == own.name)).collect();
        if missing.is_empty() {
            return Ok(described);
        }
        // 2
        match self.call(&HubspotCall::create_properties(object, &missing)).await {
            Ok(_) | Err(HubspotFailure::Conflict { .. }) => {}
            Err(failure) => return Err(failure.setback()),
        }
        // 3
        self.described(object).await
    }

    async fn described(&self, object: Object) -> DeliveryResult<Vec<Described>> {
        match self.call(&HubspotCall::properties(object)).await {
            Ok(body) => answers::properties(&body),
            // None of them is there.
            Err(HubspotFailure::NotFound) => Ok(Vec::new()),
            Err(failure) => Err(failure.setback()),
        }
    }

    async fn try_call(&self, ask: &HubspotCall) -> DeliveryResult<()> {
        self.call(ask).await.map(|_| ()).map_err(HubspotFailure::setback)
    }

    async fn try_write(&self, object: Object) -> DeliveryResult<()> {
        match self.call(&HubspotCall::write_nothing(object)).await {
            Ok(_) | Err(HubspotFailure::NotFound | HubspotFailure::Conflict { .. }) => Ok(()),
            // Refused for what it says, not for who asks.
            Err(HubspotFailure::Setback(setback)) if setback.code() == "call_refused" => Ok(()),
            Err(failure) => Err(failure.setback()),
        }
    }

    async fn try_usage(&self) -> DeliveryResult<()> {
        let body = self.call(&HubspotCall::usage()).await.map_err(HubspotFailure::setback)?;
        let Some(usage) = answers::usage(&body)?.filter(|usage| usage.usage_limit > 0) else { return Ok(()) };
        let used = usage.current_usage.saturating_mul(100).checked_div(usage.usage_limit).unwrap_or(0);
        if used < 90 {
            return Ok(());
        }
        let help = format!(
            "{used} of 100 calls of today are used ({} of {}): call less from other apps, or raise the limit",
            usage.current_usage, usage.usage_limit
        );
        Err(DeliveryError::config("daily_limit_near", help))
    }
}

fn name(own: &Property) -> String {
    format!("property {} of {}", own.name, own.object.as_str())
}

fn line(own: &Property, described: &[Described]) -> Check {
    let problem = own.problem(described).map(|(code, message)| CheckProblem { code: code.to_owned(), message });
    Check { name: name(own), problem }
}
