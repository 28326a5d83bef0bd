//! Settings and secrets of the deployment, all problems at once.

use lead_router_core::crm::CrmKind;
use lead_router_core::decision::record::Mode;
use lead_router_core::error::Problem;
use lead_router_core::form::UnknownForms;
use lead_router_core::web_address::is_web_address;
use worker::Env;

/// Values of `.dev.vars.example`: good for localhost, refused anywhere else.
const DEV_VALUES: &[&str] = &["dev-intake-key", "dev-admin-token", "dev-link-secret", "dev-person-key"];

/// Name of the key of hashes and seals, and its value in the local environment.
const PERSON_KEY: &str = "PERSON_KEY";
const DEV_PERSON_KEY: &str = "dev-person-key";
/// Name of the secret that signs links which act.
const LINK_SECRET: &str = "LINK_SECRET";

/// Shortest key or token of our own, in bytes: 32 of hexadecimal are 128 bits, which nobody guesses.
pub const SECRET_BYTES_MIN: usize = 32;

/// Longest retention, in days: a hundred years.
const RETENTION_DAYS_MAX: u32 = 36_500;

/// Settings of the deployment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Keys that may post leads; two are valid at a time for rotation.
    pub intake_keys: Vec<String>,
    /// Tokens that may do everything.
    pub admin_tokens: Vec<String>,
    /// Keys the hashes in ids and cache keys. Never changed: another key makes every known person a stranger.
    pub person_key: String,
    /// Keys of links that act, the one that signs last; none means that there are no such links.
    pub link_keys: Vec<String>,
    /// What is done with decisions.
    pub mode: Mode,
    /// What happens to a post to a form without settings.
    pub unknown_forms: UnknownForms,
    /// Days after which what is known about people is removed; `None` keeps it.
    pub retention_days: Option<u32>,
    /// Whether this is the local environment.
    pub dev: bool,
}

/// A variable or secret by name; `None` when it is missing or blank.
pub fn setting(env: &Env, name: &str) -> Option<String> {
    let text = env.var(name).map(|value| value.to_string()).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The CRM that is connected; the built-in one when the setting names none there is, which [`Settings::read`] refuses.
pub fn crm(env: &Env) -> CrmKind {
    setting(env, "CRM").and_then(|name| CrmKind::from_name(&name)).unwrap_or_default()
}

/// The key of hashes and seals, also where the other settings do not matter; as [`Settings::read`] has it.
pub fn person_key(env: &Env) -> String {
    setting(env, PERSON_KEY).unwrap_or_else(|| DEV_PERSON_KEY.to_owned())
}

impl Settings {
    /// Reads the settings. In the local environment a missing secret is the one of `.dev.vars.example`.
    ///
    /// # Errors
    /// Everything that is wrong, by name of the setting.
    pub fn read(env: &Env) -> Result<Self, Vec<Problem>> {
        let dev = setting(env, "STAGE").is_none_or(|stage| stage == "dev");
        let mut problems = Vec::new();
        let mut secret = |name: &str, dev_value: &str| match setting(env, name) {
            Some(value) if !dev && value.split(',').any(|part| DEV_VALUES.contains(&part.trim())) => {
                problems.push(Problem::new(name, "dev_secret", "set a secret of your own: this one is public"));
                value
            }
            Some(value) if !dev && keys(&value).iter().any(|key| key.len() < SECRET_BYTES_MIN) => {
                let message =
                    format!("use {SECRET_BYTES_MIN} characters at least, such as those of `openssl rand -hex 32`");
                problems.push(Problem::new(name, "short_secret", message));
                value
            }
            Some(value) => value,
            None if dev => dev_value.to_owned(),
            None => {
                problems.push(Problem::new(name, "missing_secret", format!("run `wrangler secret put {name}`")));
                String::new()
            }
        };
        let intake = secret("INTAKE_KEY", "dev-intake-key");
        let admin = secret("ADMIN_TOKEN", "dev-admin-token");
        let person_key = secret(PERSON_KEY, DEV_PERSON_KEY);
        let link = setting(env, LINK_SECRET).map_or(String::new(), |_| secret(LINK_SECRET, ""));
        let mode = match setting(env, "MODE").as_deref() {
            None | Some("live") => Mode::Live,
            Some("shadow") => Mode::Shadow,
            Some(_) => {
                problems.push(Problem::new("MODE", "unknown_mode", "use `live` or `shadow`"));
                Mode::Shadow
            }
        };
        let unknown_forms = match setting(env, "UNKNOWN_FORMS") {
            None => UnknownForms::default(),
            Some(name) => UnknownForms::from_name(&name).unwrap_or_else(|| {
                let names = UnknownForms::ALL.map(UnknownForms::as_str).join("`, `");
                problems.push(Problem::new("UNKNOWN_FORMS", "unknown_choice", format!("use `{names}`")));
                UnknownForms::Refuse
            }),
        };
        problems.extend(bad_addresses(env));
        problems.extend(unknown_crm(env));
        let retention_days = setting(env, "RETENTION_DAYS").and_then(|text| {
            let days = text.parse().ok().filter(|days| (1..=RETENTION_DAYS_MAX).contains(days));
            if days.is_none() {
                let message = format!("use whole days, 1 to {RETENTION_DAYS_MAX}, or leave it out to keep everything");
                problems.push(Problem::new("RETENTION_DAYS", "bad_retention", message));
            }
            days
        });
        if problems.is_empty() {
            let (intake_keys, admin_tokens, link_keys) = (keys(&intake), keys(&admin), keys(&link));
            Ok(Self { intake_keys, admin_tokens, person_key, link_keys, mode, unknown_forms, retention_days, dev })
        } else {
            Err(problems)
        }
    }
}

/// The settings that must be web addresses and are none.
fn bad_addresses(env: &Env) -> impl Iterator<Item = Problem> + '_ {
    let is_bad = |name: &&str| setting(env, name).is_some_and(|url| !is_web_address(&url.replace("{id}", "1")));
    let message = "use an address such as `https://leads.example.com`, without spaces or quotes";
    ["PUBLIC_URL", "CRM_RECORD_URL"].into_iter().filter(is_bad).map(move |name| Problem::new(name, "bad_url", message))
}

fn unknown_crm(env: &Env) -> Option<Problem> {
    let crm = setting(env, "CRM").filter(|crm| CrmKind::from_name(crm).is_none())?;
    let names = CrmKind::ALL.map(CrmKind::as_str).join("`, `");
    Some(Problem::new("CRM", "unknown_crm", format!("use `{names}`: there is no adapter `{crm}`")))
}

/// The keys in a setting: two may be valid at a time, with a comma between them.
fn keys(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()
}
