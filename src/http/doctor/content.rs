//! What the business says: settings, rubric, roster, providers, senders.

use crate::bindings::config::missing_teams;
use crate::bindings::objects::circuits_open;
use crate::bindings::settings::setting;
use crate::http::doctor::DoctorLine;
use crate::http::roster;
use crate::http::routes::Call;
use lead_router_app::ports::{Config, InForce};
use lead_router_core::enrichment::provider::Offer;
use lead_router_core::webhook::Sender;
use std::rc::Rc;

/// Shortest secret of a sender, in bytes.
const SENDER_SECRET_BYTES_MIN: usize = 16;

/// The provider that is the account directory of the deployment itself.
const DIRECTORY: &str = "directory";

/// Settings of the deployment. Secrets that are missing or public refuse every request, so they are in order here.
pub fn settings(call: &Call<'_>) -> Vec<DoctorLine> {
    let area = "settings";
    let mut found = vec![DoctorLine::ok(area, "secrets").saying("INTAKE_KEY, ADMIN_TOKEN and PERSON_KEY are set")];
    let text = |name: &str| setting(&call.world.env, name);
    found.push(match call.settings.retention_days {
        Some(days) => {
            DoctorLine::ok(area, "RETENTION_DAYS").saying(format!("what is known about people goes after {days} days"))
        }
        None => {
            DoctorLine::off(area, "RETENTION_DAYS", "not set: what is known about people is kept until they are erased")
        }
    });
    for sender in Sender::ALL {
        let Some(secret) = sender.settings().first().filter(|name| text(name).is_some()) else { continue };
        let name = format!("sender {}", sender.id());
        // The key of another program is as long as that makes it; the shortest that a vendor hands out has 16 characters.
        let is_short = text(secret).is_some_and(|value| value.len() < SENDER_SECRET_BYTES_MIN);
        found.push(if is_short && !call.settings.dev {
            let message = format!("{secret} has fewer than {SENDER_SECRET_BYTES_MIN} characters: choose a longer one");
            DoctorLine::problem(area, name, "short_secret", message)
        } else {
            DoctorLine::ok(area, name).saying(format!("{secret} is set"))
        });
    }
    found
}

/// Rubric and roster, and whether they fit.
pub async fn configuration(call: &Call<'_>) -> Vec<DoctorLine> {
    let area = "configuration";
    let config: Rc<InForce> = match call.world.current().await {
        Ok(config) => config,
        Err(_) => {
            let message = "the rubric in force cannot be read: publish it again with `PUT /v1/rubric`";
            return vec![DoctorLine::problem(area, "rubric", "unavailable", message)];
        }
    };
    let mut found = vec![DoctorLine::ok(area, "rubric").saying(format!("version {}", config.rubric.version()))];
    let missing = missing_teams(&config.rubric, &config.index);
    found.push(if missing.is_empty() {
        DoctorLine::ok(area, "teams of the rubric")
    } else {
        let names: Vec<&str> = missing.iter().map(|team| team.as_str()).collect();
        let message = format!("the rubric sends leads to teams that are not there: put {}", names.join(", "));
        DoctorLine::problem(area, "teams of the rubric", "missing_teams", message)
    });
    match roster::problems(&call.world.env).await {
        Ok(problems) if problems.is_empty() => {
            let (teams, reps) = (config.index.teams.len(), config.index.reps.len());
            found.push(DoctorLine::ok(area, "roster").saying(format!("{teams} teams, {reps} reps")));
        }
        Ok(problems) => {
            found.extend(problems.into_iter().map(|it| DoctorLine::problem(area, it.path, &it.code, it.message)))
        }
        Err(_) => {
            found.push(DoctorLine::problem(area, "roster", "unavailable", "the roster cannot be read; try again"))
        }
    }
    if let Some(crm) = setting(&call.world.env, "CRM").filter(|crm| crm != "builtin") {
        let reps = config.index.reps.iter().filter(|(_, rep)| rep.team.is_some() && !rep.crm_ids.contains_key(&crm));
        let names: Vec<&str> = reps.map(|(id, _)| id.as_str()).collect();
        found.push(if names.is_empty() {
            DoctorLine::ok(area, "reps in the CRM")
        } else {
            let message = format!("give `crm_ids.{crm}` to {}: they cannot own a record there", names.join(", "));
            DoctorLine::problem(area, "reps in the CRM", "missing_crm_id", message)
        });
    }
    found
}

/// The providers that the rubric names: whether their keys look like keys, and with `is_deep` whether they answer lately.
pub async fn providers(call: &Call<'_>, is_deep: bool) -> Vec<DoctorLine> {
    let area = "providers";
    let Ok(config) = call.world.current().await else { return Vec::new() };
    let left = if is_deep { circuits_open(&call.world.env).await } else { Default::default() };
    let named = config.rubric.enrichment().stages.iter().flatten();
    named
        .map(|id| {
            let name = id.to_string();
            if name == DIRECTORY {
                return DoctorLine::ok(area, name);
            }
            let Some(offer) = Offer::find(&name) else {
                return DoctorLine::problem(
                    area,
                    name,
                    "unknown_provider",
                    "the rubric names a provider that does not ship",
                );
            };
            let Some(secret) = offer.key_setting() else { return DoctorLine::ok(area, name) };
            let missing = offer.missing_setting(|name| setting(&call.world.env, name));
            match setting(&call.world.env, secret) {
                None => DoctorLine::off(area, name, format!("not asked: set the secret {secret} to have it asked")),
                Some(_) if missing.is_some() => {
                    let missing = missing.unwrap_or_default();
                    let message = format!(
                        "not asked: {secret} is set, and {missing} is not: it says what {} runs",
                        offer.vendor()
                    );
                    DoctorLine::problem(area, name, "provider_not_set_up", message)
                }
                Some(key) if key.contains(char::is_whitespace) => {
                    let message = format!("{secret} has blanks in it: set it again without");
                    DoctorLine::problem(area, name, "bad_key", message)
                }
                Some(_) if left.contains_key(&name) => {
                    let message = "it fails, and is left alone for a while: try it with `POST /v1/providers/{id}/try`";
                    DoctorLine::problem(area, name, "circuit_open", message)
                }
                Some(_) => DoctorLine::ok(area, name).saying(format!("{secret} is set")),
            }
        })
        .collect()
}
