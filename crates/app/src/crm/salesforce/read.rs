//! Everything that only reads.

use crate::crm::salesforce::Salesforce;
use crate::ports::crm::{ChangedPerson, Changes, ChangesSince, Check, DeliveryResult, Signer};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use lead_router_core::crm::salesforce::answers::{QueryPage, page, pages, text};
use lead_router_core::crm::salesforce::changes::SalesforceCursor;
use lead_router_core::crm::salesforce::ids::full;
use lead_router_core::crm::salesforce::{SalesforceApi, changes, check, lookup};
use lead_router_core::crm::state::{CrmQuestion, CrmUser, State};
use lead_router_core::vendor::DeliveryError;
use serde_json::Value;

/// Everybody of the company; not the users that portals and the vendor's own robots have.
const USERS: &str = "SELECT Id,Email,IsActive FROM User WHERE UserType='Standard' ORDER BY Id";

impl<W: Http + Clock + RateLimits + Signer> Salesforce<'_, W> {
    /// The pages of some queries by name, at most five, in one call.
    pub(super) async fn query_all<'q>(
        &self,
        queries: &[(&'q str, String)],
    ) -> DeliveryResult<Vec<(&'q str, QueryPage)>> {
        let answer = self.call(|api: SalesforceApi<'_>| api.queries(queries)).await?;
        let names: Vec<&str> = queries.iter().map(|(name, _)| *name).collect();
        let pages = self.heard(pages(&answer.body, &names)).await?;
        Ok(names.into_iter().zip(pages).collect())
    }

    /// A page and all that follow it, in one.
    pub(super) async fn with_rest(&self, first: QueryPage) -> DeliveryResult<Vec<Value>> {
        let QueryPage { mut records, mut next } = first;
        while let Some(path) = next {
            let answer = self.call(|api: SalesforceApi<'_>| api.next_page(&path)).await?;
            let more = page(&serde_json::from_slice(&answer.body).unwrap_or_default())?;
            records.extend(more.records);
            next = more.next;
        }
        Ok(records)
    }

    pub(super) async fn consult_both(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        let domain_field = self.settings.domain_field.as_deref();
        let queries = lookup::queries(question, domain_field);
        if queries.is_empty() {
            return Ok(State::default());
        }
        Ok(lookup::read(question, domain_field, &self.query_all(&queries).await?))
    }

    pub(super) async fn all_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        let answer = self.call(|api: SalesforceApi<'_>| api.query(USERS)).await?;
        let first = page(&serde_json::from_slice(&answer.body).unwrap_or_default())?;
        let user = |record: &Value| {
            Some(CrmUser {
                id: full(text(record, "Id")?),
                email: text(record, "Email").map(str::to_lowercase),
                active: record.get("IsActive").and_then(Value::as_bool).unwrap_or(true),
            })
        };
        Ok(self.with_rest(first).await?.iter().filter_map(user).collect())
    }

    pub(super) async fn changed(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        let domain_field = self.settings.domain_field.as_deref();
        let cursor = SalesforceCursor::read(&since.page);
        let queries = changes::queries(since.at, &cursor, domain_field);
        if queries.is_empty() {
            return Ok(Changes::default());
        }
        let (read, cursor) = changes::read(&self.query_all(&queries).await?, cursor, domain_field);
        let person = |person: changes::ChangedRow| ChangedPerson {
            email: person.email,
            state: person.state,
            created_at: person.created_at,
            is_ours: person.is_ours,
            lead: Box::new(person.lead),
        };
        Ok(Changes {
            people: read.people.into_iter().map(person).collect(),
            accounts: read.accounts,
            next: cursor.page().map(|page| ChangesSince { at: since.at, page }),
        })
    }

    /// Token, limits, then each object with its fields. Without a token nothing else is tried.
    pub(super) async fn check_all(&self) -> Vec<Check> {
        let limits = self.call(|api: SalesforceApi<'_>| api.limits()).await;
        let mut lines = vec![Check::new("token", &limits)];
        let Ok(answer) = limits else { return lines };
        let limits = check::limits(&serde_json::from_slice(&answer.body).unwrap_or_default());
        lines.push(Check::new("calls of the day", &limits));
        for (object, need) in check::OBJECTS {
            let described =
                self.call(|api: SalesforceApi<'_>| api.describe(object)).await.map_err(|setback| match setback {
                    DeliveryError::Permanent { code, .. } if code == "not_found" => DeliveryError::config(
                        "no_permission",
                        format!("the user cannot see {object}: give the right to read it"),
                    ),
                    other => other,
                });
            match described {
                Err(_) => lines.push(Check::new(format!("read {object}"), &described)),
                Ok(answer) => {
                    let description = serde_json::from_slice(&answer.body).unwrap_or_default();
                    let found = check::lines(object, need, &description, self.settings.domain_field.as_deref());
                    lines.extend(found.iter().map(|(name, tried)| Check::new(name.as_str(), tried)));
                }
            }
        }
        lines
    }
}
