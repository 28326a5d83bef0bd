//! Whatever a provider answers, it is facts or a reason; and readings give the same facts in whatever order they come.

use lead_router_core::enrichment::provider::{
    Description, Reading, build_poll, merge, merge_readings, read, read_poll, read_token, shipped,
};
use lead_router_core::facts::{Fact, FactKind, FactSource, FactValue, Facts, Field};
use lead_router_core::id::ProviderId;
use lead_router_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Statuses that occur, and any other.
fn status() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(200_u16), 1 => prop::sample::select(vec![202, 301, 400, 401, 402, 404, 429, 500]), 1 => any::<u16>()]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[$€]?[0-9.,]{1,12}[kKmMbBtT]?(-|\\+| to )?[$]?[0-9]{0,19}[MB]?".prop_map(Value::from),
        prop::sample::select(vec!["sweden", "vp", "machinery", "acme.com", "1883"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| prop::collection::vec(inner, 0..5).prop_map(Value::from))
}

/// A record with the places that the descriptions read, filled with anything.
fn record() -> impl Strategy<Value = Value> {
    let mut names: Vec<String> = Vec::new();
    for (_, text) in shipped::FILES {
        let file: Value = serde_json::from_str(text).unwrap();
        for entry in file["fields"].as_object().unwrap().values() {
            for pointer in entry["from"].as_array().unwrap() {
                let steps = pointer.as_str().unwrap().split('/').skip(1);
                names.extend(steps.filter(|step| *step != "*" && !step.starts_with('[')).map(str::to_owned));
            }
        }
    }
    names.sort();
    names.dedup();
    let entries = || prop::collection::vec((prop::sample::select(names.clone()), json()), 0..24);
    (entries(), entries()).prop_map(|(outer, inner)| {
        let mut record: serde_json::Map<String, Value> = outer.into_iter().collect();
        let inner: serde_json::Map<String, Value> = inner.into_iter().collect();
        record.insert("name".to_owned(), "x".into());
        record.insert("data".to_owned(), inner.clone().into());
        record.insert("location".to_owned(), inner.into());
        Value::from(record)
    })
}

fn assert_sound(reading: &Reading, fills: &[Field]) {
    match reading {
        Reading::Found(facts) => {
            assert!(!facts.is_empty());
            for (field, value) in facts {
                // A provider of companies says which one its record is about, and that fills nothing.
                assert!(fills.contains(field) || *field == Field::CompanyDomain);
                assert_eq!(value.kind(), field.kind());
                match value {
                    FactValue::Text(text) => {
                        assert!(
                            !text.trim().is_empty()
                                && text.chars().count() <= 3_000
                                && !text.chars().any(char::is_control)
                        );
                    }
                    FactValue::Number(number) => {
                        let least = if *field == Field::CompanyHeadcountGrowthPercent { -100 } else { 0 };
                        assert!(*number >= least);
                    }
                    FactValue::Set(members) => assert!(members.windows(2).all(|pair| pair[0] < pair[1])),
                    FactValue::Flag(_) => {}
                }
            }
        }
        Reading::Failed { code, .. } => assert!(code.starts_with("provider_")),
        Reading::Pending { job } => {
            assert!(job.as_ref().is_none_or(|job| !job.is_empty() && !job.chars().any(char::is_control)));
        }
        Reading::NotFound => {}
    }
}

/// Both kinds of answers of a provider are sound. A job that it names can be asked for.
fn sound_for(description: &Description, status: u16, body: &[u8]) {
    let fills: Vec<Field> = description.fills().iter().collect();
    let reading = read(description, status, body);
    assert_sound(&reading, &fills);
    assert_sound(&read_poll(description, status, body), &fills);
    match read_token(description, status, body, Timestamp::from_ms(0)) {
        Ok(token) => assert!(!token.value.is_empty() && token.value.bytes().all(|byte| byte.is_ascii_graphic())),
        Err(reading) => {
            assert!(matches!(reading, Reading::Failed { .. }));
            assert_sound(&reading, &fills);
        }
    }
    if let Reading::Pending { job: Some(job) } = reading {
        let request = build_poll(description, &job, &description.base_url, "key").unwrap();
        assert!(request.url.bytes().all(|byte| byte.is_ascii_graphic()), "{}", request.url);
    }
}

fn sound(status: u16, body: &[u8]) {
    for description in shipped::all() {
        sound_for(description, status, body);
    }
}

/// The recorded answers of every provider: id, status and body.
static RECORDED: LazyLock<Vec<(String, u16, Value)>> = LazyLock::new(|| {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/golden/providers");
    let mut recorded = Vec::new();
    for (id, _) in shipped::FILES {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder.join(id)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let case: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let response = &case["response"];
            if let Some(json) = response.get("json") {
                let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
                recorded.push(((*id).to_owned(), status, json.clone()));
            }
        }
    }
    recorded
});

/// Puts `other` into the place of the `nth` value of a document, counted from the outside.
fn replace(value: &mut Value, nth: &mut usize, other: &Value) -> bool {
    if *nth == 0 {
        *value = other.clone();
        return true;
    }
    *nth -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, nth, other)),
        Value::Object(entries) => entries.values_mut().any(|item| replace(item, nth, other)),
        _ => false,
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A recorded answer with some of its values replaced by anything.
fn mutated() -> impl Strategy<Value = (String, u16, Value)> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), json()), 1..4);
    (prop::sample::select(RECORDED.clone()), changes, status(), any::<bool>()).prop_map(
        |((id, recorded, mut body), changes, other, is_other)| {
            for (place, value) in changes {
                let mut nth = place.index(size(&body));
                replace(&mut body, &mut nth, &value);
            }
            (id, if is_other { other } else { recorded }, body)
        },
    )
}

fn value_of(field: Field) -> BoxedStrategy<FactValue> {
    match field.kind() {
        FactKind::Number => (0_i64..4).prop_map(FactValue::Number).boxed(),
        FactKind::Flag => any::<bool>().prop_map(FactValue::Flag).boxed(),
        FactKind::Set => prop::collection::vec("[ab]", 1..3).prop_map(FactValue::Set).boxed(),
        FactKind::Text => prop::sample::select(vec!["a.example", "b.example"])
            .prop_map(|text| FactValue::Text(text.to_owned()))
            .boxed(),
    }
}

/// What one answer says.
type Said = Vec<(Field, Fact)>;

/// One answer: distinct fields, one provider, one moment.
fn reading() -> impl Strategy<Value = Said> {
    let fields: Vec<Field> = Field::ALL.iter().copied().filter(|field| field.source() != FactSource::Sender).collect();
    let count = fields.len();
    let providers = ["directory", "pdl_company", "pdl_person", "unheard_of"];
    (prop::sample::subsequence(fields, 0..count), prop::sample::select(providers.to_vec()), 0_i64..3)
        .prop_flat_map(|(fields, provider, at)| {
            let values: Vec<_> = fields.iter().map(|field| value_of(*field)).collect();
            (Just(fields), values, Just(provider), Just(at))
        })
        .prop_map(|(fields, values, provider, at)| {
            let provider = ProviderId::new(provider).unwrap();
            let fact = |value| Fact { value, provider: provider.clone(), at: Timestamp::from_ms(at) };
            fields.into_iter().zip(values).map(|(field, value)| (field, fact(value))).collect()
        })
}

/// Answers, and the same in another order.
fn readings() -> impl Strategy<Value = (Vec<Said>, Vec<Said>)> {
    prop::collection::vec(reading(), 0..5)
        .prop_flat_map(|readings| (Just(readings.clone()), Just(readings).prop_shuffle()))
}

proptest! {
    #[test]
    fn any_bytes_are_facts_or_a_reason(status in status(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        sound(status, &body);
    }

    #[test]
    fn any_json_is_facts_or_a_reason(status in status(), body in json()) {
        sound(status, body.to_string().as_bytes());
    }

    #[test]
    fn a_recorded_answer_with_other_values_is_facts_or_a_reason((id, status, body) in mutated()) {
        sound_for(shipped::find(&id).unwrap(), status, body.to_string().as_bytes());
    }

    #[test]
    fn the_order_of_readings_makes_no_difference((one, other) in readings(), base in reading()) {
        let mut lead = Facts::default();
        for (field, fact) in base {
            merge(&mut lead, field, fact);
        }
        prop_assert_eq!(merge_readings(&lead, &one), merge_readings(&lead, &other));
    }

    #[test]
    fn merging_again_changes_nothing((readings, _) in readings()) {
        let once = merge_readings(&Facts::default(), &readings);
        prop_assert_eq!(merge_readings(&once, &readings), once);
    }

    #[test]
    fn every_merged_fact_was_said_by_somebody((readings, _) in readings()) {
        let merged = merge_readings(&Facts::default(), &readings);
        for (field, fact) in merged.iter() {
            prop_assert!(readings.iter().flatten().any(|(said, by)| *said == field && by == fact));
        }
    }
}

proptest! {
    // Records with many fields take a while each.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_values_in_the_right_places_are_facts_or_a_reason(status in status(), body in record()) {
        sound(status, body.to_string().as_bytes());
    }

    #[test]
    fn a_record_cut_anywhere_is_facts_or_a_reason(body in record(), cut in any::<prop::sample::Index>()) {
        let body = body.to_string().into_bytes();
        sound(200, &body[..cut.index(body.len())]);
    }
}
