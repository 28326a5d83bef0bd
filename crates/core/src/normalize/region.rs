//! States and other regions of a country by their English name.

use crate::normalize::table_lines;
use crate::normalize::text::fold;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Names by country and what people write, folded.
static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    for line in table_lines(include_str!("data/regions.txt")) {
        let parts: Vec<&'static str> = line.split('|').map(str::trim).collect();
        let [country, spellings @ ..] = parts.as_slice() else { continue };
        let Some(name) = spellings.get(1).map(|name| fold(name)) else { continue };
        for spelling in spellings {
            names.insert(format!("{country} {}", fold(spelling)), name.clone());
        }
    }
    names
});

/// The English name of a region, lower case, from its code or a name in another language.
///
/// The country must be known, since `WA` is Washington in the United States and Western Australia in Australia. Also
/// beside its code or its country (`CA - California`, `US-CA`, `California, USA`). `None` for what the table lacks.
///
/// ```
/// use lead_router_core::normalize::region_name;
/// assert_eq!(region_name("CA", Some("us")).as_deref(), Some("california"));
/// assert_eq!(region_name("Bayern", Some("de")).as_deref(), Some("bavaria"));
/// assert_eq!(region_name("CA", None), None);
/// ```
#[must_use]
pub fn region_name(text: &str, country: Option<&str>) -> Option<String> {
    let country = country?;
    let find = |part: &str| NAMES.get(&format!("{country} {}", fold(part))).cloned();
    let unprefixed = text.trim().get(..3).filter(|start| start.eq_ignore_ascii_case(&format!("{country}-")));
    let text = unprefixed.and_then(|start| text.trim().strip_prefix(start)).unwrap_or(text);
    find(text).or_else(|| text.split(['(', ')', ',', '/']).flat_map(|part| part.split(" - ")).find_map(find))
}
