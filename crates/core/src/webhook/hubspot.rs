//! `HubSpot`: lists of events about contacts, without their properties.
//!
//! `X-HubSpot-Signature-v3: <base64 of HMAC-SHA256(client secret, method + URL + raw body + timestamp)>`, the moment in
//! milliseconds, good for five minutes. A request has 100 events at most, is answered within five seconds, and comes up
//! to ten times more within 24 hours. A new contact is known by its id, a change also by portal, property and moment.
//! The contact is read by id afterwards. The older signatures, plain hashes without a moment, are not accepted.

use crate::crm::hubspot::VERSION;
use crate::crm::hubspot::properties::{LEAD, PERSON_ID};
use crate::http::{HttpRequest, Method};
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField, RawLead};
use crate::limits::HOOK_EVENTS_MAX;
use crate::time::Timestamp;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent, WebhookEventKind};
use crate::webhook::fetch::{Fetch, FetchReader, FetchVendor, Fetched, Setting, base, token};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{SHA256_BASE64, WINDOW_MS, check_fresh, digits};

pub(super) const SETTINGS: &[&str] =
    &["HUBSPOT_CLIENT_SECRET", "HUBSPOT_CLIENT_SECRET_PREVIOUS", "HUBSPOT_WEBHOOK_URL"];

/// Setting of the token by which contacts are read.
pub const TOKEN: &str = "HUBSPOT_TOKEN";

/// Properties that say who owns a contact: a change of these is no news of the person.
const OWN_CHANGES: &[&str] = &["hubspot_owner_id", "hubspot_owner_assigneddate", "hubspot_team_id"];

/// Code of an event that is no lead and says that an owner, a company or a deal changed: what was read of the CRM before
/// has to be read again.
pub const CRM_CHANGE: &str = "crm_change";

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = settings.keys("HUBSPOT_CLIENT_SECRET")?;
    let signature = incoming.signature("x-hubspot-signature-v3")?;
    let timestamp = incoming.signature("x-hubspot-request-timestamp")?;
    let at_ms = digits(timestamp)?;
    let url = settings.get("HUBSPOT_WEBHOOK_URL").unwrap_or(incoming.url);
    let check = |url: &str| {
        SHA256_BASE64.check(signature, &keys, &[b"POST", url.as_bytes(), incoming.body, timestamp.as_bytes()])
    };
    // The documentation decodes some escapes of the URL first, the vendor's own libraries do not.
    check(&unescaped(url)).or_else(|refusal| if url.contains('%') { check(url) } else { Err(refusal) })?;
    check_fresh(incoming.now, at_ms, WINDOW_MS)?;
    let body = json(incoming.body)?;
    let JsonNode::List(items) = &body else { return Err(Refusal::unreadable("the body is not a list of events")) };
    if items.len() > HOOK_EVENTS_MAX {
        return Err(Refusal::too_many_events(HOOK_EVENTS_MAX));
    }
    Ok(ParsedWebhook::Events(once_per_contact(items.iter().map(|item| event(item, incoming.now)).collect())))
}

/// The URL with the escapes decoded that `HubSpot` decodes before signing, and no others.
fn unescaped(url: &str) -> String {
    let mut pieces = url.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..2).unwrap_or_default().to_ascii_uppercase();
        let letter = match code.as_str() {
            "3A" => ':',
            "2F" => '/',
            "3F" => '?',
            "40" => '@',
            "21" => '!',
            "24" => '$',
            "27" => '\'',
            "28" => '(',
            "29" => ')',
            "2A" => '*',
            "2C" => ',',
            "3B" => ';',
            _ => {
                text.push('%');
                text.push_str(piece);
                continue;
            }
        };
        text.push(letter);
        text.push_str(piece.get(2..).unwrap_or_default());
    }
    text
}

fn event(item: &JsonNode, now: Timestamp) -> WebhookEvent {
    let kind = item.get("subscriptionType").text();
    let is_contact = match kind.split_once('.') {
        Some(("contact", _)) => true,
        Some(("object", _)) => item.get("objectTypeId").text() == "0-1",
        _ => false,
    };
    let is_new = kind.ends_with(".creation");
    let is_account = match kind.split_once('.') {
        Some(("company" | "deal", _)) => true,
        Some(("object", _)) => matches!(item.get("objectTypeId").text(), "0-2" | "0-3"),
        _ => false,
    };
    if is_account {
        return WebhookEvent::nothing(CRM_CHANGE);
    }
    if !is_contact || !(is_new || kind.ends_with(".propertyChange")) {
        return WebhookEvent::nothing("unknown_event_type");
    }
    let property = item.get("propertyName").text();
    if !is_new && OWN_CHANGES.contains(&property) {
        return WebhookEvent::nothing(CRM_CHANGE);
    }
    let (portal, object) = (item.get("portalId").number(), item.get("objectId").number());
    let occurred = item.get("occurredAt").number();
    let (Some(portal), Some(object)) = (portal, object) else { return WebhookEvent::broken("no_object_id") };
    let occurred_at = occurred.map_or(now, Timestamp::from_ms);
    let key = if is_new {
        // As for a contact that is read because it is new in the CRM: whichever way it comes first, it is one lead.
        format!("crm:hubspot:{object}")
    } else {
        format!("hubspot:{portal}:{object}:{property}:{}", occurred_at.as_ms())
    };
    match Fetch::new(FetchVendor::Hubspot, &object.to_string(), occurred_at) {
        Some(fetch) => WebhookEvent { key: Some(key), says: WebhookEventKind::Fetch(fetch) },
        None => WebhookEvent::broken("no_object_id"),
    }
}

/// One event per contact: a form that fills in five properties is one lead. A new contact goes before its changes.
fn once_per_contact(events: Vec<WebhookEvent>) -> Vec<WebhookEvent> {
    let mut kept: Vec<WebhookEvent> = Vec::with_capacity(events.len());
    for mut event in events {
        let WebhookEventKind::Fetch(fetch) = &event.says else {
            kept.push(event);
            continue;
        };
        let id = fetch.id.clone();
        let is_same =
            |other: &&mut WebhookEvent| matches!(&other.says, WebhookEventKind::Fetch(fetch) if fetch.id == id);
        match kept.iter_mut().find(is_same) {
            None => kept.push(event),
            Some(first) => {
                let colons = |event: &WebhookEvent| event.key.as_ref().map_or(0, |key| key.matches(':').count());
                if colons(&event) < colons(first) {
                    std::mem::swap(first, &mut event);
                }
                kept.push(WebhookEvent::nothing("same_contact"));
            }
        }
    }
    kept
}

/// Reads a record as the vendor answers with it: what a request of this sender names.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![lead(&json(incoming.body)?, settings.map()).into_event()]))
}

pub(super) const READER: FetchReader = FetchReader { request, lead };

fn request(fetch: &Fetch, setting: Setting<'_>) -> Result<HttpRequest, Refusal> {
    let token = token(setting, TOKEN)?;
    let base = base(setting, "HUBSPOT_BASE_URL", "https://api.hubapi.com");
    let mut properties = format!("{},{PERSON_ID}", LEAD.join(","));
    for more in setting("HUBSPOT_PROPERTIES").unwrap_or_default().split(',').map(str::trim) {
        if !more.is_empty() && more.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            properties.push(',');
            properties.push_str(more);
        }
    }
    let path = format!("/crm/objects/{VERSION}/contacts/{}", fetch.id);
    let url = format!("{base}{path}?properties={}", properties.replace(',', "%2C"));
    let headers = vec![
        ("accept".to_owned(), "application/json".to_owned()),
        ("authorization".to_owned(), format!("Bearer {token}")),
    ];
    Ok(HttpRequest { method: Method::Get, url, headers, body: None })
}

fn lead(contact: &JsonNode, map: &FieldMap) -> Fetched {
    let properties = contact.get("properties");
    if properties.entries().is_empty() {
        return Fetched::Broken("fetch_unreadable");
    }
    if properties.get("email").plain().is_none() {
        return Fetched::Nothing("no_email");
    }
    // Whatever becomes of such a contact, this program or somebody after it has done it.
    if properties.get(PERSON_ID).plain().is_some_and(|id| !id.is_empty()) {
        return Fetched::Nothing("own_record");
    }
    let texts: Vec<(&str, String)> =
        properties.entries().iter().filter_map(|(name, value)| Some((name.as_str(), value.plain()?))).collect();
    let id = contact.get("id").plain().unwrap_or_default();
    Fetched::Lead(Box::new(hubspot_contact(&id, texts.iter().map(|(name, text)| (*name, text.as_str())), map)))
}

/// A contact as a lead.
pub fn hubspot_contact<'a>(
    id: &str,
    properties: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    map: &FieldMap,
) -> RawLead {
    let mut draft = Draft::new(map);
    let known = [
        ("email", LeadField::Email),
        ("hs_language", LeadField::Language),
        ("hs_linkedin_url", LeadField::LinkedinUrl),
    ];
    for (property, field) in known {
        draft.set(field, properties.clone().find(|(name, _)| *name == property).map(|(_, text)| text.to_owned()));
    }
    for (name, text) in properties {
        if !known.iter().any(|(property, _)| *property == name) {
            draft.add(name, Some(text.to_owned()));
        }
    }
    draft.add("fields.hubspot_contact_id", Some(id.to_owned()).filter(|id| !id.is_empty()));
    draft.finish("hubspot")
}
