//! Drives the waterfall for one lead: cache first, then the directory and the providers, under one deadline.

use super::intake::World;
use crate::domain::desk::{keyed_hash, sha256_hex};
use crate::domain::directory::{DIRECTORY, DirectoryRow};
use crate::domain::facts::{Fact, Facts, Field};
use crate::domain::id::{ProviderId, RepId};
use crate::domain::lead::Lead;
use crate::domain::normalize::company_key;
use crate::domain::provider::merge::Facted;
use crate::domain::provider::{Contact, Description, Kind, build, merge_readings, shipped};
use crate::domain::route::attempts::Owner;
use crate::domain::route::decision::{CacheUse, EnrichmentSummary, ProviderCall};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::domain::waterfall::{self, Source, Standing, Step};
use crate::ports::messages::{LookUp, LookedUp, NOT_ASKED};
use crate::ports::{CacheEntry, CachedReading, InForce};
use futures_util::future::join_all;
use std::collections::BTreeMap;

/// How long an answer of the directory is kept; an import makes it stale at once.
const DIRECTORY_MS: i64 = DAY_MS;

/// A cache entry to write after the answer.
#[derive(Debug, Clone)]
pub struct CachePut {
    /// The key.
    pub key: String,
    /// The entry.
    pub entry: CacheEntry,
}

/// What enrichment found.
#[derive(Debug)]
pub struct Known {
    /// Everything that is known.
    pub facts: Facts,
    /// Owner of the account according to the directory.
    pub owner: Option<Owner>,
    /// What it took.
    pub summary: EnrichmentSummary,
    /// Cache entries to write.
    pub later: Vec<CachePut>,
}

/// One provider of the run.
struct Provider<'a> {
    source: Source,
    /// `None` for the directory.
    http: Option<(&'a Description, String, String)>,
}

/// Enrichment of one lead.
pub struct Run<'a, W> {
    world: &'a W,
    config: &'a InForce,
    person_key: &'a [u8],
    started_at: Timestamp,
    stated: Facts,
    contact: Contact,
    readings: Vec<Facted>,
    facts: Facts,
    owner: Option<Owner>,
    providers: Vec<Provider<'a>>,
    entries: BTreeMap<String, CacheEntry>,
    changed: Vec<String>,
    summary: EnrichmentSummary,
    from_cache: u32,
    person: String,
}

/// What a question to a provider came to.
struct Reply {
    id: ProviderId,
    looked_up: LookedUp,
    ms: u32,
}

impl<'a, W: World> Run<'a, W> {
    /// Begins with what the lead says and what the cache knows.
    pub async fn start(world: &'a W, config: &'a InForce, lead: &Lead, person_key: &'a [u8], now: Timestamp) -> Self {
        let mut run = Self {
            world,
            config,
            person_key,
            started_at: now,
            stated: lead.facts(),
            contact: lead.contact(),
            readings: Vec::new(),
            facts: lead.facts(),
            owner: None,
            providers: providers(world, config),
            entries: BTreeMap::new(),
            changed: Vec::new(),
            summary: EnrichmentSummary::default(),
            from_cache: 0,
            person: profile(lead).unwrap_or(lead.person_key()).to_owned(),
        };
        run.read_cache().await;
        run
    }

    /// Whether the decision can be made with what is known: no provider has to be waited for.
    pub fn is_over(&self) -> bool {
        matches!(self.next(), Step::Stop { .. })
    }

    /// Asks until the decision stands, nobody is left, or the deadline has passed.
    pub async fn finish(mut self) -> Known {
        let deadline = self.started_at.plus_ms(i64::from(self.config.rubric.enrichment().deadline_ms));
        let stopped = loop {
            match self.next() {
                Step::Stop { reason, saved } => {
                    self.summary.providers_saved = saved;
                    break reason;
                }
                Step::Ask(ids) => {
                    let left_ms = deadline.ms_since(self.world.now());
                    let Some(left_ms) = u32::try_from(left_ms).ok().filter(|left_ms| *left_ms > 0) else {
                        break "deadline".to_owned();
                    };
                    self.ask(&ids, left_ms).await;
                    self.read_cache().await;
                }
            }
        };
        self.known(stopped)
    }

    fn next(&self) -> Step {
        let sources: Vec<Source> = self.providers.iter().map(|provider| provider.source.clone()).collect();
        waterfall::next(&self.config.rubric, &self.facts, &sources, self.started_at)
    }

    fn known(mut self, stopped: String) -> Known {
        let asked = u32::try_from(self.summary.calls.len()).unwrap_or(u32::MAX);
        self.summary.cache = match (self.from_cache, asked) {
            (_, 0) => CacheUse::Hit,
            (0, _) => CacheUse::Miss,
            (_, _) => CacheUse::Partial,
        };
        self.summary.stopped = stopped;
        self.summary.ms = u32::try_from(self.world.now().ms_since(self.started_at)).unwrap_or(0);
        let entries = &self.entries;
        let later = self
            .changed
            .iter()
            .filter_map(|key| entries.get(key).map(|entry| CachePut { key: key.clone(), entry: entry.clone() }));
        Known { later: later.collect(), facts: self.facts, owner: self.owner, summary: self.summary }
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
        for place in 0..self.providers.len() {
            let Some(provider) = self.providers.get(place) else { continue };
            let id = provider.source.id.clone();
            let Some(key) = self.key(provider) else { continue };
            if provider.source.standing == Standing::Done {
                continue;
            }
            let reading = self.entries.get(&key).and_then(|entry| entry.get(id.as_str())).filter(|reading| {
                reading.until > self.started_at
                    && (id.as_str() != DIRECTORY || reading.version == self.config.directory_version)
            });
            if let Some(reading) = reading.cloned() {
                self.from_cache = self.from_cache.saturating_add(1);
                self.done(&id);
                self.apply(&reading);
            }
        }
    }

    /// Which providers can be asked with what is known.
    fn stand(&mut self) {
        let (facts, contact) = (&self.facts, &self.contact);
        for provider in &mut self.providers {
            if provider.source.standing != Standing::Done {
                let ready = match &provider.http {
                    None => directory_subject(facts).is_some(),
                    Some((description, base_url, key)) => build(description, facts, contact, base_url, key).is_some(),
                };
                provider.source.standing = if ready { Standing::Ready } else { Standing::Waiting };
            }
        }
    }

    /// Cache keys of the subjects of providers that have not answered.
    fn keys(&self) -> Vec<String> {
        let open = self.providers.iter().filter(|provider| provider.source.standing == Standing::Ready);
        let mut keys: Vec<String> = open.filter_map(|provider| self.key(provider)).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Cache key of what a provider is asked about. A person is named by a keyed hash, never by an address.
    fn key(&self, provider: &Provider<'_>) -> Option<String> {
        let domain = self.facts.text(Field::CompanyDomain).map(|domain| format!("company:{domain}"));
        match &provider.http {
            None => domain
                .or_else(|| directory_subject(&self.facts).and_then(|(_, name)| name.map(|n| format!("name:{n}")))),
            Some((description, ..)) => match description.kind {
                Kind::Company => domain,
                Kind::Person => Some(format!("person:{}", keyed_hash(self.person_key, "facts", &self.person))),
            },
        }
    }

    fn done(&mut self, id: &ProviderId) {
        for provider in &mut self.providers {
            if provider.source.id == *id {
                provider.source.standing = Standing::Done;
            }
        }
    }

    /// Asks some providers at the same time and applies what they say, in the order of the stages.
    async fn ask(&mut self, ids: &[ProviderId], left_ms: u32) {
        let asked = self.providers.iter().filter(|provider| ids.contains(&provider.source.id));
        let replies = join_all(asked.map(|provider| self.ask_one(provider, left_ms))).await;
        for (reply, key) in replies {
            self.done(&reply.id);
            let was_called = reply.looked_up.was_called();
            if let Some(reading) = reply.looked_up.reading {
                self.apply(&reading);
                if let Some(key) = key {
                    self.entries.entry(key.clone()).or_default().insert(reply.id.to_string(), reading);
                    if !self.changed.contains(&key) {
                        self.changed.push(key);
                    }
                }
            }
            if was_called && reply.id.as_str() != DIRECTORY {
                self.summary.providers_called = self.summary.providers_called.saturating_add(1);
            }
            self.summary.calls.push(ProviderCall {
                provider: reply.id.to_string(),
                result: if reply.looked_up.shared {
                    format!("{}_shared", reply.looked_up.result)
                } else {
                    reply.looked_up.result
                },
                ms: reply.ms,
            });
        }
    }

    async fn ask_one(&self, provider: &Provider<'_>, left_ms: u32) -> (Reply, Option<String>) {
        let before = self.world.now();
        let looked_up = match &provider.http {
            None => self.ask_directory().await,
            Some((description, ..)) => {
                // A provider that works on a question takes several calls, each with its own limit.
                let is_polled = description.poll().is_some();
                let wait_ms = if is_polled { left_ms } else { description.timeout_ms.min(left_ms) };
                self.ask_http(&provider.source.id, self.key(provider), wait_ms).await
            }
        };
        let ms = u32::try_from(self.world.now().ms_since(before)).unwrap_or(0);
        (Reply { id: provider.source.id.clone(), looked_up, ms }, self.key(provider))
    }

    async fn ask_directory(&self) -> LookedUp {
        let Some((domain, name)) = directory_subject(&self.facts) else {
            return LookedUp::failed(NOT_ASKED);
        };
        match self.world.find(domain.as_deref(), name.as_deref()).await {
            Ok(row) => {
                let result = if row.is_some() { "found" } else { "not_found" };
                let reading = Some(self.directory_reading(row.as_ref()));
                LookedUp { reading, result: result.to_owned(), shared: false }
            }
            Err(_) => LookedUp::failed("unavailable"),
        }
    }

    fn directory_reading(&self, row: Option<&DirectoryRow>) -> CachedReading {
        let facts = row.map(|row| row.facts(self.started_at)).unwrap_or_default();
        CachedReading {
            facts: facts.into_iter().map(|(field, fact)| (field.path().to_owned(), fact)).collect(),
            owner_rep_id: row.and_then(|row| row.owner_rep_id.as_ref().map(ToString::to_string)),
            until: self.started_at.plus_ms(DIRECTORY_MS),
            version: self.config.directory_version.clone(),
        }
    }

    /// Asks through the object that has all questions about a subject, so that leads of one company ask once.
    async fn ask_http(&self, provider: &ProviderId, subject: Option<String>, left_ms: u32) -> LookedUp {
        let subject = match subject {
            Some(subject) => subject,
            None => format!("facts:{}", sha256_hex(&serde_json::to_vec(&self.facts).unwrap_or_default())),
        };
        let (facts, contact) = (self.facts.clone(), self.contact.clone());
        let question = LookUp { subject, provider: provider.clone(), facts, contact, wait_ms: left_ms };
        let looked_up = self.world.look_up(&question).await;
        looked_up.unwrap_or_else(|_| LookedUp::failed("unavailable"))
    }

    fn apply(&mut self, reading: &CachedReading) {
        let fact = |(path, fact): (&String, &Fact)| Field::from_path(path).map(|field| (field, fact.clone()));
        self.readings.push(reading.facts.iter().filter_map(fact).collect());
        self.facts = merge_readings(&self.stated, &self.readings);
        if let Some(rep_id) = reading.owner_rep_id.as_deref().and_then(|rep| RepId::new(rep).ok()) {
            self.owner = Some(Owner { rep_id, source: DIRECTORY.to_owned() });
        }
    }
}

/// The person's profile, by which providers know them better than by an address.
fn profile(lead: &Lead) -> Option<&str> {
    lead.linkedin.as_ref().and_then(|profile| profile.normal.as_deref())
}

/// Domain, or name key, under which the directory may know the company.
fn directory_subject(facts: &Facts) -> Option<(Option<String>, Option<String>)> {
    let domain = facts.text(Field::CompanyDomain).map(str::to_owned);
    let name = facts.text(Field::LeadCompany).and_then(company_key);
    (domain.is_some() || name.is_some()).then_some((domain, name))
}

/// The providers of the rubric's stages that are set up: the directory always, the others with a key.
fn providers<'a, W: World>(world: &W, config: &'a InForce) -> Vec<Provider<'a>> {
    let mut providers = Vec::new();
    for (stage, ids) in config.rubric.enrichment().stages.iter().enumerate() {
        for id in ids {
            let Ok(provider_id) = ProviderId::new(id) else { continue };
            let source = |fills| Source {
                id: provider_id.clone(),
                stage,
                first_party: id == DIRECTORY,
                fills,
                standing: Standing::Waiting,
            };
            if id == DIRECTORY {
                let fills = DirectoryRow::FILLS;
                providers.push(Provider { source: source(fills), http: None });
            } else if let Some(description) = shipped::find(id)
                && let Some(key) = world.setting(&description.key_setting)
            {
                let base_url =
                    world.setting(&description.base_url_setting).unwrap_or_else(|| description.base_url.clone());
                let fills = description.fills();
                providers.push(Provider { source: source(fills), http: Some((description, base_url, key)) });
            }
        }
    }
    providers
}
