//! Numbers that look random and are a function of a seed.

use oorandom::Rand64;

/// A stream of numbers: PCG.
#[derive(Debug, Clone)]
pub struct Random(Rand64);

/// Largest mean that is drawn in one piece; larger ones are sums of such pieces.
const POISSON_PIECE: f64 = 16.0;

impl Random {
    /// The stream of a seed and a purpose, so that one purpose does not shift the numbers of another.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let stream = purpose.bytes().fold(0_u128, |stream, byte| stream.rotate_left(8) ^ u128::from(byte));
        Self(Rand64::new_inc(seed.into(), stream))
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0.rand_u64()
    }

    /// A number from 0 up to and not including 1.
    pub fn unit(&mut self) -> f64 {
        self.0.rand_float()
    }

    /// A whole number from 0 up to and not including `count`; 0 for a count of 0.
    pub fn below(&mut self, count: u64) -> u64 {
        if count == 0 { 0 } else { self.0.rand_range(0..count) }
    }

    /// Whether something happens that happens with this probability in percent.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of the items; `None` when there is none.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(items.len()).unwrap_or(0);
        usize::try_from(self.below(count)).ok().and_then(|index| items.get(index))
    }

    /// One of the items by weight; `None` when all weights are 0.
    pub fn weighted<'a, T>(&mut self, items: &'a [(T, u32)]) -> Option<&'a T> {
        let total = items.iter().fold(0_u64, |sum, (_, weight)| sum.saturating_add(u64::from(*weight)));
        let mut left = self.below(total);
        for (item, weight) in items {
            let weight = u64::from(*weight);
            if left < weight {
                return Some(item);
            }
            left = left.saturating_sub(weight);
        }
        None
    }

    /// A waiting time with this mean, exponentially distributed.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// A count with this mean, Poisson distributed.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let mut left = mean.max(0.0);
        let mut count = 0_u32;
        while left > 0.0 {
            let piece = left.min(POISSON_PIECE);
            left -= piece;
            let limit = (-piece).exp();
            let mut product = self.unit();
            while product > limit {
                count = count.saturating_add(1);
                product *= self.unit();
            }
        }
        count
    }

    /// Brings items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let bound = u64::try_from(end).unwrap_or(0).saturating_add(1);
            let other = usize::try_from(self.below(bound)).unwrap_or(0);
            items.swap(end, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_make_one_stream() {
        let draw = |seed, purpose| Random::new(seed, purpose).next_u64();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }

    #[test]
    fn means_are_what_they_should_be() {
        let mut random = Random::new(7, "means");
        let draws = 20_000_u32;
        let mean = |sum: f64| sum / f64::from(draws);
        for expected in [0.3, 4.0, 40.0] {
            let counts = mean((0..draws).map(|_| f64::from(random.poisson(expected))).sum());
            assert!((counts - expected).abs() < 0.05 * expected + 0.02, "{counts} for {expected}");
            let waits = mean((0..draws).map(|_| random.exponential(expected)).sum());
            assert!((waits - expected).abs() < 0.05 * expected, "{waits} for {expected}");
        }
        assert_eq!(random.poisson(0.0), 0);
    }

    #[test]
    fn weights_and_limits_hold() {
        let mut random = Random::new(7, "weights");
        let items = [("never", 0), ("one", 1), ("three", 3)];
        let picked: Vec<&str> = (0..4_000).filter_map(|_| random.weighted(&items).copied()).collect();
        let count = |name: &str| picked.iter().filter(|picked| **picked == name).count();
        assert_eq!((picked.len(), count("never")), (4_000, 0));
        assert!((900..1_100).contains(&count("one")), "{}", count("one"));
        assert_eq!(random.weighted(&[("never", 0)]), None);
        assert_eq!(random.one_of::<u8>(&[]), None);
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Random::new(3, "shuffle").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
