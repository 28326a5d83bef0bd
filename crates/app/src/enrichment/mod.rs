//! Drives the waterfall for one lead: cache first, then the directory and the providers, under one deadline.

mod after;
mod ask;
mod hedging;
pub mod late_enrichment;
pub mod prefetch;
mod provider;
pub mod provider_call;
pub mod provider_lookup;
mod provider_token;
pub mod website;

pub use after::{After, CachePut, after};

use crate::crm::lookup::CrmContext;
use crate::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use crate::ports::{CacheEntry, CachedReading, InForce};
use crate::world::IntakeWorld;
use ask::{Reply, SourceQuery, ask};
use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use lead_router_core::decision::attempts::AccountOwner;
use lead_router_core::decision::record::{CacheUse, EnrichmentSummary, ProviderCall};
use lead_router_core::directory::DIRECTORY;
use lead_router_core::enrichment::provider::merge::Facted;
use lead_router_core::enrichment::provider::{Contact, SubjectKind, merge_readings};
use lead_router_core::enrichment::waterfall;
use lead_router_core::enrichment::waterfall::results::{LATE, NOT_AWAITED};
use lead_router_core::enrichment::waterfall::{ProviderState, WaterfallInput, WaterfallSource, WaterfallStep};
use lead_router_core::facts::{Fact, Facts, Field};
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::{LeadId, ProviderId, RepId};
use lead_router_core::lead::Lead;
use lead_router_core::rubric::file::OwnerAway;
use lead_router_core::time::Timestamp;
use provider::{PersonLookup, Provider, directory_subject, providers};
use std::collections::BTreeMap;
use std::pin::pin;

/// Why asking ends when the lead can wait no longer.
const DEADLINE: &str = "deadline";

/// What enrichment found.
#[derive(Debug)]
pub struct Enriched {
    /// Everything that is known.
    pub facts: Facts,
    /// Owner of the account according to the CRM, else the directory.
    pub owner: Option<AccountOwner>,
    /// What it took.
    pub summary: EnrichmentSummary,
    /// What is left to do when the sender has its answer.
    pub after: After,
}

/// Enrichment of one lead.
pub struct EnrichmentRun<'a, W> {
    world: &'a W,
    config: &'a InForce,
    person: PersonLookup<'a>,
    started_at: Timestamp,
    stated: Facts,
    contact: Contact,
    readings: Vec<Facted>,
    facts: Facts,
    owner: Option<AccountOwner>,
    crm_owner: Option<AccountOwner>,
    providers: Vec<Provider>,
    entries: BTreeMap<String, CacheEntry>,
    changed: Vec<String>,
    summary: EnrichmentSummary,
    from_cache: u32,
    /// Questions whose answers nobody has seen yet, by provider.
    pending: BTreeMap<ProviderId, ProviderLookupRequest>,
    /// Questions to put again when the lead is decided.
    again: Vec<ProviderLookupRequest>,
}

impl<'a, W: IntakeWorld> EnrichmentRun<'a, W> {
    /// Begins with what the lead says and what the cache knows.
    pub async fn start(
        world: &'a W,
        config: &'a InForce,
        lead: &'a Lead,
        person_key: &'a [u8],
        now: Timestamp,
    ) -> Self {
        let mut run = Self {
            world,
            config,
            person: PersonLookup::of(lead, person_key),
            started_at: now,
            stated: lead.facts(),
            contact: lead.contact(),
            readings: Vec::new(),
            facts: lead.facts(),
            owner: None,
            crm_owner: None,
            providers: providers(world, config),
            entries: BTreeMap::new(),
            changed: Vec::new(),
            summary: EnrichmentSummary::default(),
            from_cache: 0,
            pending: BTreeMap::new(),
            again: Vec::new(),
        };
        run.read_cache().await;
        run
    }

    /// Takes over what the CRM says: who owns the lead there counts more than what the directory says.
    pub fn told(&mut self, consulted: &CrmContext) {
        self.crm_owner.clone_from(&consulted.owner);
        self.summary.crm = consulted.how;
        self.readings.push(consulted.facts.clone());
        self.facts = merge_readings(&self.stated, &self.readings);
    }

    /// Whether the decision can be made with what is known: no provider has to be waited for.
    pub fn is_over(&self) -> bool {
        matches!(self.next(), WaterfallStep::Stop { .. })
    }

    /// Asks until the decision stands, nobody is left, or the deadline has passed. With `lead_id`, a provider that was
    /// cut off by the deadline may have the lead placed again when it answers.
    pub async fn finish(mut self, lead_id: Option<&LeadId>) -> Enriched {
        let deadline = self.started_at.plus_ms(i64::from(self.config.rubric.enrichment().deadline_ms));
        let mut calls = FuturesUnordered::new();
        let stopped = loop {
            let now = self.world.now();
            let left_ms = u32::try_from(deadline.ms_since(now)).unwrap_or(0);
            match self.next() {
                WaterfallStep::Stop { reason, saved } => {
                    self.summary.providers_skipped = saved;
                    break reason;
                }
                _ if left_ms == 0 => break DEADLINE.to_owned(),
                WaterfallStep::Ask(ids) => {
                    for (id, key, question) in self.questions(&ids, now, left_ms) {
                        calls.push(ask(self.world, id, key, question));
                    }
                }
                WaterfallStep::Wait(until) => {
                    let pause_ms = until.map_or(left_ms, |until| u32::try_from(until.ms_since(now)).unwrap_or(0));
                    let pause = pin!(self.world.pause(pause_ms.clamp(1, left_ms)));
                    // When nobody is asked, the pause ends and the deadline comes.
                    if let Either::Left((Some(reply), _)) = select(calls.next(), pause).await {
                        self.take(reply, deadline);
                        self.read_cache().await;
                    }
                }
            }
        };
        drop(calls);
        self.known(stopped, lead_id)
    }

    fn next(&self) -> WaterfallStep {
        let sources: Vec<WaterfallSource> = self.providers.iter().map(|provider| provider.source.clone()).collect();
        waterfall::next(WaterfallInput {
            rubric: &self.config.rubric,
            facts: &self.facts,
            sources: &sources,
            has_owner: self.owner().is_some_and(|owner| owner_decides(self.config, &owner.rep_id)),
            decided_at: self.started_at,
            now: self.world.now(),
        })
    }

    fn known(mut self, stopped: String, lead_id: Option<&LeadId>) -> Enriched {
        let now = self.world.now();
        let is_cut = stopped == DEADLINE;
        for provider in &self.providers {
            if let ProviderState::Asked(at) = provider.source.standing {
                let ms = u32::try_from(now.ms_since(at)).unwrap_or(0);
                let result = if is_cut { LATE } else { NOT_AWAITED }.to_owned();
                self.summary.calls.push(ProviderCall {
                    provider: provider.source.id.to_string(),
                    result,
                    ms,
                    hedge: None,
                });
                self.summary.providers_called = self.summary.providers_called.saturating_add(1);
            }
        }
        self.again.extend(std::mem::take(&mut self.pending).into_values());
        let may_move = lead_id.filter(|_| is_cut);
        let again =
            self.again.into_iter().map(|question| ProviderLookupRequest { lead_id: may_move.cloned(), ..question });
        let asked = u32::try_from(self.summary.calls.len()).unwrap_or(u32::MAX);
        self.summary.cache = match (self.from_cache, asked) {
            (_, 0) => CacheUse::Hit,
            (0, _) => CacheUse::Miss,
            (_, _) => CacheUse::Partial,
        };
        self.summary.stopped = stopped;
        self.summary.ms = u32::try_from(now.ms_since(self.started_at)).unwrap_or(0);
        let entries = &self.entries;
        let puts = self
            .changed
            .iter()
            .filter_map(|key| entries.get(key).map(|entry| CachePut { key: key.clone(), entry: entry.clone() }));
        let after = After { puts: puts.collect(), again: again.collect() };
        Enriched { after, owner: self.crm_owner.or(self.owner), facts: self.facts, summary: self.summary }
    }

    fn owner(&self) -> Option<&AccountOwner> {
        self.crm_owner.as_ref().or(self.owner.as_ref())
    }

    /// Applies what the cache knows about the subjects that are known by now. What it says may name a further
    /// subject (the employer of a person), so this repeats until nothing new is named.
    async fn read_cache(&mut self) {
        loop {
            self.stand();
            let keys: Vec<String> = self.keys().into_iter().filter(|key| !self.entries.contains_key(key)).collect();
            if keys.is_empty() {
                return;
            }
            // A cache that cannot be read is an empty one: the providers are asked instead.
            let read = self.world.get(&keys).await.unwrap_or_default();
            for (place, key) in keys.into_iter().enumerate() {
                self.entries.insert(key, read.get(place).cloned().unwrap_or_default());
            }
            self.apply_cached();
        }
    }

    fn apply_cached(&mut self) {
        let ready = self.providers.iter().filter(|provider| provider.source.standing == ProviderState::Ready);
        let cached: Vec<(ProviderId, String, CachedReading)> = ready
            .filter_map(|provider| {
                let id = &provider.source.id;
                let key = provider.cache_key(&self.facts, self.person)?;
                let reading = self.entries.get(&key)?.get(id.as_str())?;
                let is_current = id.as_str() != DIRECTORY || reading.version == self.config.directory_version;
                let is_usable = is_current && reading.usable_until() > self.started_at;
                is_usable.then(|| (id.clone(), key, reading.clone()))
            })
            .collect();
        for (id, key, reading) in cached {
            if reading.until <= self.started_at {
                self.refresh(&id, &key);
            }
            self.from_cache = self.from_cache.saturating_add(1);
            if id.as_str() != DIRECTORY {
                self.summary.providers_cached = self.summary.providers_cached.saturating_add(1);
            }
            self.stand_done(&id);
            self.apply(&reading);
        }
    }

    /// Has a stale answer asked for again once the lead is decided.
    fn refresh(&mut self, id: &ProviderId, key: &str) {
        let provider = self.providers.iter().find(|provider| provider.source.id == *id);
        if let Some(question) = provider.and_then(|provider| self.look_up(provider, Some(key), 0)) {
            self.again.push(question);
        }
    }

    /// Which providers can be asked with what is known.
    fn stand(&mut self) {
        let (facts, contact) = (&self.facts, &self.contact);
        for provider in &mut self.providers {
            if matches!(provider.source.standing, ProviderState::Ready | ProviderState::Waiting) {
                let is_ready = provider.is_ready(facts, contact);
                provider.source.standing = if is_ready { ProviderState::Ready } else { ProviderState::Waiting };
            }
        }
    }

    /// Cache keys of the subjects of providers that have not been asked.
    fn keys(&self) -> Vec<String> {
        let open = self.providers.iter().filter(|provider| provider.source.standing == ProviderState::Ready);
        let mut keys: Vec<String> = open.filter_map(|provider| provider.cache_key(&self.facts, self.person)).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    fn stand_done(&mut self, id: &ProviderId) {
        for provider in self.providers.iter_mut().filter(|provider| provider.source.id == *id) {
            provider.source.standing = ProviderState::Done;
        }
    }

    /// The questions to some providers, which count as asked from `now` on.
    fn questions(
        &mut self,
        ids: &[ProviderId],
        now: Timestamp,
        left_ms: u32,
    ) -> Vec<(ProviderId, Option<String>, SourceQuery)> {
        let mut questions = Vec::with_capacity(ids.len());
        for provider in self.providers.iter().filter(|provider| ids.contains(&provider.source.id)) {
            let id = provider.source.id.clone();
            let key = provider.cache_key(&self.facts, self.person);
            let question = match self.look_up(provider, key.as_deref(), left_ms) {
                Some(question) => {
                    self.pending.insert(id.clone(), ProviderLookupRequest { wait_ms: 0, ..question.clone() });
                    SourceQuery::Http(Box::new(question))
                }
                None => {
                    let (domain, name) = directory_subject(&self.facts).unwrap_or_default();
                    SourceQuery::Directory { domain, name, version: self.config.directory_version.clone() }
                }
            };
            questions.push((id, key, question));
        }
        for provider in self.providers.iter_mut().filter(|provider| ids.contains(&provider.source.id)) {
            provider.source.standing = ProviderState::Asked(now);
        }
        questions
    }

    /// The question to a provider; `None` for the directory.
    fn look_up(&self, provider: &Provider, key: Option<&str>, left_ms: u32) -> Option<ProviderLookupRequest> {
        let http = provider.http.as_ref()?;
        let subject = match key {
            Some(key) => key.to_owned(),
            None => format!("facts:{}", sha256_hex(&serde_json::to_vec(&self.facts).unwrap_or_default())),
        };
        // Calls that follow each other have a limit each.
        let is_many = http.offer.takes_several_calls();
        let wait_ms = if is_many { left_ms } else { http.offer.timeout_ms().min(left_ms) };
        Some(ProviderLookupRequest {
            subject,
            provider: provider.source.id.clone(),
            facts: self.facts.clone(),
            contact: self.contact.clone(),
            wait_ms,
            limit: http.limit,
            prefer: self.config.rubric.enrichment().prefer,
            lead_id: None,
        })
    }

    /// Applies what a provider said. One that the deadline has cut off counts as asked to the end.
    fn take(&mut self, reply: Reply, deadline: Timestamp) {
        if reply.looked_up.result == LATE && self.world.now() >= deadline {
            return;
        }
        self.stand_done(&reply.id);
        let question = self.pending.remove(&reply.id);
        let (was_called, is_late) = (reply.looked_up.was_called(), reply.looked_up.result == LATE);
        self.again.extend(question.filter(|_| is_late));
        if let Some(reading) = reply.looked_up.reading {
            self.apply(&reading);
            if let Some(key) = reply.key {
                self.entries.entry(key.clone()).or_default().insert(reply.id.to_string(), reading);
                if !self.changed.contains(&key) {
                    self.changed.push(key);
                }
            }
        }
        if was_called && reply.id.as_str() != DIRECTORY {
            self.summary.providers_called = self.summary.providers_called.saturating_add(1);
        }
        let ProviderLookupResponse { result, shared, hedge, .. } = reply.looked_up;
        // Whoever shares a call of another lead has not sent the second request either.
        let (result, hedge) = if shared { (format!("{result}_shared"), None) } else { (result, hedge) };
        self.summary.calls.push(ProviderCall { provider: reply.id.to_string(), result, ms: reply.ms, hedge });
    }

    fn apply(&mut self, reading: &CachedReading) {
        let fact = |(path, fact): (&String, &Fact)| Field::from_path(path).map(|field| (field, fact.clone()));
        self.readings.push(reading.facts.iter().filter_map(fact).collect());
        self.facts = merge_readings(&self.stated, &self.readings);
        if let Some(rep_id) = reading.owner_rep_id.as_deref().and_then(|rep| RepId::new(rep).ok()) {
            self.owner = Some(AccountOwner { rep_id, source: DIRECTORY.to_owned() });
        }
        if reading.blocked {
            // Whoever must not be looked up at one provider is not looked up at another.
            for provider in self.providers.iter_mut().filter(|provider| provider.is_about(SubjectKind::Person)) {
                if matches!(provider.source.standing, ProviderState::Ready | ProviderState::Waiting) {
                    provider.source.standing = ProviderState::Done;
                }
            }
        }
    }
}

/// Whether the owner of an account places its leads: one whom the roster knows, and whose absence is their team's affair.
fn owner_decides(config: &InForce, owner: &RepId) -> bool {
    let has_home = config.index.reps.get(owner).is_some_and(|entry| entry.team.is_some());
    has_home && config.rubric.ownership().when_away != OwnerAway::Route
}
