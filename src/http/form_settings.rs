//! Settings of forms: D1 keeps what operators wrote, KV what is in force, the isolate what it read for half a minute.

use crate::bindings::config;
use crate::bindings::directory::{database, failed, number};
use crate::bindings::settings::setting;
use crate::bindings::world::World;
use crate::http::body;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use futures_util::future::join;
use lead_router_app::intake::turnstile::SECRET;
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::error::Problem;
use lead_router_core::form::{Form, FormId, Guard, UnknownForms, read, with_defaults};
use lead_router_core::id::ID_BYTES_MAX;
use lead_router_core::limits::{FORM_BYTES_MAX, FORMS_MAX};
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::wasm_bindgen::JsValue;

/// How long an isolate keeps what it read, in milliseconds.
const KEPT_MS: i64 = 30_000;
/// Most forms that an isolate keeps. Ids come from addresses that anybody can ask for, so the store starts anew then.
const KEPT_MAX: usize = 256;

type Kept = BTreeMap<FormId, (Timestamp, Option<Rc<Form>>)>;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(BTreeMap::new()) };
}

#[derive(Deserialize)]
struct FormRow {
    id: String,
    body: String,
}

/// A form that a stranger posts to.
pub struct PublicForm {
    /// Its id.
    pub id: FormId,
    /// Its settings.
    pub settings: Rc<Form>,
    is_set_up: bool,
}

impl PublicForm {
    /// What its posts are counted under. Forms that nobody set up are counted together: an id is made up in no time.
    pub fn counted_as(&self) -> &str {
        if self.is_set_up { self.id.as_str() } else { FormId::DEFAULT }
    }
}

/// The settings in force of a form that a stranger posts to; `None` when there is no such form, or the deployment takes
/// none that nobody set up.
///
/// # Errors
/// [`Unavailable`] when KV fails and the isolate keeps nothing: settings decide who may post.
pub async fn public(world: &World, id: FormId, unknown: UnknownForms) -> PortResult<Option<PublicForm>> {
    if id.is_reserved() {
        return Ok(None);
    }
    Ok(match in_force(world, &id).await? {
        Some(settings) => Some(PublicForm { id, settings, is_set_up: true }),
        None if unknown == UnknownForms::Refuse => None,
        None => Some(PublicForm { id, settings: unknown_form(world).await?, is_set_up: false }),
    })
}

/// The settings in force of a form; `None` when it has none of its own.
///
/// # Errors
/// As [`public`].
pub async fn in_force(world: &World, id: &FormId) -> PortResult<Option<Rc<Form>>> {
    kept(world, id, async {
        let (own, defaults) = join(text(world, id.as_str()), defaults(world)).await;
        let Some(own) = own? else { return Ok(None) };
        read(&with_defaults(&own, &defaults?)).map(Some).map_err(|_| unreadable())
    })
    .await
}

/// The settings of every form that has none: the defaults, as strict as the strictest form.
async fn unknown_form(world: &World) -> PortResult<Rc<Form>> {
    let Some(id) = FormId::new(FormId::DEFAULT) else { return Ok(Rc::default()) };
    let form = kept(world, &id, async {
        let (defaults, guard) = join(defaults(world), config::form_guard(&world.env)).await;
        let form = read(&defaults?).map_err(|_| unreadable())?;
        let guard = match guard? {
            Some(text) => serde_json::from_str(&text).map_err(|_| unreadable())?,
            None => guard_of_all(world).await?,
        };
        Ok(Some(guard.over(form)))
    });
    Ok(form.await?.unwrap_or_default())
}

/// The settings that hold for every form that does not say otherwise, as they were written.
async fn defaults(world: &World) -> PortResult<String> {
    Ok(text(world, FormId::DEFAULT).await?.unwrap_or_else(|| "{}".to_owned()))
}

/// The settings of a form as they were written: of KV, which is a copy, else of the database. A KV that is empty must not
/// open a door that an operator closed.
async fn text(world: &World, id: &str) -> PortResult<Option<String>> {
    let copy = config::form_text(&world.env, id).await?;
    if copy.is_some() || config::has_all_forms(&world.env).await? {
        return Ok(copy);
    }
    let rows = rows(world, None).await?;
    for row in &rows {
        config::put_form(&world.env, &row.id, &row.body).await?;
    }
    config::put_all_forms(&world.env).await?;
    Ok(rows.into_iter().find(|row| row.id == id).map(|row| row.body))
}

/// What all forms ask of those who post, from the database.
async fn guard_of_all(world: &World) -> PortResult<Guard> {
    let forms: Vec<Form> = rows(world, None).await?.iter().filter_map(|row| read(&row.body).ok()).collect();
    Ok(Guard::of(&forms))
}

/// What the isolate keeps of a form, while it is fresh; otherwise what `load` reads.
async fn kept(
    world: &World,
    id: &FormId,
    load: impl Future<Output = PortResult<Option<Form>>>,
) -> PortResult<Option<Rc<Form>>> {
    let now = world.now();
    let kept = KEPT.with_borrow(|kept| kept.get(id).cloned());
    if let Some((at, form)) = &kept
        && now.ms_since(*at) < KEPT_MS
    {
        return Ok(form.clone());
    }
    let form = match load.await {
        Ok(form) => form.map(Rc::new),
        // The last good copy is better than no answer.
        Err(error) => return kept.map(|(_, form)| form).ok_or(error),
    };
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(id.clone(), (now, form.clone()));
    });
    Ok(form)
}

fn unreadable() -> Unavailable {
    Unavailable::new("form", "the settings in force cannot be read")
}

fn shown(row: &FormRow) -> Option<Value> {
    let mut form: Value = serde_json::from_str(&row.body).ok()?;
    form.as_object_mut()?.insert("id".to_owned(), row.id.as_str().into());
    Some(form)
}

async fn rows(world: &World, id: Option<&str>) -> PortResult<Vec<FormRow>> {
    let query = format!("SELECT id, body FROM forms WHERE ?1 IS NULL OR id = ?1 ORDER BY id LIMIT {FORMS_MAX}");
    let id = id.map_or(JsValue::NULL, JsValue::from_str);
    let statement = database(&world.env)?.prepare(query).bind(&[id]).map_err(failed)?;
    statement.all().await.map_err(failed)?.results().map_err(failed)
}

/// `GET /v1/forms`: every form with settings.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let forms: Vec<Value> = rows(&call.world, None).await?.iter().filter_map(shown).collect();
    json(200, &json!({"forms": forms}))
}

/// `GET /v1/forms/{id}`: the settings of a form.
pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let id = FormId::new(id).ok_or_else(|| ApiError::not_found("form"))?;
    let rows = rows(&call.world, Some(id.as_str())).await?;
    let form = rows.first().and_then(shown).ok_or_else(|| ApiError::not_found("form"))?;
    json(200, &form)
}

/// `PUT /v1/forms/{id}`: the settings of a form, checked, and in force within half a minute everywhere.
pub async fn put(call: &mut Call<'_>, id: &str) -> ApiResult {
    let is_writable = |id: &FormId| !id.is_reserved() || id.as_str() == FormId::DEFAULT;
    let Some(id) = FormId::new(id).filter(is_writable) else {
        let message = format!(
            "expected 1 to {ID_BYTES_MAX} characters of a-z, 0-9, `_`, `-` or `.`, the first of them no `_`; \
             `{}` is what holds for every form",
            FormId::DEFAULT
        );
        return Err(ApiError::invalid(vec![Problem::new("id", "invalid_id", message)]));
    };
    let id = id.as_str();
    let bytes = body::bytes_up_to(&mut call.request, FORM_BYTES_MAX).await?;
    let text = String::from_utf8(bytes).map_err(|_| ApiError::new(400, "bad_encoding", "send UTF-8"))?;
    let (text, mut problems) = (without_id(&text, id)?, Vec::new());
    match read(&text) {
        Ok(form) if form.turnstile && setting(&call.world.env, SECRET).is_none() => {
            let message = format!("first run `wrangler secret put {SECRET}`");
            problems.push(Problem::new("turnstile", "missing_secret", message));
        }
        Ok(_) => {}
        Err(found) => problems = found,
    }
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    store(&call.world, id, &text).await?;
    json(200, &shown(&FormRow { id: id.to_owned(), body: text }))
}

/// The text without the `id` that an answer of ours has.
///
/// # Errors
/// 422 for the id of another form or sender.
pub fn without_id(text: &str, id: &str) -> Result<String, ApiError> {
    let Ok(mut form) = serde_json::from_str::<Value>(text) else { return Ok(text.to_owned()) };
    match form.as_object_mut().and_then(|map| map.remove("id")) {
        None => Ok(text.to_owned()),
        Some(Value::String(named)) if FormId::new(&named).is_some_and(|named| named.as_str() == id) => {
            Ok(form.to_string())
        }
        Some(_) => {
            let problem = Problem::new("id", "other_id", "the address names another one; leave `id` out");
            Err(ApiError::invalid(vec![problem]))
        }
    }
}

/// First what operators read, then what is in force: when the second fails, putting again mends it.
async fn store(world: &World, id: &str, text: &str) -> Result<(), ApiError> {
    let query = "INSERT OR REPLACE INTO forms (id, body, updated_ms) \
        SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM forms WHERE id <> ?1) < ?4 RETURNING id, body";
    let most = i64::try_from(FORMS_MAX).unwrap_or(i64::MAX);
    let bind = [JsValue::from_str(id), JsValue::from_str(text), number(world.now().as_ms()), number(most)];
    let statement = database(&world.env)?.prepare(query).bind(&bind).map_err(failed)?;
    if statement.first::<FormRow>(None).await.map_err(failed)?.is_none() {
        let message = format!("there are {FORMS_MAX} forms with settings already");
        return Err(ApiError::new(422, "too_many_forms", message));
    }
    config::put_form(&world.env, id, text).await?;
    let guard = serde_json::to_string(&guard_of_all(world).await?).map_err(failed)?;
    config::put_form_guard(&world.env, &guard).await?;
    // The defaults are part of every form, and the guard of every unknown one.
    KEPT.with_borrow_mut(BTreeMap::clear);
    Ok(())
}
