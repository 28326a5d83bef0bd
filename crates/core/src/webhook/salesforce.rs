//! Salesforce: outbound messages (SOAP) and callouts of flows (JSON).
//!
//! Neither is signed. An outbound message has the secret in its address, `?secret=…`, and the id of the organization in
//! its body, which is compared when `SALESFORCE_ORG_ID` is set. A flow sends the secret as `x-api-key`. A message has 100
//! notifications at most, comes again for 24 hours until it is acknowledged, and carries the record as it is by then; a
//! notification is known by its `Id`. A flow does not try again; its call is known by `record_id` and `occurred_at`.

use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, Media};
use crate::limits::HOOK_EVENTS_MAX;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::{Blame, Refusal};
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::is_one_of;
use roxmltree::{Document, Node as Element, ParsingOptions};

pub(super) const SETTINGS: &[&str] = &["SALESFORCE_SECRET", "SALESFORCE_SECRET_PREVIOUS", "SALESFORCE_ORG_ID"];

/// Namespace of outbound messages.
const NAMESPACE: &str = "http://soap.sforce.com/2005/09/outbound";

/// Most elements, texts and attributes of a message: 100 records of 500 fields with their texts.
const NODES_MAX: u32 = 120_000;

/// The answer that an outbound message waits for; with any other it comes again.
pub const ACKNOWLEDGEMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>\
    <notificationsResponse xmlns=\"http://soap.sforce.com/2005/09/outbound\"><Ack>true</Ack></notificationsResponse>\
    </soapenv:Body></soapenv:Envelope>";

/// Whether a request is a flow's callout; otherwise it is an outbound message.
#[must_use]
pub fn is_callout(incoming: &Incoming<'_>) -> bool {
    Media::of(incoming.header("content-type")) == Ok(Media::Json)
}

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let secrets = settings.secrets("SALESFORCE_SECRET")?;
    let given = match incoming.header("x-api-key") {
        Some(key) => key.to_owned(),
        None => incoming.query("secret").unwrap_or_default(),
    };
    if !is_one_of(&given, &secrets) {
        return Err(Refusal::bad_secret());
    }
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    if is_callout(incoming) {
        return Ok(ParsedWebhook::Events(vec![callout(&json(incoming.body)?, settings.map())]));
    }
    let unreadable = || Refusal::unreadable("the body is not an outbound message in XML");
    let text = std::str::from_utf8(incoming.body).map_err(|_| unreadable())?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options);
    let document = document.map_err(|_| unreadable())?;
    let message = document.descendants().find(|node| node.has_tag_name((NAMESPACE, "notifications")));
    let message = message.ok_or_else(unreadable)?;
    check_organization(message, settings)?;
    let notifications: Vec<Element<'_, '_>> =
        message.children().filter(|node| node.has_tag_name((NAMESPACE, "Notification"))).collect();
    if notifications.len() > HOOK_EVENTS_MAX {
        return Err(Refusal::too_many_events(HOOK_EVENTS_MAX));
    }
    Ok(ParsedWebhook::Events(notifications.into_iter().map(|node| notification(node, settings.map())).collect()))
}

/// Ids have 15 letters, or 18 with a checksum at the end.
fn check_organization(message: Element<'_, '_>, settings: &SenderSettings) -> Result<(), Refusal> {
    let Some(expected) = settings.get("SALESFORCE_ORG_ID") else { return Ok(()) };
    let given = child(message, "OrganizationId").and_then(|node| node.text()).unwrap_or_default();
    let first_15 = |id: &str| id.trim().chars().take(15).collect::<String>();
    if first_15(given) == first_15(expected) {
        return Ok(());
    }
    Err(Refusal::new(Blame::Credential, "other_organization", "the message is of another organization"))
}

fn child<'a, 'input>(node: Element<'a, 'input>, name: &str) -> Option<Element<'a, 'input>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

fn notification(node: Element<'_, '_>, map: &FieldMap) -> WebhookEvent {
    let Some(record) = child(node, "sObject") else { return WebhookEvent::nothing("no_record") };
    let kind = record.attributes().find(|attribute| attribute.name() == "type").map_or("", |kind| kind.value());
    if !matches!(kind.rsplit(':').next(), Some("Lead" | "Contact")) {
        return WebhookEvent::nothing("not_a_lead");
    }
    let mut draft = Draft::new(map);
    for field in record.children().filter(Element::is_element) {
        add(&mut draft, field.tag_name().name(), field.text());
    }
    let id = child(node, "Id").and_then(|id| id.text()).map(str::trim).filter(|id| !id.is_empty() && id.len() <= 40);
    WebhookEvent::lead(id.map(|id| format!("salesforce:{id}")), draft.finish("salesforce"))
}

fn add(draft: &mut Draft<'_>, name: &str, text: Option<&str>) {
    let text = text.map(str::to_owned);
    match name.strip_suffix("__c") {
        Some(custom) => draft.add(custom, text),
        None if matches!(name, "Id" | "OwnerId") => draft.add(&format!("fields.salesforce_{name}"), text),
        None => draft.add(name, text),
    }
}

fn callout(body: &JsonNode, map: &FieldMap) -> WebhookEvent {
    if body.entries().is_empty() {
        return WebhookEvent::broken("not_an_object");
    }
    let record = body.get("record_id").id();
    let key = record.as_ref().map(|id| format!("salesforce:{id}:{}", body.get("occurred_at").id().unwrap_or_default()));
    let mut draft = Draft::new(map);
    draft.submitted_at(body.get("occurred_at"));
    let fields = body.entries().iter().filter(|(name, _)| !matches!(name.as_str(), "event" | "org_id" | "occurred_at"));
    draft.object(&JsonNode::Object(fields.cloned().collect()));
    WebhookEvent::lead(key, draft.finish("salesforce"))
}
