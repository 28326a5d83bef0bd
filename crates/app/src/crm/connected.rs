//! Whichever CRM the deployment names.

use crate::crm::{CallBudget, Hubspot, Pipedrive, Salesforce};
use crate::ports::crm::{Changes, ChangesSince, Check, Crm, DeliveryResult, Signer};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use lead_router_core::crm::state::{CrmQuestion, CrmUser, State};
use lead_router_core::crm::{CrmKind, CrmWrite, CrmWritten};
use lead_router_core::vendor::DeliveryError;

/// The CRM of the deployment.
#[expect(missing_docs, reason = "the names say it")]
pub enum Connected<'a, W> {
    Hubspot(Hubspot<'a, W>),
    Salesforce(Salesforce<'a, W>),
    Pipedrive(Pipedrive<'a, W>),
}

/// Connects the CRM of this kind. Nothing is called yet.
///
/// # Errors
/// `not_set_up` names the setting that is missing. `builtin_crm` for the built-in one: its tables are written with the
/// ledger, and there is nothing to connect.
pub fn connect<W: Http + Clock + RateLimits + Signer>(
    world: &W,
    kind: CrmKind,
    budget: CallBudget,
) -> DeliveryResult<Connected<'_, W>> {
    match kind {
        CrmKind::Hubspot => Hubspot::connect(world, budget).map(Connected::Hubspot),
        CrmKind::Salesforce => Salesforce::connect(world, budget).map(Connected::Salesforce),
        CrmKind::Pipedrive => Pipedrive::connect(world, budget).map(Connected::Pipedrive),
        CrmKind::Builtin => Err(DeliveryError::config("builtin_crm", "no CRM is connected: set `CRM`")),
    }
}

/// Asks the CRM that is connected.
macro_rules! ask {
    ($connected:expr, $crm:ident => $ask:expr) => {
        match $connected {
            Connected::Hubspot($crm) => $ask,
            Connected::Salesforce($crm) => $ask,
            Connected::Pipedrive($crm) => $ask,
        }
    };
}

impl<W: Http + Clock + RateLimits + Signer> Crm for Connected<'_, W> {
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        ask!(self, crm => crm.lookup(question).await)
    }

    async fn write(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        ask!(self, crm => crm.write(writes).await)
    }

    fn batch_max(&self) -> usize {
        ask!(self, crm => crm.batch_max())
    }

    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        ask!(self, crm => crm.crm_users().await)
    }

    async fn changes(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        ask!(self, crm => crm.changes(since).await)
    }

    async fn check(&self) -> Vec<Check> {
        ask!(self, crm => crm.check().await)
    }

    async fn prepare(&self) -> Vec<Check> {
        ask!(self, crm => crm.prepare().await)
    }
}
