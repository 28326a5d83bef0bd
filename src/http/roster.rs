//! Teams and reps over HTTP. What operators write is kept in D1; the pools get it, and KV the index.

use crate::bindings::config;
use crate::bindings::directory::{database, failed, number};
use crate::bindings::objects::{REP_POOL, call};
use crate::bindings::world::World;
use crate::http::body;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::objects::rep_pool::SetStatus;
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::decision::index::{RosterIndex, pool_of};
use lead_router_core::error::Problem;
use lead_router_core::id::{RepId, TeamId};
use lead_router_core::roster::check;
use lead_router_core::roster::model::{Pool, Rep, RepStatus, RepWithState, Team};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use worker::Env;
use worker::wasm_bindgen::JsValue;

/// How often a roster is sent again because somebody else wrote meanwhile. Each writer needs one time at least, and
/// the last one of a crowd at most as many as the crowd has.
const PUBLISH_TRIES: u32 = 20;

/// Every team and rep, as operators wrote them.
#[derive(Debug, Default, PartialEq)]
struct WrittenRow {
    teams: BTreeMap<TeamId, Team>,
    reps: BTreeMap<RepId, Rep>,
}

#[derive(Deserialize)]
struct RosterRow {
    kind: String,
    body: String,
}

async fn written(env: &Env) -> PortResult<WrittenRow> {
    let query = "SELECT 'team' AS kind, body FROM teams UNION ALL SELECT 'rep', body FROM reps";
    let result = database(env)?.prepare(query).all().await.map_err(failed)?;
    let mut written = WrittenRow::default();
    for row in result.results::<RosterRow>().map_err(failed)? {
        if row.kind == "team" {
            let team: Team = serde_json::from_str(&row.body).map_err(failed)?;
            written.teams.insert(team.id.clone(), team);
        } else {
            let rep: Rep = serde_json::from_str(&row.body).map_err(failed)?;
            written.reps.insert(rep.id.clone(), rep);
        }
    }
    Ok(written)
}

/// Everything that is wrong with the roster.
///
/// # Errors
/// When the database fails.
pub async fn problems(env: &Env) -> PortResult<Vec<Problem>> {
    let written = written(env).await?;
    let teams: Vec<Team> = written.teams.values().cloned().collect();
    let reps: Vec<Rep> = written.reps.values().cloned().collect();
    Ok(check::roster(&teams, &reps).into_iter().chain(written.shared()).collect())
}

async fn store<T: serde::Serialize>(world: &World, table: &str, id: &str, value: &T) -> PortResult<()> {
    let body = serde_json::to_string(value).map_err(failed)?;
    let query = format!("INSERT OR REPLACE INTO {table} (id, body, updated_ms) VALUES (?1, ?2, ?3)");
    let bind = [JsValue::from_str(id), JsValue::from_str(&body), number(world.now().as_ms())];
    let statement = database(&world.env)?.prepare(query).bind(&bind).map_err(failed)?;
    statement.run().await.map_err(failed).map(|_| ())
}

impl WrittenRow {
    /// The pool with this name: its teams and all reps whom they name.
    fn pool(&self, name: &str) -> Pool {
        let teams: BTreeMap<TeamId, Team> = self
            .teams
            .iter()
            .filter(|(_, team)| pool_of(team) == name)
            .map(|(id, team)| (id.clone(), team.clone()))
            .collect();
        let named = reps_of(teams.values());
        let reps = self.reps.iter().filter(|(id, _)| named.contains(id)).map(|(id, rep)| (id.clone(), rep.clone()));
        Pool { reps: reps.collect(), teams, states: BTreeMap::new() }
    }

    /// Teams and reps as operators wrote them, as one text.
    fn text(&self) -> PortResult<String> {
        let (teams, reps): (Vec<&Team>, Vec<&Rep>) = (self.teams.values().collect(), self.reps.values().collect());
        serde_json::to_string(&json!({"teams": teams, "reps": reps})).map_err(failed)
    }

    /// What is wrong with one team, seen with all others: members, fallback teams, shared reps.
    fn problems_of(&self, id: &TeamId) -> Vec<Problem> {
        let teams: Vec<Team> = self.teams.values().cloned().collect();
        let reps: Vec<Rep> = self.reps.values().cloned().collect();
        let above = format!("teams.{id}.");
        let of_team = |problem: Problem| {
            let path = problem.path.strip_prefix(&above)?.to_owned();
            Some(Problem { path, ..problem })
        };
        check::roster(&teams, &reps).into_iter().filter_map(of_team).chain(self.shared()).collect()
    }

    /// Names of the pools in which a rep is a member or a manager.
    fn pools_of(&self, rep: &RepId) -> BTreeSet<String> {
        self.teams.values().filter(|team| reps_of([*team]).contains(rep)).map(pool_of).collect()
    }

    /// A rep may be counted in one pool only: two could both hand out the last place below a cap.
    fn shared(&self) -> Vec<Problem> {
        let mut pools: BTreeMap<&RepId, (&TeamId, String)> = BTreeMap::new();
        let mut problems = Vec::new();
        for team in self.teams.values() {
            for member in &team.members {
                let pool = pool_of(team);
                match pools.get(&member.rep_id) {
                    Some((other, theirs)) if *theirs != pool => problems.push(Problem::new(
                        "members",
                        "rep_in_two_pools",
                        format!(
                            "`{}` is a member of `{other}` and `{}`: give both teams the same `pool`",
                            member.rep_id, team.id
                        ),
                    )),
                    Some(_) => {}
                    None => {
                        pools.insert(&member.rep_id, (&team.id, pool));
                    }
                }
            }
        }
        problems
    }
}

fn reps_of<'a>(teams: impl IntoIterator<Item = &'a Team>) -> BTreeSet<&'a RepId> {
    let reps = |team: &'a Team| team.members.iter().map(|member| &member.rep_id).chain(&team.manager_rep_id);
    teams.into_iter().flat_map(reps).collect()
}

/// Sends pools to their objects and publishes the index, as they stand in the database after the write. Somebody
/// else may write at the same time and publish before, with more, so the database is read again at the end: who
/// publishes last has published everything.
async fn publish(world: &World, pools: &BTreeSet<String>, mut moved: Option<&RepId>) -> PortResult<WrittenRow> {
    let env = &world.env;
    let mut now = written(env).await?;
    for _ in 0..PUBLISH_TRIES {
        for name in pools {
            send_pool(env, name, now.pool(name), moved).await?;
        }
        let index = RosterIndex::new(now.teams.values(), now.reps.values());
        config::put_roster(world, &index, now.text()?).await?;
        // Counters move once.
        moved = None;
        let after = written(env).await?;
        if after == now {
            return Ok(now);
        }
        now = after;
    }
    Err(Unavailable::new("roster", "the roster is being written by too many at once"))
}

/// Sends a pool to its object. Only the entry that was written now moves counters; reps whom the pool has already
/// keep the state they have there.
async fn send_pool(env: &Env, name: &str, mut pool: Pool, moved: Option<&RepId>) -> PortResult<()> {
    let before: Pool = call(env, REP_POOL, name, "get", &()).await?;
    for (id, rep) in &mut pool.reps {
        if moved != Some(id) && before.reps.contains_key(id) {
            (rep.open_leads, rep.recent, rep.status) = (None, None, None);
        }
    }
    let _: Vec<Problem> = call(env, REP_POOL, name, "put", &pool).await?;
    Ok(())
}

/// `GET /v1/teams/{id}`.
pub async fn get_team(call: &Call<'_>, id: &str) -> ApiResult {
    let id = TeamId::new(id).map_err(|_| ApiError::not_found("team"))?;
    let written = written(&call.world.env).await?;
    json(200, written.teams.get(&id).ok_or_else(|| ApiError::not_found("team"))?)
}

/// `PUT /v1/teams/{id}`.
pub async fn put_team(call: &mut Call<'_>, id: &str) -> ApiResult {
    let id = TeamId::new(id).map_err(|_| ApiError::not_found("team"))?;
    let mut written = written(&call.world.env).await?;
    let team: Team = entry(call, "id", id.as_str()).await?;
    let before = written.teams.insert(id.clone(), team.clone()).map(|team| pool_of(&team));
    let problems = written.problems_of(&id);
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    store(&call.world, "teams", id.as_str(), &team).await?;
    let pools = before.into_iter().chain([pool_of(&team)]).collect();
    publish(&call.world, &pools, None).await?;
    json(200, &team)
}

/// `GET /v1/reps/{id}`: the entry, and the state as the pool counts it.
pub async fn get_rep(call: &Call<'_>, id: &str) -> ApiResult {
    let id = RepId::new(id).map_err(|_| ApiError::not_found("rep"))?;
    let written = written(&call.world.env).await?;
    let rep = written.reps.get(&id).ok_or_else(|| ApiError::not_found("rep"))?;
    json(200, &with_state(&call.world.env, &written, rep).await?)
}

/// `PUT /v1/reps/{id}`.
pub async fn put_rep(call: &mut Call<'_>, id: &str) -> ApiResult {
    let id = RepId::new(id).map_err(|_| ApiError::not_found("rep"))?;
    let mut written = written(&call.world.env).await?;
    let rep: Rep = entry(call, "id", id.as_str()).await?;
    let problems = check::rep(&rep);
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    written.reps.insert(id.clone(), rep.clone());
    store(&call.world, "reps", id.as_str(), &rep).await?;
    let pools = written.pools_of(&id);
    let written = publish(&call.world, &pools, Some(&id)).await?;
    json(200, &with_state(&call.world.env, &written, &rep).await?)
}

/// `GET /v1/reps/{id}/status`: `{"rep_id": …, "status": "online"}`.
pub async fn get_status(call: &Call<'_>, id: &str) -> ApiResult {
    let id = RepId::new(id).map_err(|_| ApiError::not_found("rep"))?;
    let written = written(&call.world.env).await?;
    status(&call.world.env, &written, &id).await
}

/// `PUT /v1/reps/{id}/status`: `{"status": "online"}`.
pub async fn put_status(call: &mut Call<'_>, id: &str) -> ApiResult {
    let id = RepId::new(id).map_err(|_| ApiError::not_found("rep"))?;
    let written = written(&call.world.env).await?;
    if !written.reps.contains_key(&id) {
        return Err(ApiError::not_found("rep"));
    }
    let body: Value = parse(&body::bytes(&mut call.request).await?)?;
    let to = body.get("status").cloned().and_then(|status| serde_json::from_value::<RepStatus>(status).ok());
    let unknown = || Problem::new("status", "unknown_status", "expected `online`, `away` or `offline`");
    let set = SetStatus { rep_id: id.clone(), status: to.ok_or_else(|| ApiError::invalid(vec![unknown()]))? };
    for pool in written.pools_of(&id) {
        let () = crate::bindings::objects::call(&call.world.env, REP_POOL, &pool, "status", &set).await?;
    }
    status(&call.world.env, &written, &id).await
}

async fn status(env: &Env, written: &WrittenRow, id: &RepId) -> ApiResult {
    let rep = written.reps.get(id).ok_or_else(|| ApiError::not_found("rep"))?;
    let state = with_state(env, written, rep).await?;
    json(200, &json!({"rep_id": id, "status": state.rep.status}))
}

/// `GET /v1/teams`.
pub async fn teams(call: &Call<'_>) -> ApiResult {
    let written = written(&call.world.env).await?;
    json(200, &json!({"teams": written.teams.values().collect::<Vec<_>>()}))
}

/// `GET /v1/reps`.
pub async fn reps(call: &Call<'_>) -> ApiResult {
    let written = written(&call.world.env).await?;
    let mut reps = Vec::new();
    let pools: BTreeSet<String> = written.teams.values().map(pool_of).collect();
    let mut states = BTreeMap::new();
    for pool in &pools {
        let pool: Pool = crate::bindings::objects::call(&call.world.env, REP_POOL, pool, "get", &()).await?;
        states.extend(pool.states);
    }
    for rep in written.reps.values() {
        reps.push(RepWithState::new(rep, states.get(&rep.id).map(AsRef::as_ref)));
    }
    json(200, &json!({"reps": reps}))
}

/// A rep with the state that the pool counts.
async fn with_state(env: &Env, written: &WrittenRow, rep: &Rep) -> PortResult<RepWithState> {
    let mut state = None;
    for pool in written.pools_of(&rep.id) {
        let pool: Pool = crate::bindings::objects::call(env, REP_POOL, pool.as_str(), "get", &()).await?;
        state = state.or_else(|| pool.states.get(&rep.id).cloned());
    }
    Ok(RepWithState::new(rep, state.as_deref()))
}

/// Reads a team or rep from the body; the id may be left out, and must be the one of the path when given.
async fn entry<T: DeserializeOwned>(call: &mut Call<'_>, name: &str, id: &str) -> Result<T, ApiError> {
    let mut value: Value = parse(&body::bytes(&mut call.request).await?)?;
    let Some(map) = value.as_object_mut() else {
        return Err(ApiError::new(400, "not_an_object", "send one JSON object"));
    };
    match map.get(name) {
        None => {
            map.insert(name.to_owned(), json!(id));
        }
        Some(given) if given == id => {}
        Some(_) => {
            let text = "leave it out, or make it the id in the address";
            return Err(ApiError::invalid(vec![Problem::new(name, "id_differs", text)]));
        }
    }
    // Read as text like everywhere else: the readers of teams and reps are in the program once.
    serde_json::from_str(&value.to_string()).map_err(|error| {
        let message = error.to_string();
        let place = message.rfind(" at line ").unwrap_or(message.len());
        ApiError::invalid(vec![Problem::new("body", "wrong_shape", message.get(..place).unwrap_or_default())])
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::new(400, "broken_json", error.to_string()))
}

/// Errors of a pool that cannot be reached are the same 503 as every other.
impl From<&Unavailable> for ApiError {
    fn from(error: &Unavailable) -> Self {
        Self::from(error.clone())
    }
}
