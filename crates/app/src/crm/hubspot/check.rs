//! Whether the connection is good, and what has to be there before the first write.

use crate::crm::hubspot::Hubspot;
use crate::ports::crm::{Check, CheckProblem, Effect, Gates};
use crate::ports::{Clock, Http};
use lead_router_core::crm::hubspot::properties::{Described, Property};
use lead_router_core::crm::hubspot::{Access, Ask, Failure, Object, answers, properties};
use lead_router_core::vendor::Setback;

/// The kinds that have properties of ours.
const OWN: [Object; 2] = [Object::Contacts, Object::Tasks];

impl<W: Http + Clock + Gates> Hubspot<'_, W> {
    /// Steps: 1 the token; 2 a harmless call per scope; 3 our properties; 4 the calls of today.
    pub(super) async fn checks(&self) -> Vec<Check> {
        // 1
        let token = self.try_call(&Ask::account()).await;
        let mut checks = vec![Check::new("token", &token)];
        if token.is_err_and(|setback| setback.code() == "token_refused") {
            return checks;
        }
        // 2
        for object in [Object::Contacts, Object::Companies, Object::Deals] {
            let read = self.try_call(&Ask::any(object)).await;
            checks.push(Check::new(format!("read {}", object.as_str()), &read));
        }
        checks.push(Check::new("write contacts", &self.try_write(Object::Contacts).await));
        checks.push(Check::new("write tasks", &self.try_write(Object::Tasks).await));
        checks.push(Check::new("read owners", &self.try_call(&Ask::owners("", false, 1)).await));
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
        if matches!(self.settings.access, Access::Token(_)) {
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
    async fn make(&self, object: Object) -> Effect<Vec<Described>> {
        // 1
        let described = self.described(object).await?;
        let missing: Vec<&Property> =
            properties::of(object).filter(|own| !described.iter().any(|found| found.name == own.name)).collect();
        if missing.is_empty() {
            return Ok(described);
        }
        // 2
        match self.call(&Ask::create_properties(object, &missing)).await {
            Ok(_) | Err(Failure::Conflict { .. }) => {}
            Err(failure) => return Err(failure.setback()),
        }
        // 3
        self.described(object).await
    }

    async fn described(&self, object: Object) -> Effect<Vec<Described>> {
        match self.call(&Ask::properties(object)).await {
            Ok(body) => answers::properties(&body),
            // None of them is there.
            Err(Failure::NotFound) => Ok(Vec::new()),
            Err(failure) => Err(failure.setback()),
        }
    }

    async fn try_call(&self, ask: &Ask) -> Effect<()> {
        self.call(ask).await.map(|_| ()).map_err(Failure::setback)
    }

    async fn try_write(&self, object: Object) -> Effect<()> {
        match self.call(&Ask::write_nothing(object)).await {
            Ok(_) | Err(Failure::NotFound | Failure::Conflict { .. }) => Ok(()),
            // Refused for what it says, not for who asks.
            Err(Failure::Setback(setback)) if setback.code() == "call_refused" => Ok(()),
            Err(failure) => Err(failure.setback()),
        }
    }

    async fn try_usage(&self) -> Effect<()> {
        let body = self.call(&Ask::usage()).await.map_err(Failure::setback)?;
        let Some(usage) = answers::usage(&body)?.filter(|usage| usage.usage_limit > 0) else { return Ok(()) };
        let used = usage.current_usage.saturating_mul(100).checked_div(usage.usage_limit).unwrap_or(0);
        if used < 90 {
            return Ok(());
        }
        let help = format!(
            "{used} of 100 calls of today are used ({} of {}): call less from other apps, or raise the limit",
            usage.current_usage, usage.usage_limit
        );
        Err(Setback::config("daily_limit_near", help))
    }
}

fn name(own: &Property) -> String {
    format!("property {} of {}", own.name, own.object.as_str())
}

fn line(own: &Property, described: &[Described]) -> Check {
    let problem = own.problem(described).map(|(code, message)| CheckProblem { code: code.to_owned(), message });
    Check { name: name(own), problem }
}
