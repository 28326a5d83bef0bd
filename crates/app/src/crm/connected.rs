//! Whichever CRM the deployment names.

use crate::crm::{Hubspot, Patience, Pipedrive, Salesforce};
use crate::ports::crm::{Changes, Check, Crm, Effect, Gates, Signer, Since};
use crate::ports::{Clock, Http};
use lead_router_core::crm::state::{Question, Seller, State};
use lead_router_core::crm::{CrmKind, Write, Written};
use lead_router_core::vendor::Setback;

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
pub fn connect<W: Http + Clock + Gates + Signer>(
    world: &W,
    kind: CrmKind,
    patience: Patience,
) -> Effect<Connected<'_, W>> {
    match kind {
        CrmKind::Hubspot => Hubspot::connect(world, patience).map(Connected::Hubspot),
        CrmKind::Salesforce => Salesforce::connect(world, patience).map(Connected::Salesforce),
        CrmKind::Pipedrive => Pipedrive::connect(world, patience).map(Connected::Pipedrive),
        CrmKind::Builtin => Err(Setback::config("builtin_crm", "no CRM is connected: set `CRM`")),
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

impl<W: Http + Clock + Gates + Signer> Crm for Connected<'_, W> {
    async fn consult(&self, question: &Question) -> Effect<State> {
        ask!(self, crm => crm.consult(question).await)
    }

    async fn write(&self, writes: &[Write]) -> Vec<Effect<Written>> {
        ask!(self, crm => crm.write(writes).await)
    }

    fn batch_max(&self) -> usize {
        ask!(self, crm => crm.batch_max())
    }

    async fn sellers(&self) -> Effect<Vec<Seller>> {
        ask!(self, crm => crm.sellers().await)
    }

    async fn changes(&self, since: &Since) -> Effect<Changes> {
        ask!(self, crm => crm.changes(since).await)
    }

    async fn check(&self) -> Vec<Check> {
        ask!(self, crm => crm.check().await)
    }

    async fn prepare(&self) -> Vec<Check> {
        ask!(self, crm => crm.prepare().await)
    }
}
