//! The dry run: the steps of [`intake`](crate::intake::intake) in a world that writes nothing.

use crate::intake::{IntakeAnswer, IntakeWorld, Options, route, submission_of_content};
use crate::ports::crm::{CrmLookups, DeliveryResult};
use crate::ports::jobs::Job;
use crate::ports::messages::{
    ClaimRequest, ClaimResponse, DecideRequest, DecideResponse, Explained, LeadStatus, OpenRequest, OpenResponse,
    ProviderLookupRequest, ProviderLookupResponse, ReserveKeyRequest, ReserveKeyResponse, SnapshotRequest,
    StoreSnapshotRequest, TouchRequest, TouchResponse,
};
use crate::ports::{
    AccountShards, Cache, CacheEntry, Clock, Config, Directory, Http, HttpAnswer, HttpFailure, InForce, Jobs,
    PortResult, ProviderLookups, Unavailable,
};
use lead_router_core::crm::CrmKind;
use lead_router_core::crm::snapshot::CrmSnapshot;
use lead_router_core::crm::state::{CrmQuestion, State};
use lead_router_core::decision::record::Record;
use lead_router_core::directory::DirectoryRow;
use lead_router_core::http::HttpRequest;
use lead_router_core::id::LeadId;
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::time::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;

/// Makes the decision for a lead that arrives at `now`, and writes nothing. Providers and the CRM are asked as for a real
/// lead. A lead that was decided before is decided as if it were new, so that the answer is that of the rules in force.
///
/// # Errors
/// `Unavailable` when an object or the configuration cannot be reached.
pub async fn explain<W: IntakeWorld>(
    world: &W,
    lead: Lead,
    now: Timestamp,
    options: Options<'_>,
) -> PortResult<Explained> {
    let dry = DryRun { world, began: world.now(), now, explained: RefCell::default() };
    let (fingerprint, submission) = submission_of_content(&lead, options.person_key);
    let keys = LeadKeys::new(options.person_key, &lead.account_key(), lead.person_key(), &submission);
    let open = OpenRequest { keys, fingerprint, lead, received_at: now };
    let done = route(&dry, open, Options { wait: true, ..options }, None).await?;
    match (done.answer, dry.explained.into_inner()) {
        (IntakeAnswer::Decided { .. }, Some(explained)) => Ok(explained),
        _ => Err(Unavailable::new("shard", "the dry run made no decision")),
    }
}

/// A world that is read and not written, at a moment of its own.
struct DryRun<'a, W> {
    world: &'a W,
    /// When the dry run began, by the clock of the world.
    began: Timestamp,
    /// The moment for which the decision is made.
    now: Timestamp,
    explained: RefCell<Option<Explained>>,
}

impl<W: Clock> Clock for DryRun<'_, W> {
    fn now(&self) -> Timestamp {
        self.now.plus_ms(self.world.now().ms_since(self.began))
    }

    async fn pause(&self, ms: u32) {
        self.world.pause(ms).await;
    }
}

impl<W: Config> Config for DryRun<'_, W> {
    async fn current(&self) -> PortResult<Rc<InForce>> {
        self.world.current().await
    }
}

impl<W: Cache> Cache for DryRun<'_, W> {
    async fn get(&self, keys: &[String]) -> PortResult<Vec<CacheEntry>> {
        self.world.get(keys).await
    }

    async fn put(&self, _key: &str, _entry: &CacheEntry, _now: Timestamp) -> PortResult<()> {
        Ok(())
    }
}

impl<W: CrmLookups> CrmLookups for DryRun<'_, W> {
    fn crm(&self) -> CrmKind {
        self.world.crm()
    }

    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        self.world.lookup(question).await
    }
}

impl<W: Directory> Directory for DryRun<'_, W> {
    async fn find(&self, domain: Option<&str>, name_key: Option<&str>) -> PortResult<Option<DirectoryRow>> {
        self.world.find(domain, name_key).await
    }
}

impl<W: Http> Http for DryRun<'_, W> {
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure> {
        self.world.send(request, timeout_ms).await
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.world.setting(name)
    }
}

impl<W> Jobs for DryRun<'_, W> {
    async fn enqueue(&self, _jobs: &[Job], _after_s: u32) -> PortResult<()> {
        Ok(())
    }
}

impl<W: ProviderLookups> ProviderLookups for DryRun<'_, W> {
    async fn look_up(&self, question: &ProviderLookupRequest) -> PortResult<ProviderLookupResponse> {
        // There is no lead that a late answer could route again.
        self.world.look_up(&ProviderLookupRequest { lead_id: None, ..question.clone() }).await
    }
}

impl<W: AccountShards> AccountShards for DryRun<'_, W> {
    async fn reserve(&self, _shard: &str, _request: &ReserveKeyRequest) -> PortResult<ReserveKeyResponse> {
        Ok(ReserveKeyResponse::Yours)
    }

    async fn open(&self, _shard: &str, request: &OpenRequest) -> PortResult<OpenResponse> {
        let lead_id = request.keys.lead_id(0).ok_or_else(|| Unavailable::new("shard", "the hashes make no id"))?;
        Ok(OpenResponse::Open { lead_id, received_at: request.received_at })
    }

    async fn decide(&self, shard: &str, request: &DecideRequest) -> PortResult<DecideResponse> {
        // What asking took is no part of the moment that was asked for.
        let request = DecideRequest { now: self.now, ..request.clone() };
        let explained = self.explain(shard, &request).await?;
        let decision = Box::new(explained.decision.clone());
        *self.explained.borrow_mut() = Some(explained);
        Ok(DecideResponse::Decided { decision, replay: false })
    }

    async fn explain(&self, shard: &str, request: &DecideRequest) -> PortResult<Explained> {
        self.world.explain(shard, request).await
    }

    async fn claim(&self, shard: &str, request: &ClaimRequest) -> PortResult<ClaimResponse> {
        self.world.preview_claim(shard, request).await
    }

    async fn preview_claim(&self, shard: &str, request: &ClaimRequest) -> PortResult<ClaimResponse> {
        self.world.preview_claim(shard, request).await
    }

    async fn lead(&self, lead_id: &LeadId) -> PortResult<Option<LeadStatus>> {
        self.world.lead(lead_id).await
    }

    async fn touch(&self, _request: &TouchRequest) -> PortResult<TouchResponse> {
        Ok(TouchResponse::Stale)
    }

    async fn mirror(&self, shard: &str, request: &SnapshotRequest) -> PortResult<CrmSnapshot> {
        self.world.mirror(shard, request).await
    }

    async fn record(&self, lead_id: &LeadId, seq: u64) -> PortResult<Option<Record>> {
        self.world.record(lead_id, seq).await
    }

    async fn confirm(&self, _shard: &str, _seqs: &[u64]) -> PortResult<()> {
        Ok(())
    }

    async fn learn(&self, _shard: &str, _entries: &[StoreSnapshotRequest]) -> PortResult<()> {
        Ok(())
    }
}
