//! What is in force: rubric, roster index and directory version, from KV, kept half a minute in the isolate.
//!
//! KV is a copy. What it has lost is read from D1, which has every version, and copied again; when neither can be read
//! nothing is decided: rules that nobody published must not route a lead.

use crate::bindings::config_versions::{self, Kind, Version};
use crate::bindings::world::World;
use crate::bindings::{platform, settings};
use lead_router_app::ports::{Clock, Config, InForce, PortResult, Unavailable};
use lead_router_core::crm::snapshot::SyncedRange;
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::TeamId;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::check::check;
use lead_router_core::rubric::model::Effect;
use lead_router_core::rubric::read::read;
use lead_router_core::time::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use worker::{Env, KvStore};

/// Binding of the configuration.
const CONFIG: &str = "CONFIG";
/// Key of the rubric in force.
const RUBRIC: &str = "rubric:current";
/// Key of the roster at a glance.
const ROSTER: &str = "roster:index";
/// Key of the version of the account directory.
const DIRECTORY: &str = "directory:version";
/// Key under which KV remembers that it has the settings of every form.
const ALL_FORMS: &str = "forms:all";
/// Key of the rules of notifying.
const NOTIFY: &str = "notify:rules";
/// Key of what all forms ask of those who post.
const FORM_GUARD: &str = "forms:guard";
/// Beginning of the key of the time in which every change in a CRM was taken over; its name follows.
const CRM_HEARD: &str = "crm:heard";
/// Beginning of the key of who can own records in a CRM: ids by work address; its name follows.
const CRM_SELLERS: &str = "crm:sellers";
/// How long an isolate keeps what it read, in milliseconds.
const KEPT_MS: i64 = 30_000;

/// The rubric that is in force until the first one is published. Whether one was is what D1 says, never a KV that is empty.
const SHIPPED: &str = include_str!("../../rubric.json");

thread_local! {
    static KEPT: RefCell<Option<(Timestamp, Rc<InForce>)>> = const { RefCell::new(None) };
}

fn failed(error: impl ToString) -> Unavailable {
    Unavailable::new("kv", error.to_string())
}

/// The store of the configuration.
fn store(env: &Env) -> PortResult<KvStore> {
    env.kv(CONFIG).map_err(failed)
}

async fn text(env: &Env, key: &str) -> PortResult<Option<String>> {
    store(env)?.get(key).text().await.map_err(failed)
}

async fn put_copy(env: &Env, key: &str, value: &str) -> PortResult<()> {
    store(env)?.put(key, value).map_err(failed)?.execute().await.map_err(failed)
}

async fn put(env: &Env, key: &str, value: &str) -> PortResult<()> {
    put_copy(env, key, value).await?;
    KEPT.with_borrow_mut(|kept| *kept = None);
    Ok(())
}

/// What is in force: the copy in KV, else what D1 says, which is copied again. `None` when none was ever published.
async fn copy_or_version(env: &Env, copy: Option<String>, key: &str, kind: Kind) -> PortResult<Option<String>> {
    if copy.is_some() {
        return Ok(copy);
    }
    if text(env, &unpublished(key)).await?.is_some() {
        return Ok(None);
    }
    let Some(Version { body, .. }) = config_versions::in_force(env, kind).await? else {
        // Remembered, so that a deployment that never published one decides while the database is away.
        let _ = put_copy(env, &unpublished(key), "1").await;
        return Ok(None);
    };
    // The next read finds it, or comes here again.
    let _ = put_copy(env, key, &body).await;
    Ok(Some(body))
}

/// Key under which KV remembers that D1 has no version of `key`. It goes before the first one is published.
fn unpublished(key: &str) -> String {
    format!("unpublished:{key}")
}

/// Publishes the first or another version of `key`.
async fn publish(world: &World, key: &str, versions: &[(Kind, Version)]) -> PortResult<()> {
    store(&world.env)?.delete(&unpublished(key)).await.map_err(failed)?;
    config_versions::publish(&world.env, versions, world.now()).await
}

/// Copies what D1 says is in force to KV, where the copy is another one: a publication whose second step failed.
///
/// # Errors
/// [`Unavailable`] when the database or KV fails.
pub async fn copy_in_force(env: &Env) -> PortResult<()> {
    for (key, kind) in [(RUBRIC, Kind::Rubric), (ROSTER, Kind::RosterIndex), (NOTIFY, Kind::NotifyRules)] {
        if let Some(Version { body, .. }) = config_versions::in_force(env, kind).await?
            && text(env, key).await?.as_deref() != Some(body.as_str())
        {
            put(env, key, &body).await?;
        }
    }
    Ok(())
}

/// The roster at a glance with its version.
async fn roster(env: &Env) -> PortResult<(String, RosterIndex)> {
    let copy = text(env, ROSTER).await?;
    roster_of(copy_or_version(env, copy, ROSTER, Kind::RosterIndex).await?.as_deref())
}

/// The roster at a glance, at best in this version: what the isolate keeps when that is the version, otherwise what
/// KV says, and when KV fails what the isolate keeps.
///
/// # Errors
/// [`Unavailable`] when KV fails and the isolate keeps nothing.
pub async fn roster_at(env: &Env, version: &str) -> PortResult<(String, RosterIndex)> {
    let kept = KEPT.with_borrow(|kept| kept.as_ref().map(|(_, kept)| Rc::clone(kept)));
    let entry = |kept: Rc<InForce>| (kept.index_version.clone(), kept.index.clone());
    match kept {
        Some(kept) if kept.index_version == version => Ok(entry(kept)),
        kept => match roster(env).await {
            Ok(fresh) => Ok(fresh),
            Err(error) => kept.map(entry).ok_or(error),
        },
    }
}

fn roster_of(text: Option<&str>) -> PortResult<(String, RosterIndex)> {
    let Some(text) = text else {
        return Ok((String::new(), RosterIndex::default()));
    };
    Ok((version_of(text), serde_json::from_str(text).map_err(failed)?))
}

/// Publishes the roster: at a glance for decisions, and `written` as operators wrote it for replay.
///
/// # Errors
/// [`Unavailable`] when the database or KV fails.
pub async fn put_roster(world: &World, index: &RosterIndex, written: String) -> PortResult<()> {
    let text = serde_json::to_string(index).map_err(failed)?;
    let versions = [
        (Kind::RosterIndex, Version { version: version_of(&text), body: text.clone() }),
        (Kind::Roster, Version { version: version_of(&written), body: written }),
    ];
    publish(world, ROSTER, &versions).await?;
    put(&world.env, ROSTER, &text).await?;
    // From here on leads are decided: what else they need is in KV before the database can be away.
    let _ = (rubric_text(&world.env).await, notify_rules(&world.env).await);
    Ok(())
}

/// Publishes a checked rubric.
///
/// # Errors
/// [`Unavailable`] when the database or KV fails.
pub async fn put_rubric(world: &World, version: &str, text: &str) -> PortResult<()> {
    let published = Version { version: version.to_owned(), body: text.to_owned() };
    publish(world, RUBRIC, &[(Kind::Rubric, published)]).await?;
    put(&world.env, RUBRIC, text).await
}

fn version_of(text: &str) -> String {
    sha256_hex(text.as_bytes()).chars().take(16).collect()
}

/// The rubric in force as it was written.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn rubric_text(env: &Env) -> PortResult<String> {
    let copy = text(env, RUBRIC).await?;
    let published = copy_or_version(env, copy, RUBRIC, Kind::Rubric).await?;
    Ok(published.unwrap_or_else(|| SHIPPED.to_owned()))
}

/// The settings in force of a form as they were written, if it has any.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn form_text(env: &Env, id: &str) -> PortResult<Option<String>> {
    platform::kv(env, CONFIG, &format!("form:{id}")).await
}

/// Whether KV has the settings of every form: then a form that it lacks has none.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn has_all_forms(env: &Env) -> PortResult<bool> {
    Ok(platform::kv(env, CONFIG, ALL_FORMS).await?.is_some())
}

/// Says that KV has the settings of every form.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_all_forms(env: &Env) -> PortResult<()> {
    put_copy(env, ALL_FORMS, "1").await
}

/// Puts settings of a form in force.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_form(env: &Env, id: &str, text: &str) -> PortResult<()> {
    store(env)?.put(&format!("form:{id}"), text).map_err(failed)?.execute().await.map_err(failed)
}

/// The settings of a sender as an operator wrote them, if there are any.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn sender_text(env: &Env, id: &str) -> PortResult<Option<String>> {
    platform::kv(env, CONFIG, &format!("sender:{id}")).await
}

/// Puts settings of a sender in force.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_sender(env: &Env, id: &str, text: &str) -> PortResult<()> {
    store(env)?.put(&format!("sender:{id}"), text).map_err(failed)?.execute().await.map_err(failed)
}

/// What all forms ask of those who post, as it was written.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn form_guard(env: &Env) -> PortResult<Option<String>> {
    platform::kv(env, CONFIG, FORM_GUARD).await
}

/// Puts in force what all forms ask of those who post.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_form_guard(env: &Env, text: &str) -> PortResult<()> {
    store(env)?.put(FORM_GUARD, text).map_err(failed)?.execute().await.map_err(failed)
}

/// The rules of notifying in force as they were written, if there are any.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn notify_rules(env: &Env) -> PortResult<Option<String>> {
    let copy = platform::kv(env, CONFIG, NOTIFY).await?;
    copy_or_version(env, copy, NOTIFY, Kind::NotifyRules).await
}

/// Puts rules of notifying in force.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_notify_rules(world: &World, text: &str) -> PortResult<()> {
    let published = Version { version: version_of(text), body: text.to_owned() };
    publish(world, NOTIFY, &[(Kind::NotifyRules, published)]).await?;
    put_copy(&world.env, NOTIFY, text).await
}

/// Says that the directory changed: cached answers of it are stale from here on.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn touch_directory(env: &Env, version: &str) -> PortResult<()> {
    put(env, DIRECTORY, version).await
}

/// A key of the connected CRM: what was read of another says nothing.
fn of_crm(env: &Env, beginning: &str) -> String {
    format!("{beginning}:{}", settings::crm(env))
}

/// Says until when changes in the CRM were taken over.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_crm_synced_range(env: &Env, heard: SyncedRange) -> PortResult<()> {
    put(env, &of_crm(env, CRM_HEARD), &serde_json::to_string(&heard).map_err(failed)?).await
}

/// Says who can own records in the CRM: ids by work address.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn put_crm_users(env: &Env, crm_users: &BTreeMap<String, String>) -> PortResult<()> {
    let text = serde_json::to_string(crm_users).map_err(failed)?;
    // Written only when it changes: KV counts writes, and the cron comes every hour.
    let key = of_crm(env, CRM_SELLERS);
    if self::text(env, &key).await?.as_deref() == Some(text.as_str()) { Ok(()) } else { put(env, &key, &text).await }
}

/// The work address of an owner in the CRM; `None` when they are not known, or left.
///
/// # Errors
/// [`Unavailable`] when KV fails.
pub async fn crm_user(env: &Env, owner_id: &str) -> PortResult<Option<String>> {
    let text = self::text(env, &of_crm(env, CRM_SELLERS)).await?;
    let crm_users: BTreeMap<String, String> =
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(crm_users.into_iter().find(|(_, id)| id == owner_id).map(|(email, _)| email))
}

/// A rubric from its text. What is published was checked; the shipped one is checked by a test.
fn rubric(text: &str) -> PortResult<Rubric> {
    let file = read(text).map_err(|_| Unavailable::new("rubric", "the rubric in force cannot be read"))?;
    check(&file).map_err(|_| Unavailable::new("rubric", "the rubric in force does not pass its check"))
}

impl Config for World {
    async fn current(&self) -> PortResult<Rc<InForce>> {
        let now = self.now();
        let kept = KEPT.with_borrow(|kept| kept.clone());
        if let Some((at, kept)) = &kept
            && now.ms_since(*at) < KEPT_MS
        {
            return Ok(Rc::clone(kept));
        }
        match self.load().await {
            Ok(fresh) => {
                let fresh = Rc::new(fresh);
                KEPT.with_borrow_mut(|kept| *kept = Some((now, Rc::clone(&fresh))));
                Ok(fresh)
            }
            // The last good copy is better than no answer.
            Err(error) => kept.map(|(_, kept)| kept).ok_or(error),
        }
    }
}

impl World {
    async fn load(&self) -> PortResult<InForce> {
        let (heard, crm_users) = (of_crm(&self.env, CRM_HEARD), of_crm(&self.env, CRM_SELLERS));
        let keys = [RUBRIC, ROSTER, DIRECTORY, &heard, &crm_users];
        let mut values = store(&self.env)?.get_bulk(&keys).text().await.map_err(failed)?;
        let mut take = |key: &str| values.remove(key).flatten();
        let published = copy_or_version(&self.env, take(RUBRIC), RUBRIC, Kind::Rubric).await?;
        let rubric = rubric(published.as_deref().unwrap_or(SHIPPED))?;
        let at_a_glance = copy_or_version(&self.env, take(ROSTER), ROSTER, Kind::RosterIndex).await?;
        let (index_version, mut index) = roster_of(at_a_glance.as_deref())?;
        // What the cron wrote in another version is none: the CRM is asked.
        let crm_heard = take(&heard).and_then(|text| serde_json::from_str(&text).ok());
        let crm_users = take(&crm_users).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        index.fill_crm_ids(settings::crm(&self.env), &crm_users);
        Ok(InForce { rubric, index, index_version, directory_version: take(DIRECTORY).unwrap_or_default(), crm_heard })
    }
}

/// Teams that a rubric names and the roster does not have.
pub fn missing_teams(rubric: &Rubric, index: &RosterIndex) -> BTreeSet<TeamId> {
    let placed = rubric.overrides().iter().filter_map(|line| match &line.effect {
        Effect::Place { team, .. } => team.as_ref(),
        Effect::Reject => None,
    });
    let named = placed.chain(rubric.routes().iter().map(|route| &route.team)).chain([rubric.fallback_team()]);
    named.filter(|team| !index.teams.contains_key(team)).cloned().collect()
}
