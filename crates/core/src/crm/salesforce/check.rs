//! Whether the user of an organisation may do what is needed, and the fields are there.

use crate::crm::salesforce::fields::{EFFECT_ID, PERSON_FIELDS, PERSON_ID};
use crate::crm::salesforce::soql::is_name;
use crate::vendor::DeliveryError;
use serde_json::Value;

/// The objects, and whether records of them are made and changed.
pub const OBJECTS: [(&str, Need); 6] = [
    ("Lead", Need::Write),
    ("Contact", Need::Change),
    ("Task", Need::Write),
    ("Account", Need::Read),
    ("Opportunity", Need::Read),
    ("User", Need::Read),
];

/// What has to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Reading.
    Read,
    /// Reading and changing.
    Change,
    /// Reading, making and changing.
    Write,
}

/// Name of a line, and what is wrong with it.
pub type CheckLine = (String, Result<(), DeliveryError>);

/// What the description of an object says: whether the object may be used, then its fields.
#[must_use]
pub fn lines(object: &str, need: Need, description: &Value, domain_field: Option<&str>) -> Vec<CheckLine> {
    let may = |name: &str| description.get(name).and_then(Value::as_bool) == Some(true);
    let verbs = match need {
        Need::Read => &["queryable"][..],
        Need::Change => &["queryable", "updateable"],
        Need::Write => &["queryable", "updateable", "createable"],
    };
    let lacking: Vec<&str> = verbs.iter().copied().filter(|verb| !may(verb)).collect();
    let verb = if need == Need::Read { "read" } else { "write" };
    let allowed = if lacking.is_empty() {
        Ok(())
    } else {
        let text = format!("{object} is not {}: give the user's permission set that right", lacking.join(", "));
        Err(DeliveryError::config("no_permission", text))
    };
    let mut lines = vec![(format!("{verb} {object}"), allowed)];
    match object {
        "Lead" | "Contact" => {
            lines.extend(PERSON_FIELDS.iter().map(|field| line(object, field, *field == PERSON_ID, description)));
        }
        "Task" => lines.push(line(object, EFFECT_ID, true, description)),
        "Account" => lines.extend(domain_field.filter(|name| is_name(name)).map(|name| read_line(name, description))),
        _ => {}
    }
    lines
}

fn field<'a>(description: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = description.get("fields").and_then(Value::as_array)?;
    fields.iter().find(|field| field.get("name").and_then(Value::as_str) == Some(name))
}

/// A field that is written.
fn line(object: &str, name: &str, is_key: bool, description: &Value) -> CheckLine {
    let tried = match field(description, name) {
        None => Err(format!("create the field `{name}` on {object}, or let the user see it")),
        Some(field) => {
            let is = |property: &str| field.get(property).and_then(Value::as_bool) == Some(true);
            if !is("createable") || !is("updateable") {
                Err(format!("let the user edit the field `{name}` of {object}"))
            } else if is_key && !(is("externalId") && is("unique")) {
                Err(format!("tick External ID and Unique for the field `{name}` of {object}"))
            } else {
                Ok(())
            }
        }
    };
    (format!("field {object}.{name}"), tried.map_err(|text| DeliveryError::config("field_missing", text)))
}

/// A field of accounts that is only read.
fn read_line(name: &str, description: &Value) -> CheckLine {
    let tried = field(description, name).map(|_| ());
    let text = format!("accounts have no field `{name}`: correct `SALESFORCE_DOMAIN_FIELD`");
    (format!("field Account.{name}"), tried.ok_or_else(|| DeliveryError::config("field_missing", text)))
}

/// Whether calls are left today.
///
/// # Errors
/// `limit_reached` when less than a hundredth is left.
pub fn limits(body: &Value) -> Result<(), DeliveryError> {
    let number = |name: &str| body.pointer(&format!("/DailyApiRequests/{name}")).and_then(Value::as_i64);
    match (number("Max"), number("Remaining")) {
        (Some(max), Some(left)) if left.saturating_mul(100) < max => Err(DeliveryError::config(
            "limit_reached",
            format!("of {max} calls in 24 hours only {left} are left, for everything that uses the organisation"),
        )),
        _ => Ok(()),
    }
}
