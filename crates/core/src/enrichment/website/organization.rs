//! The company in the JSON-LD of a page, in the words of schema.org.

use crate::enrichment::provider::Transform;
use crate::enrichment::website::text::name;
use crate::facts::FactValue;
use crate::limits::{JSON_LD_DEPTH_MAX, JSON_LD_NODES_MAX};
use crate::normalize::{company_key, domain_of, linkedin_company, postal_code, table_lines};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::LazyLock;

type JsonLdNode = Map<String, Value>;

/// `Organization` and its sub-types at schema.org. Places of business (`LocalBusiness` and below) stand behind the
/// line `---`.
const TYPES: &str = include_str!("data/organization_types.txt");

static ORGANIZATIONS: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| table_lines(TYPES).take_while(|line| *line != "---").collect());

static PLACES: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| table_lines(TYPES).skip_while(|line| *line != "---").skip(1).collect());

/// Entries below which the company of the page may stand. Other entries name other companies: a parent, a customer, a
/// seller.
const PATHS: [&str; 4] = ["@graph", "publisher", "mainEntity", "isPartOf"];

/// The nodes of a page that describe its company, the best one first.
#[derive(Debug, Default)]
pub(super) struct Organization<'a> {
    nodes: Vec<&'a JsonLdNode>,
}

impl<'a> Organization<'a> {
    /// The company with this registrable domain.
    ///
    /// A node with an address on another domain is another company. Of the others, one that names the domain goes
    /// before one that names none, a company before a place of business, then the earlier. Further nodes count when
    /// they have the `@id` or the name of the first: pages spread a company over several.
    pub(super) fn find(blocks: &'a [Value], domain: &str) -> Self {
        let mut found = Vec::new();
        let mut left = JSON_LD_NODES_MAX;
        for block in blocks {
            gather(block, 0, &mut left, &mut found);
        }
        let mut ranked: Vec<((bool, bool), &JsonLdNode)> = found
            .into_iter()
            .filter_map(|(is_place, node)| {
                let is_named = match node.get("url").and_then(first_text).and_then(domain_of) {
                    Some(named) if named != domain => return None,
                    named => named.is_some(),
                };
                Some(((!is_named, is_place), node))
            })
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let Some((_, first)) = ranked.first().copied() else { return Self::default() };
        let nodes = ranked.into_iter().map(|(_, node)| node);
        Self { nodes: nodes.filter(|node| std::ptr::eq(*node, first) || is_same(node, first)).collect() }
    }

    /// The name people know it by, else the registered one.
    pub(super) fn name(&self) -> Option<String> {
        let of = |key: &str| self.values(key).find_map(|value| first_text(value).and_then(name));
        of("name").or_else(|| of("legalName"))
    }

    /// Employees: a number, a range, or a `QuantitativeValue`. None is what a form says that nobody filled in.
    pub(super) fn employees(&self) -> Option<FactValue> {
        let read = |value: &Value| {
            let number = match value {
                Value::Array(items) => items.first()?,
                value => value,
            };
            let number = match number {
                Value::Object(quantity) => ["value", "minValue"].iter().find_map(|key| quantity.get(*key))?,
                number => number,
            };
            Transform::Number.apply(number).filter(|value| value.as_number().is_some_and(|number| number > 0))
        };
        self.values("numberOfEmployees").find_map(read)
    }

    /// Country of the first address that has one.
    pub(super) fn country(&self) -> Option<FactValue> {
        self.addresses().find_map(country)
    }

    /// Region in the address that has the country.
    pub(super) fn region(&self) -> Option<FactValue> {
        Transform::Lower.apply(&Value::String(self.in_address("addressRegion")?))
    }

    /// Postal code in the address that has the country.
    pub(super) fn postal_code(&self) -> Option<FactValue> {
        postal_code(&self.in_address("postalCode")?).map(FactValue::Text)
    }

    fn in_address(&self, key: &str) -> Option<String> {
        let address = self.addresses().find(|address| country(address).is_some())?;
        address.get(key).and_then(first_text).and_then(name)
    }

    /// The company's page on LinkedIn, of the profiles that are listed.
    pub(super) fn linkedin(&self) -> Option<FactValue> {
        let profiles = self.values("sameAs").flat_map(one_or_many).filter_map(Value::as_str);
        profiles.filter(|profile| profile.contains("linkedin.com/")).find_map(linkedin_company).map(FactValue::Text)
    }

    /// Year of foundation.
    pub(super) fn founded_year(&self) -> Option<FactValue> {
        self.values("foundingDate").find_map(|value| Transform::Year.apply(value))
    }

    fn values(&self, key: &str) -> impl Iterator<Item = &'a Value> {
        self.nodes.iter().filter_map(move |node| node.get(key))
    }

    /// Addresses of the company, then those of its places.
    fn addresses(&self) -> impl Iterator<Item = &'a JsonLdNode> {
        let places = self.values("location").flat_map(one_or_many).filter_map(|place| place.get("address"));
        self.values("address").chain(places).flat_map(one_or_many).filter_map(Value::as_object)
    }
}

/// Adds the companies at and below a value; the flag is for a place of business.
fn gather<'a>(value: &'a Value, depth: usize, left: &mut usize, found: &mut Vec<(bool, &'a JsonLdNode)>) {
    if depth > JSON_LD_DEPTH_MAX {
        return;
    }
    let below = depth.saturating_add(1);
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, below, left, found)),
        Value::Object(node) => {
            let Some(rest) = left.checked_sub(1) else { return };
            *left = rest;
            let is_any = |names: &BTreeSet<&str>| types(node).any(|word| names.contains(word));
            match (is_any(&ORGANIZATIONS), is_any(&PLACES)) {
                (_, true) => found.push((true, node)),
                (true, false) => found.push((false, node)),
                (false, false) => {}
            }
            for key in PATHS {
                if let Some(value) = node.get(key) {
                    gather(value, below, left, found);
                }
            }
        }
        _ => {}
    }
}

/// The types of a node, without `https://schema.org/` or `schema:`.
fn types(node: &JsonLdNode) -> impl Iterator<Item = &str> {
    let listed = node.get("@type").into_iter().flat_map(one_or_many).filter_map(Value::as_str);
    listed.map(|word| word.rsplit(['/', ':', '#']).next().unwrap_or(word))
}

/// Whether two nodes are about one company, as far as they say.
fn is_same(node: &JsonLdNode, first: &JsonLdNode) -> bool {
    let is_equal = |key: fn(&JsonLdNode) -> Option<String>| key(node).is_some_and(|text| key(first) == Some(text));
    is_equal(|node| node.get("@id").and_then(Value::as_str).map(str::to_owned))
        || is_equal(|node| node.get("name").and_then(first_text).and_then(company_key))
}

/// The code of an address's country, which is written as a code, a name, or an object with one of them.
fn country(address: &JsonLdNode) -> Option<FactValue> {
    let value = address.get("addressCountry")?;
    let written = one_or_many(value).find_map(|value| match value {
        Value::Object(country) => ["name", "identifier", "@id"].iter().find_map(|key| country.get(*key)?.as_str()),
        value => value.as_str(),
    });
    let written = written?.rsplit('/').next()?;
    Transform::Country.apply(&Value::String(name(written)?))
}

/// The text, or the first one of a list; of an object that says in which language it is written, its `@value`.
fn first_text(value: &Value) -> Option<&str> {
    one_or_many(value).find_map(|value| value.as_str().or_else(|| value.get("@value")?.as_str()))
}

fn one_or_many(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}
