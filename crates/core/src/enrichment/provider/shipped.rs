//! The descriptions that the router ships with.

use crate::enrichment::provider::description::Description;
use std::sync::OnceLock;

macro_rules! files {
    ($($id:literal)*) => {
        /// The files, by id.
        pub const FILES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../../../../providers/", $id, ".json"))),)*];

        // Each is read when it is first asked for: a router uses few of them.
        static READ: [OnceLock<Option<Description>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];
    };
}

files! {
    "abstract_company"
    "apollo_company"
    "apollo_person"
    "brightdata_person"
    "builtwith"
    "clearbit_combined"
    "crunchbase"
    "databar_company"
    "databar_person"
    "fullcontact_company"
    "fullcontact_person"
    "hunter_combined"
    "hunter_company"
    "hunter_verifier"
    "icypeas_person"
    "lusha_person"
    "neverbounce"
    "pdl_company"
    "pdl_person"
    "prospeo_person"
    "zerobounce"
    "zoominfo_company"
    "zoominfo_person"
}

/// Every shipped description, by id.
pub fn all() -> impl Iterator<Item = &'static Description> {
    FILES.iter().filter_map(|(id, _)| find(id))
}

/// The shipped description with this id, or `None`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Description> {
    let place = FILES.binary_search_by_key(&id, |(id, _)| id).ok()?;
    let (_, text) = FILES.get(place)?;
    let read = READ.get(place)?;
    read.get_or_init(|| Description::parse(text).ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_sound_and_named_after_its_id() {
        for (id, text) in FILES {
            let description = Description::parse(text).unwrap_or_else(|problems| panic!("{id}: {problems:#?}"));
            assert_eq!(description.id.as_str(), *id);
        }
        assert!(FILES.is_sorted_by_key(|(id, _)| id));
        assert_eq!(all().count(), FILES.len());
        assert!(find("nobody").is_none());
    }
}
