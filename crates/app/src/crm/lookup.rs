//! What the CRM knows about a lead before it is decided: the mirror in the account shard first, a call second.

use crate::ports::InForce;
use crate::ports::messages::{SnapshotRequest, StoreSnapshotRequest};
use crate::world::IntakeWorld;
use lead_router_core::crm::owner::CrmOwner;
use lead_router_core::crm::snapshot::{CrmSnapshot, SnapshotEntry};
use lead_router_core::crm::state::{CrmQuestion, State};
use lead_router_core::crm::{CrmKind, owner};
use lead_router_core::decision::attempts::{AccountOwner, CrmOwners};
use lead_router_core::decision::record::CrmUse;
use lead_router_core::enrichment::provider::merge::Facted;
use lead_router_core::facts::{Facts, Field};
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::time::Timestamp;

/// What the CRM says about a lead.
#[derive(Debug, Clone, Default)]
pub struct CrmContext {
    /// Who owns it, when that is a rep of the roster.
    pub owner: Option<AccountOwner>,
    /// What the decision and the write are held against; `None` when no CRM is connected or nothing is known of it.
    pub view: Option<CrmOwners>,
    /// Facts for the rubric.
    pub facts: Facted,
    /// Where it comes from; `None` when no CRM is connected.
    pub how: Option<CrmUse>,
}

/// A lead whose CRM state is asked for.
#[derive(Debug)]
pub struct CrmLookup<'a, W> {
    world: &'a W,
    config: &'a InForce,
    keys: LeadKeys,
    question: CrmQuestion,
    mirror: CrmSnapshot,
    now: Timestamp,
}

impl<'a, W: IntakeWorld> CrmLookup<'a, W> {
    /// Looks at the mirror; `None` when no CRM is connected. A mirror that cannot be read is an empty one.
    pub async fn start(world: &'a W, config: &'a InForce, lead: &Lead, keys: &LeadKeys) -> Option<Self> {
        if world.crm() == CrmKind::Builtin {
            return None;
        }
        let email = Some(lead.email.address.clone());
        let question = CrmQuestion { email, domain: lead.company_domain().map(str::to_owned) };
        Some(Self::about(world, config, keys.clone(), question).await)
    }

    async fn about(world: &'a W, config: &'a InForce, keys: LeadKeys, question: CrmQuestion) -> Self {
        let ask = SnapshotRequest { account: keys.account.clone(), person: keys.person.clone() };
        let mirror = world.mirror(&keys.account.shard(), &ask).await.unwrap_or_default();
        Self { world, config, keys, question, mirror, now: world.now() }
    }

    /// Whether the mirror answers: nothing has to be waited for.
    pub fn is_known(&self) -> bool {
        self.mirror.is_fresh(self.question.email.is_some(), self.config.crm_heard, self.now)
    }

    /// The answer: of the mirror when it is fresh, else of the CRM, which is remembered; when the CRM does not answer, of
    /// the mirror however old it is.
    pub async fn finish(self) -> CrmContext {
        if self.is_known() {
            return self.consulted(&self.mirror.state(), CrmUse::Snapshot);
        }
        match self.world.lookup(&self.question).await {
            Ok(state) => {
                self.remember(&state).await;
                self.consulted(&state, CrmUse::Live)
            }
            Err(_) if self.mirror != CrmSnapshot::default() => self.consulted(&self.mirror.state(), CrmUse::Stale),
            Err(_) => CrmContext { how: Some(CrmUse::Unavailable), ..CrmContext::default() },
        }
    }

    async fn remember(&self, state: &State) {
        let at = self.now;
        let read = CrmSnapshot {
            person: self.question.email.as_ref().map(|_| SnapshotEntry { state: state.person.clone(), at }),
            account: Some(SnapshotEntry { state: state.account.clone(), at }),
        };
        let learn = StoreSnapshotRequest { account: self.keys.account.clone(), person: self.keys.person.clone(), read };
        // What is not remembered is asked again.
        let _ = self.world.learn(&self.keys.account.shard(), &[learn]).await;
    }

    fn consulted(&self, state: &State, how: CrmUse) -> CrmContext {
        let kind = self.world.crm();
        let owner = owner::owner(state, kind, &self.config.index, self.now);
        let facts = owner::facts(state, self.now);
        let view = CrmOwners {
            person_owner: state.person.as_ref().and_then(|person| person.owner.clone()),
            unknown_owner: owner.clone().filter(|owner| owner.rep_id.is_none()),
        };
        CrmContext { owner: owner.and_then(as_owner), view: Some(view), facts, how: Some(how) }
    }
}

/// What the CRM says about the account of the employer that enrichment found for a person with a private address, added to
/// what is known of the person.
pub async fn of_employer<W: IntakeWorld>(
    world: &W,
    config: &InForce,
    (person, employer): (CrmContext, &LeadKeys),
    facts: &Facts,
) -> CrmContext {
    let question = CrmQuestion { email: None, domain: facts.text(Field::CompanyDomain).map(str::to_owned) };
    let account = CrmLookup::about(world, config, employer.clone(), question).await;
    let account = account.finish().await;
    let view = person.view.map(|own| CrmOwners {
        unknown_owner: own.unknown_owner.or_else(|| account.view.as_ref().and_then(|view| view.unknown_owner.clone())),
        ..own
    });
    CrmContext {
        // An open deal or the company's owner goes before whoever has the person.
        owner: account.owner.or(person.owner),
        view: view.or(account.view),
        facts: account.facts,
        how: account.how.or(person.how),
    }
}

fn as_owner(owner: CrmOwner) -> Option<AccountOwner> {
    let CrmOwner { code, rep_id, .. } = owner;
    rep_id.map(|rep_id| AccountOwner { rep_id, source: code })
}
