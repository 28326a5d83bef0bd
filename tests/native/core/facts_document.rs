//! `docs/FACTS.md` lists every fact, and who can fill it.

use lead_router_core::enrichment::provider::shipped;
use lead_router_core::facts::{FactKind, FactSource, Field};
use std::path::PathBuf;

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs/FACTS.md")
}

fn row(field: Field) -> String {
    let kind = match field.kind() {
        FactKind::Flag => "boolean",
        FactKind::Number => "number",
        FactKind::Text => "string",
        FactKind::Set => "set",
    };
    let from = match field.source() {
        FactSource::Sender => "sender".to_owned(),
        FactSource::Account => "account directory, account shard".to_owned(),
        FactSource::Provider => {
            let providers = shipped::all().filter(|description| description.fills().contains(field));
            let ids: Vec<String> = providers.map(|description| format!("`{}`", description.id)).collect();
            ids.join(", ")
        }
    };
    format!("| `{}` | {kind} | {} | {from} |", field.path(), field.meaning().trim_end_matches('.'))
}

/// With `UPDATE_SCHEMA=1` in the environment, the table is written anew.
#[test]
fn the_document_has_a_row_for_every_fact() {
    const HEAD: &str = "| Fact | Kind | Meaning | From |\n|---|---|---|---|\n";
    let text = std::fs::read_to_string(path()).unwrap();
    let (before, table) = text.split_once(HEAD).unwrap();
    let rows: Vec<String> = Field::ALL.iter().map(|field| row(*field)).collect();
    let expected = format!("{}\n", rows.join("\n"));
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path(), format!("{before}{HEAD}{expected}")).unwrap();
        return;
    }
    assert_eq!(table, expected, "run this test once with UPDATE_SCHEMA=1");
}

#[test]
fn every_fact_of_providers_is_filled_by_one() {
    for field in Field::ALL.iter().filter(|field| field.source() == FactSource::Provider) {
        assert!(shipped::all().any(|description| description.fills().contains(*field)), "{}", field.path());
    }
}
