//! Links that let a rep answer from a message which has no buttons: signed, and good for a week.
//!
//! Whoever has the link may use it, as whoever reads the rep's mail could answer it. It names one decision about one lead,
//! so it is worth nothing once the lead was decided again.

use crate::id::{LeadId, RepId};
use crate::notify::rep_action::RepActionKind;
use crate::time::{DAY_MS, Timestamp};
use crate::webhook::verify::{Algorithm, mac};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use subtle::{Choice, ConstantTimeEq};

/// How long a link is good after the decision, in milliseconds: a week, which outlasts a holiday weekend.
pub const LINK_MS: i64 = 7 * DAY_MS;

/// Longest token that is read, in bytes: two ids of 64 bytes each, the rest, and base64.
const TOKEN_BYTES_MAX: usize = 400;

/// What keeps these signatures apart from others with the same key.
const PURPOSE: &[u8] = b"lead-link/1\0";

/// Stands between the parts; no id can have it.
const BETWEEN: char = '~';

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The lead.
    pub lead_id: LeadId,
    /// Number of the decision.
    pub decision_no: u32,
    /// What is to be done.
    pub kind: RepActionKind,
    /// Whom the link was sent to.
    pub rep_id: RepId,
    /// When it ends.
    pub until: Timestamp,
}

/// Why a link is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRefusal {
    /// It was not made here.
    Bad,
    /// It was good once.
    Ended,
}

impl Ticket {
    /// The token with this key: letters, digits, `-`, `_` and a dot. The same ticket gives the same token.
    #[must_use]
    pub fn token(&self, key: &[u8]) -> String {
        let until_s = self.until.as_ms().div_euclid(1_000);
        let (kind, between) = (self.kind.as_str(), BETWEEN);
        let Self { lead_id, decision_no, rep_id, .. } = self;
        let text = format!("{lead_id}{between}{decision_no}{between}{kind}{between}{rep_id}{between}{until_s}");
        let said = Base64UrlUnpadded::encode_string(text.as_bytes());
        let signature = sign(key, &said);
        format!("{said}.{signature}")
    }

    /// Reads a token that one of the keys made.
    ///
    /// # Errors
    /// [`LinkRefusal`].
    pub fn read(token: &str, keys: &[Vec<u8>], now: Timestamp) -> Result<Self, LinkRefusal> {
        let (said, given) = token.split_once('.').ok_or(LinkRefusal::Bad)?;
        // Every key is tried, so that the time does not tell which one came close.
        let found =
            keys.iter().fold(Choice::from(0), |found, key| found | sign(key, said).as_bytes().ct_eq(given.as_bytes()));
        if token.len() > TOKEN_BYTES_MAX || !bool::from(found) {
            return Err(LinkRefusal::Bad);
        }
        let ticket = Self::of(said).ok_or(LinkRefusal::Bad)?;
        if ticket.until <= now { Err(LinkRefusal::Ended) } else { Ok(ticket) }
    }

    fn of(said: &str) -> Option<Self> {
        let text = String::from_utf8(Base64UrlUnpadded::decode_vec(said).ok()?).ok()?;
        let mut parts = text.split(BETWEEN);
        let lead_id = LeadId::new(parts.next()?).ok()?;
        let decision_no = parts.next()?.parse().ok()?;
        let kind = RepActionKind::from_name(parts.next()?)?;
        let rep_id = RepId::new(parts.next()?).ok()?;
        let until_s: i64 = parts.next()?.parse().ok()?;
        let until = Timestamp::from_ms(until_s.saturating_mul(1_000));
        parts.next().is_none().then_some(Self { lead_id, decision_no, kind, rep_id, until })
    }
}

fn sign(key: &[u8], said: &str) -> String {
    Base64UrlUnpadded::encode_string(&mac(Algorithm::Sha256, key, &[PURPOSE, said.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            lead_id: LeadId::new("105f882b60e2c205-c75bae1d59-1cd0de42ca21").unwrap(),
            decision_no: 2,
            kind: RepActionKind::Decline,
            rep_id: RepId::new("jonas.weidmann@acme").unwrap(),
            until: Timestamp::from_ms(1_767_323_045_000),
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_of_until_it_ends() {
        let token = ticket().token(b"key");
        let read = |now_ms: i64| Ticket::read(&token, &[b"old".to_vec(), b"key".to_vec()], Timestamp::from_ms(now_ms));
        assert_eq!(read(1_767_323_044_999), Ok(ticket()));
        assert_eq!(read(1_767_323_045_000), Err(LinkRefusal::Ended));
    }

    #[test]
    fn no_other_key_and_no_changed_letter_is_taken() {
        let token = ticket().token(b"key");
        let now = Timestamp::from_ms(0);
        assert_eq!(Ticket::read(&token, &[b"other".to_vec()], now), Err(LinkRefusal::Bad));
        assert_eq!(Ticket::read(&token, &[], now), Err(LinkRefusal::Bad));
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(Ticket::read(&changed, &[b"key".to_vec()], now), Err(LinkRefusal::Bad), "{place}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", ".", "a.b", "é.é", &"a".repeat(1_000)] {
            assert_eq!(Ticket::read(text, &[b"key".to_vec()], Timestamp::from_ms(0)), Err(LinkRefusal::Bad));
        }
        let signed = |text: &str| {
            let said = Base64UrlUnpadded::encode_string(text.as_bytes());
            format!("{said}.{}", sign(b"key", &said))
        };
        for text in
            ["", "l~1~accept~r", "l~1~steal~r~9999999999", "l~1~accept~r~9999999999~x", "l l~1~accept~r~9999999999"]
        {
            let refused = Ticket::read(&signed(text), &[b"key".to_vec()], Timestamp::from_ms(0));
            assert_eq!(refused, Err(LinkRefusal::Bad), "{text}");
        }
    }
}
