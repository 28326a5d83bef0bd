//! The descriptions that the router ships with.

use super::description::Description;
use std::sync::LazyLock;

/// The files, by id.
pub const FILES: [(&str, &str); 2] = [
    ("pdl_company", include_str!("../../../providers/pdl_company.json")),
    ("pdl_person", include_str!("../../../providers/pdl_person.json")),
];

static ALL: LazyLock<Vec<Description>> =
    LazyLock::new(|| FILES.iter().filter_map(|(_, text)| Description::parse(text).ok()).collect());

/// Every shipped description, by id.
#[must_use]
pub fn all() -> &'static [Description] {
    &ALL
}

/// The shipped description with this id, or `None`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Description> {
    ALL.iter().find(|description| description.id.as_str() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_sound_and_named_after_its_id() {
        for (id, text) in FILES {
            let description = Description::parse(text).unwrap();
            assert_eq!(description.id.as_str(), id);
        }
        assert_eq!(all().len(), FILES.len());
        assert!(find("nobody").is_none());
    }
}
