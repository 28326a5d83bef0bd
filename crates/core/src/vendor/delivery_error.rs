//! Why an effect outside did not happen, and when it is tried again.

use crate::error::Remedy;
use crate::time::{HOUR_MS, MINUTE_MS};
use serde::{Deserialize, Serialize};

/// Why an effect outside did not happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum DeliveryError {
    /// The same call may work later. Whether it had an effect is not known.
    Retryable {
        /// Stable code, such as `rate_limited` or `unreachable`.
        code: String,
        /// Earliest time of the next try in milliseconds from now, when the vendor says one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u32>,
    },
    /// It will not work as it stands: a person has to look.
    Permanent {
        /// Stable code, such as `token_refused` or `unknown_owner`.
        code: String,
        /// What has to be changed, for the person who operates this; never lead data.
        message: String,
        /// Whether a setting, a permission or the roster is at fault, rather than this one lead.
        config: bool,
    },
}

impl DeliveryError {
    /// The same call may work later.
    #[must_use]
    pub fn retryable(code: &str, after_ms: Option<u32>) -> Self {
        Self::Retryable { code: code.to_owned(), after_ms }
    }

    /// An operator has to change a setting, a permission or the roster.
    #[must_use]
    pub fn config(code: &str, message: impl Into<String>) -> Self {
        Self::Permanent { code: code.to_owned(), message: message.into(), config: true }
    }

    /// The vendor does not take this one lead.
    #[must_use]
    pub fn lead(code: &str, message: impl Into<String>) -> Self {
        Self::Permanent { code: code.to_owned(), message: message.into(), config: false }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Retryable { code, .. } | Self::Permanent { code, .. } => code,
        }
    }

    /// Who has to act.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Retryable { after_ms, .. } => Remedy::Retry { after_ms: *after_ms },
            Self::Permanent { config: true, .. } => Remedy::FixConfig,
            Self::Permanent { config: false, .. } => Remedy::FixRequest,
        }
    }
}

/// Pauses before the second, third … try, in milliseconds: 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 6 h, 10 h. Together
/// a little more than a day: a vendor that is away for a night comes back before anybody gives up.
const PAUSES_MS: [i64; 9] =
    [5_000, 30_000, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, 6 * HOUR_MS, 10 * HOUR_MS];

/// Longest pause that the queue can keep a message for, in milliseconds: 12 hours.
pub const PAUSE_MS_MAX: i64 = 12 * HOUR_MS;

/// How long to wait before the next try of an effect that was tried `tries` times, at least once; `None` when it is given
/// up, after the last of nine pauses.
///
/// The upper half of each pause is drawn by `chance` (0 to 65,535 for none to all of it), so that what failed together does
/// not come back together. `asked_ms`, what the vendor asked for, is waited for in any case, up to [`PAUSE_MS_MAX`].
#[must_use]
pub fn next_try_ms(tries: u32, asked_ms: Option<u32>, chance: u16) -> Option<i64> {
    let place = usize::try_from(tries.saturating_sub(1)).ok()?;
    let pause = *PAUSES_MS.get(place)?;
    let half = pause.div_euclid(2);
    let drawn = half.saturating_mul(i64::from(chance)).div_euclid(i64::from(u16::MAX));
    let own = half.saturating_add(drawn);
    Some(own.max(asked_ms.map_or(0, i64::from)).min(PAUSE_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let least: Vec<_> = (1..=9).map(|tries| next_try_ms(tries, None, 0).unwrap()).collect();
        let most: Vec<_> = (1..=9).map(|tries| next_try_ms(tries, None, u16::MAX).unwrap()).collect();
        assert_eq!(most, PAUSES_MS);
        assert!(least.iter().zip(&most).all(|(least, most)| least * 2 == *most));
        assert_eq!(next_try_ms(10, None, 0), None);
        assert!(PAUSES_MS.iter().sum::<i64>() > 24 * HOUR_MS);
    }

    #[test]
    fn a_vendor_is_not_asked_before_the_time_it_names() {
        assert_eq!(next_try_ms(1, Some(60_000), 0), Some(60_000));
        assert_eq!(next_try_ms(4, Some(1_000), 0), Some(5 * MINUTE_MS));
        assert_eq!(next_try_ms(1, Some(u32::MAX), 0), Some(PAUSE_MS_MAX));
    }
}
