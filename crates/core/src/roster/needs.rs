//! Which members match what a lead asks for: languages, territories, skills.

use std::collections::BTreeMap;

/// A set of members of a team, by their position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Members(Vec<u64>);

impl Members {
    /// The empty set for a team of `len` members.
    pub fn none(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// Adds a member.
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= bit(index);
        }
    }

    /// Whether the member is in.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & bit(index) != 0)
    }

    /// Everybody else. Places past the end of the team mean nothing and may be in.
    pub fn inverted(mut self) -> Self {
        self.0.iter_mut().for_each(|word| *word = !*word);
        self
    }

    /// Keeps those who are in `other` too.
    pub fn intersect(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }
}

const fn bit(index: usize) -> u64 {
    1 << (index % 64)
}

/// Who lists which codes.
#[derive(Debug, Default)]
pub(super) struct Listing {
    len: usize,
    /// Members who list nothing.
    silent: Members,
    /// Members by code.
    by_code: BTreeMap<String, Vec<u32>>,
}

impl Listing {
    /// A listing for a team of `len` members.
    pub fn new(len: usize) -> Self {
        Self { len, silent: Members::none(len), by_code: BTreeMap::new() }
    }

    /// Notes what a member lists.
    pub fn add<'a>(&mut self, index: u32, codes: impl IntoIterator<Item = &'a str>) {
        let mut is_silent = true;
        for code in codes {
            is_silent = false;
            match self.by_code.get_mut(code) {
                Some(members) => members.push(index),
                None => drop(self.by_code.insert(code.to_owned(), vec![index])),
            }
        }
        if is_silent {
            self.silent.insert(index as usize);
        }
    }

    /// Members who list the code.
    pub fn listing(&self, code: &str) -> Members {
        let mut members = Members::none(self.len);
        for index in self.by_code.get(code).into_iter().flatten() {
            members.insert(*index as usize);
        }
        members
    }

    /// Members who list the code, or nothing at all.
    pub fn taking(&self, code: &str) -> Members {
        let mut members = self.silent.clone();
        for index in self.by_code.get(code).into_iter().flatten() {
            members.insert(*index as usize);
        }
        members
    }

    /// Members who list every one of the codes; `None` when there are no codes, so that everybody does.
    pub fn listing_all(&self, codes: &[String]) -> Option<Members> {
        let (first, rest) = codes.split_first()?;
        let mut members = self.listing(first);
        for code in rest {
            members.intersect(&self.listing(code));
        }
        Some(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        let mut listing = Listing::new(130);
        listing.add(0, []);
        listing.add(1, ["de"]);
        listing.add(64, ["en", "de"]);
        listing.add(129, ["en"]);
        listing
    }

    fn found(members: &Members) -> Vec<usize> {
        (0..200).filter(|index| members.contains(*index)).collect()
    }

    #[test]
    fn who_lists_nothing_takes_everything() {
        assert_eq!(found(&listing().taking("de")), vec![0, 1, 64]);
        assert_eq!(found(&listing().taking("fr")), vec![0]);
    }

    #[test]
    fn who_lists_nothing_is_not_known_to_have_it() {
        assert_eq!(found(&listing().listing("en")), vec![64, 129]);
        assert_eq!(found(&listing().listing_all(&["en".to_owned(), "de".to_owned()]).unwrap()), vec![64]);
        assert_eq!(listing().listing_all(&[]), None);
    }
}
