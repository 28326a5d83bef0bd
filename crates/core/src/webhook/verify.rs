//! Signatures and secrets of senders.
//!
//! A signature is compared as text: the expected bytes are encoded, never the given text decoded, so one signature has
//! one spelling (two in hexadecimal, by letter case). Every comparison takes the same time wherever the texts differ, and
//! every secret in force is tried, so that the time does not tell which one came close.

use crate::hash::hex;
use crate::time::{MINUTE_MS, Timestamp};
use crate::webhook::incoming::Incoming;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How far the moment of a signature may be from now, in milliseconds: 5 minutes, as `HubSpot`, Webflow and the
/// Standard Webhooks libraries have it.
pub const WINDOW_MS: i64 = 5 * MINUTE_MS;

/// The hash inside an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1: only where the vendor offers nothing else.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// How the bytes of an HMAC are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal; letter case makes no difference.
    Hex,
    /// Base64 with padding (RFC 4648, section 4).
    Base64,
}

/// HMAC of some parts, one after the other.
#[must_use]
pub fn mac(algorithm: Algorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => digest::<Hmac<Sha1>>(key, parts),
        Algorithm::Sha256 => digest::<Hmac<Sha256>>(key, parts),
    }
}

fn digest<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of every length; the type cannot say so.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// HMAC as text.
#[must_use]
pub fn encoded(encoding: Encoding, mac: &[u8]) -> String {
    match encoding {
        Encoding::Hex => hex(mac),
        Encoding::Base64 => Base64::encode_string(mac),
    }
}

/// The key inside a secret in base64, or `None` when it is not base64.
#[must_use]
pub fn decoded(base64: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(base64).ok()
}

/// Whether two texts are equal, in a time that depends on their lengths alone.
#[must_use]
pub fn same(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// Whether a text is one of the secrets, in a time that does not tell which one came close. No secret is empty.
#[must_use]
pub fn is_one_of(given: &str, secrets: &[&str]) -> bool {
    let given = given.as_bytes();
    secrets.iter().fold(Choice::from(0), |found, secret| found | given.ct_eq(secret.as_bytes())).into()
}

/// How a sender signs.
#[derive(Debug, Clone, Copy)]
pub struct Scheme<'a> {
    /// Hash.
    pub algorithm: Algorithm,
    /// Encoding.
    pub encoding: Encoding,
    /// What stands before the signature in its header.
    pub prefix: &'a str,
}

/// HMAC-SHA256 in base64 without a prefix, the most frequent scheme.
pub const SHA256_BASE64: Scheme<'static> =
    Scheme { algorithm: Algorithm::Sha256, encoding: Encoding::Base64, prefix: "" };

/// HMAC-SHA256 in hexadecimal without a prefix.
pub const SHA256_HEX: Scheme<'static> = Scheme { algorithm: Algorithm::Sha256, encoding: Encoding::Hex, prefix: "" };

impl Scheme<'_> {
    /// The signature with one key, as the header has it.
    #[must_use]
    pub fn sign(&self, key: &[u8], parts: &[&[u8]]) -> String {
        format!("{}{}", self.prefix, encoded(self.encoding, &mac(self.algorithm, key, parts)))
    }

    /// Lets a signature pass that one of the keys made.
    ///
    /// # Errors
    /// `malformed_signature` when no signature of this scheme looks like it, `bad_signature` when it is another one.
    pub fn check(&self, given: &str, keys: &[Vec<u8>], parts: &[&[u8]]) -> Result<(), Refusal> {
        let bare = given.strip_prefix(self.prefix).ok_or_else(Refusal::malformed_signature)?;
        let given = match self.encoding {
            Encoding::Hex => bare.to_ascii_lowercase(),
            Encoding::Base64 => bare.to_owned(),
        };
        let mut found = Choice::from(0);
        let mut length = 0;
        for key in keys {
            let expected = encoded(self.encoding, &mac(self.algorithm, key, parts));
            length = expected.len();
            found |= given.as_bytes().ct_eq(expected.as_bytes());
        }
        match bool::from(found) {
            true => Ok(()),
            false if given.len() != length => Err(Refusal::malformed_signature()),
            false => Err(Refusal::bad_signature()),
        }
    }

    /// Lets a request pass whose header holds the signature of its body.
    ///
    /// # Errors
    /// Those of [`Self::check`], `missing_signature` without the header, `not_set_up` without the secret.
    pub fn check_body(
        &self,
        incoming: &Incoming<'_>,
        header: &'static str,
        settings: &SenderSettings,
        secret: &'static str,
    ) -> Result<(), Refusal> {
        let keys = settings.keys(secret)?;
        self.check(incoming.signature(header)?, &keys, &[incoming.body])
    }
}

/// Lets a moment pass that is at most `window_ms` away from now, before or after: clocks differ both ways.
///
/// # Errors
/// `stale_timestamp`.
pub fn check_fresh(now: Timestamp, at_ms: i64, window_ms: i64) -> Result<(), Refusal> {
    let is_fresh = now.as_ms().saturating_sub(at_ms).unsigned_abs() <= window_ms.unsigned_abs();
    if is_fresh { Ok(()) } else { Err(Refusal::stale_timestamp()) }
}

/// A whole number of digits alone, as timestamps in headers are.
///
/// # Errors
/// `malformed_signature` for anything else.
pub fn digits(text: &str) -> Result<i64, Refusal> {
    let is_number = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.ok_or_else(Refusal::malformed_signature)
}
