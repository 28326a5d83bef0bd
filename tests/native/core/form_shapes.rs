//! Forms as builders, frameworks and people in eighteen languages make them: `tests/golden/forms/shapes.json`. Each says what
//! a person would read in it; what the router reads is the same, the same but for some fields, or nothing. The table in
//! `docs/FORMS.md` is made of it.

use crate::shape_kit::{Reading, Tally, assert_document, texts};
use lead_router_core::directory::ImportKind;
use lead_router_core::intake::batch::Rows;
use lead_router_core::intake::{FieldMap, RawLead, form, json};
use lead_router_core::lead::check;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A form, filled in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    /// The builder, or what kind of page it is.
    builder: String,
    /// ISO 639-1 code.
    language: String,
    /// `form`, `json` or `csv`.
    media: String,
    /// Names and values in order.
    fields: Vec<(String, Value)>,
    /// What a person would read, by the names of the contract. Without an address it is no lead.
    expect: BTreeMap<String, String>,
    /// Fields of `expect` that the router does not read.
    #[serde(default)]
    missing: BTreeSet<String>,
    /// Fields that the router reads and no person would.
    #[serde(default)]
    misread: BTreeSet<String>,
    /// Why the router refuses it.
    refused: Option<String>,
}

fn shapes() -> Vec<Shape> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/forms/shapes.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The shape as its medium carries it.
fn sent(shape: &Shape) -> RawLead {
    let map = FieldMap::default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match shape.media.as_str() {
        "json" => {
            let body: Map<String, Value> = shape.fields.iter().cloned().collect();
            json::read(Value::Object(body).to_string().as_bytes(), &map).unwrap()
        }
        "csv" => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(shape.fields.iter().map(|(name, _)| name)).unwrap();
            writer.write_record(shape.fields.iter().map(|(_, value)| text(value))).unwrap();
            Rows::new(writer.into_inner().unwrap(), ImportKind::Csv).unwrap().next(&map).unwrap().unwrap()
        }
        _ => {
            let mut body = form_urlencoded::Serializer::new(String::new());
            body.extend_pairs(shape.fields.iter().map(|(name, value)| (name.as_str(), text(value))));
            form::read(body.finish().as_bytes(), &map).unwrap()
        }
    }
}

#[test]
fn every_form_is_read_as_its_file_says() {
    let mut wrong = Vec::new();
    let mut tally = Tally::default();
    for shape in shapes() {
        let raw = sent(&shape);
        let reading = Reading::of(&check(raw.clone(), Timestamp::from_ms(0)), &texts(&raw), &shape.expect);
        let (missing, misread) = (shape.missing.clone(), shape.misread.clone());
        let expected = Reading { missing, misread, refused: shape.refused.clone() };
        tally.add(&shape.builder, &shape.expect, &reading);
        if reading != expected {
            wrong.push(format!("{} ({}): {reading:?}, read {:?}", shape.builder, shape.language, texts(&raw)));
        }
    }
    assert!(wrong.is_empty(), "{} forms:\n{}", wrong.len(), wrong.join("\n"));
    let languages: BTreeSet<String> = shapes().into_iter().map(|shape| shape.language).collect();
    assert!(tally.shapes >= 100 && tally.rows.len() >= 30 && languages.len() >= 12);
    tally.assert_aims();
    assert_document("docs/FORMS.md", &tally.table("Form"));
}
