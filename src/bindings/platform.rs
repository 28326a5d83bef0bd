//! The effects that every lead has, behind `platform.js`: one crossing between wasm and JavaScript each, where the
//! `worker` crate makes five to thirty. And pages of websites, behind `page.js`.

use lead_router_app::ports::{PageAnswer, PortResult, Unavailable};
use lead_router_core::enrichment::website::{PageAddress, USER_AGENT};
use lead_router_core::http::HttpRequest;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use worker::durable::State;
use worker::js_sys::Error;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Env, wasm_bindgen, wasm_bindgen_futures};

#[wasm_bindgen(module = "/src/bindings/platform.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = askObject)]
    async fn ask_object(
        env: &Env,
        binding: &str,
        name: &str,
        question: &str,
        body: &str,
        timeout_ms: u32,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = storageOf)]
    fn storage_of(state: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = sqlOf)]
    fn sql_of(storage: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    fn transact(storage: &JsValue, run: &mut dyn FnMut() -> bool) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = sqlRows)]
    fn sql_rows(sql: &JsValue, query: &str, values: &str) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = sqlRun)]
    fn sql_run(sql: &JsValue, query: &str, values: &str, text: Option<&str>) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = signRs256)]
    async fn sign_text(key: &str, text: &str) -> Result<JsValue, JsValue>;
    type Sending;
    #[wasm_bindgen(constructor)]
    fn new(url: &str, method: &str, headers: &str, body: Option<&str>, timeout_ms: u32, bytes_max: u32) -> Sending;
    #[wasm_bindgen(method, catch)]
    async fn answer(this: &Sending) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    fn end(this: &Sending);
    #[wasm_bindgen(catch, js_name = isWithin)]
    async fn is_within_limit(env: &Env, binding: &str, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = sendMail)]
    async fn send_mail(env: &Env, binding: &str, mail: &str, timeout_ms: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = hasBinding)]
    fn has_binding(env: &Env, binding: &str) -> bool;
    #[wasm_bindgen(catch, js_name = kvText)]
    async fn kv_text(env: &Env, binding: &str, key: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/bindings/page.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetchPage)]
    async fn fetch_page(
        url: &str,
        page_url: &str,
        user_agent: &str,
        timeout_ms: u32,
        bytes_max: u32,
    ) -> Result<JsValue, JsValue>;
}

fn failed(port: &'static str, thrown: &JsValue) -> Unavailable {
    let message = thrown.dyn_ref::<Error>().map_or_else(|| format!("{thrown:?}"), |error| error.message().into());
    Unavailable::new(port, message)
}

/// A number drawn evenly from all there are, for pauses and places in line; nothing secret.
pub fn chance() -> u16 {
    // The lowest bits of a fraction of 52: all values are equally likely.
    let [low, high, ..] = worker::js_sys::Math::random().to_bits().to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Asks the Durable Object `name` of a binding; its answer as text.
///
/// # Errors
/// [`Unavailable`] with what the object or the platform says.
pub async fn ask(
    env: &Env,
    (binding, port): (&str, &'static str),
    name: &str,
    question: &str,
    body: &str,
    timeout_ms: u32,
) -> PortResult<String> {
    let answer = ask_object(env, binding, name, question, body, timeout_ms).await;
    let answer = answer.map_err(|thrown| failed(port, &thrown))?;
    answer.as_string().ok_or_else(|| Unavailable::new(port, "the answer is no text"))
}

/// A request under way, which ends when nobody waits for it any more: the platform opens six connections at a time.
struct EndOnDrop(Sending);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Sends a request to a provider: status and `Retry-After` on the first line, then the body.
///
/// # Errors
/// [`Unavailable`] with the detail `timeout`, `too_large`, or what broke.
pub async fn fetch(request: &HttpRequest, timeout_ms: u32, bytes_max: u32) -> PortResult<String> {
    let headers: BTreeMap<&str, &str> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let headers = serde_json::to_string(&headers).unwrap_or_default();
    let method = request.method.as_str();
    let body = request.body.as_deref();
    let sending = EndOnDrop(Sending::new(&request.url, method, &headers, body, timeout_ms, bytes_max));
    let answer = sending.0.answer().await.map_err(|thrown| failed("http", &thrown))?;
    answer.as_string().ok_or_else(|| Unavailable::new("http", "the answer is no text"))
}

/// The `RS256` signature of a text in base64url, by a PKCS#8 private key in base64.
///
/// # Errors
/// [`Unavailable`] when the key is none.
pub async fn sign_rs256(key: &str, text: &str) -> PortResult<String> {
    let signature = sign_text(key, text).await.map_err(|thrown| failed("signer", &thrown))?;
    signature.as_string().ok_or_else(|| Unavailable::new("signer", "the signature is no text"))
}

/// Reads a page of a website, up to so many bytes.
///
/// # Errors
/// [`Unavailable`] with the detail `timeout`, or what broke.
pub async fn page(address: &PageAddress, timeout_ms: u32, bytes_max: u32) -> PortResult<PageAnswer> {
    let answer = fetch_page(&address.fetch_url, &address.url, USER_AGENT, timeout_ms, bytes_max).await;
    let answer = answer.map_err(|thrown| failed("http", &thrown))?;
    let answer = answer.as_string().ok_or_else(|| Unavailable::new("http", "the answer is no text"))?;
    serde_json::from_str(&answer).map_err(|error| Unavailable::new("http", error.to_string()))
}

/// The text under a key of a KV namespace, if there is one.
///
/// # Errors
/// [`Unavailable`] when the namespace cannot be read.
pub async fn kv(env: &Env, binding: &str, key: &str) -> PortResult<Option<String>> {
    kv_text(env, binding, key).await.map(|text| text.as_string()).map_err(|thrown| failed("kv", &thrown))
}

/// Whether one more of `key` is within the limit of a counter; always, where the deployment has no such counter.
///
/// # Errors
/// [`Unavailable`] when the counter fails.
pub async fn is_within(env: &Env, binding: &str, key: &str) -> PortResult<bool> {
    let within = is_within_limit(env, binding, key).await.map_err(|thrown| failed("limit", &thrown))?;
    Ok(within.as_bool().unwrap_or(true))
}

/// Whether the deployment has a binding of this name.
pub fn has(env: &Env, binding: &str) -> bool {
    has_binding(env, binding)
}

/// Sends a mail through a binding.
///
/// # Errors
/// The platform's code, `timeout`, or `no_binding`.
pub async fn mail(env: &Env, binding: &str, mail: &Value, timeout_ms: u32) -> Result<(), String> {
    let code = send_mail(env, binding, &mail.to_string(), timeout_ms).await;
    match code.ok().and_then(|code| code.as_string()) {
        Some(code) if code.is_empty() => Ok(()),
        Some(code) => Err(code),
        None => Err("E_INTERNAL_SERVER_ERROR".to_owned()),
    }
}

/// The SQLite of a Durable Object.
#[derive(Debug, Clone)]
pub struct Sql {
    storage: JsValue,
    sql: JsValue,
    port: &'static str,
}

impl Sql {
    /// Opens it and makes the tables that are missing; the state is handed back.
    ///
    /// # Errors
    /// When the object has no SQLite storage, or the tables cannot be made.
    pub fn open(state: State, port: &'static str, schema: &str) -> (State, PortResult<Self>) {
        let inner = state._inner();
        let parts = storage_of(&inner).and_then(|storage| sql_of(&storage).map(|sql| (storage, sql)));
        let opened = parts.map_err(|thrown| failed(port, &thrown)).and_then(|(storage, sql)| {
            let sql = Self { storage, sql, port };
            sql.run(schema, &[], None).map(|()| sql)
        });
        (State::from(inner), opened)
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// When the storage fails, or a row is not as expected.
    pub fn rows<T: DeserializeOwned>(&self, query: &str, values: &[Value]) -> PortResult<Vec<T>> {
        let rows = sql_rows(&self.sql, query, &array(values)).map_err(|thrown| failed(self.port, &thrown))?;
        serde_json::from_str(&rows).map_err(|error| Unavailable::new(self.port, error.to_string()))
    }

    /// Runs some statements as one: when `run` fails, none of them is kept.
    ///
    /// # Errors
    /// That of `run`, or when the storage fails.
    pub fn transaction(&self, run: &mut dyn FnMut() -> PortResult<()>) -> PortResult<()> {
        let mut result = Ok(());
        let done = transact(&self.storage, &mut || {
            result = run();
            result.is_ok()
        });
        result.and_then(|()| done.map_err(|thrown| failed(self.port, &thrown)))
    }

    /// Runs a statement; `text`, when there is one, is its last value.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn run(&self, query: &str, values: &[Value], text: Option<&str>) -> PortResult<()> {
        sql_run(&self.sql, query, &array(values), text).map_err(|thrown| failed(self.port, &thrown))
    }
}

fn array(values: &[Value]) -> String {
    serde_json::to_string(values).unwrap_or_default()
}
