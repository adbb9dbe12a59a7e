//! Checks an assertion of WebAuthn: what the authenticator signed, and what the client wrote.
//!
//! The client data is compared as text: the standard fixes its order and its bytes (WebAuthn level
//! 3, 5.8.1.1 and 5.8.1.2, the limited verification algorithm), so no JSON is decoded.

use sdk::{Vec, env};

use crate::passkey::{Assertion, PasskeyError, PasskeyKey};

/// Length of the authenticator data without extensions: the hash of the relying party, flags, a
/// counter.
const AUTHENTICATOR_BYTES_MIN: usize = 37;
/// The flag of a user's presence.
const USER_PRESENT: u8 = 1;

const BEFORE_CHALLENGE: &[u8] = br#"{"type":"webauthn.get","challenge":""#;
const BEFORE_ORIGIN: &[u8] = br#"","origin":""#;
/// The page was not embedded in one of another origin; more members may follow.
const SAME_ORIGIN: &[u8] = br#"","crossOrigin":false"#;
/// A client of level 1 writes no such member.
const END: &[u8] = br#""}"#;

/// True if the key has the length and first byte of a SEC1 encoding, and the origin consists of
/// characters that a client writes as they are.
pub(crate) fn is_acceptable_key(key: &PasskeyKey) -> bool {
    let form = (key.point.len(), key.point.first());
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    matches!(form, (33, Some(2 | 3)) | (65, Some(4)))
        && !key.origin.is_empty()
        && key.origin.bytes().all(is_plain)
}

/// Checks all but the signature first, which is cheap.
pub(crate) fn check(
    key: &PasskeyKey,
    challenge: &[u8; 32],
    assertion: &Assertion,
) -> Result<(), PasskeyError> {
    let data = &assertion.authenticator_data;
    let is_present = data.get(32).is_some_and(|flags| flags & USER_PRESENT != 0);
    if data.len() < AUTHENTICATOR_BYTES_MIN
        || !data.starts_with(&key.relying_party_hash)
        || !is_present
    {
        return Err(PasskeyError::BadAuthenticator);
    }
    if !is_client_data(&assertion.client_data, challenge, &key.origin) {
        return Err(PasskeyError::BadClientData);
    }
    let mut signed = data.clone();
    signed.extend_from_slice(&env::sha256(&assertion.client_data));
    let digest = env::sha256(&signed);
    if env::p256_verify(&digest, &assertion.signature, &key.point) {
        Ok(())
    } else {
        Err(PasskeyError::BadSignature)
    }
}

fn is_client_data(text: &[u8], challenge: &[u8; 32], origin: &str) -> bool {
    let rest = text.strip_prefix(BEFORE_CHALLENGE);
    let rest = rest.and_then(|rest| rest.strip_prefix(base64url(challenge).as_slice()));
    let rest = rest.and_then(|rest| rest.strip_prefix(BEFORE_ORIGIN));
    let rest = rest.and_then(|rest| rest.strip_prefix(origin.as_bytes()));
    rest.is_some_and(|rest| {
        let more = rest.strip_prefix(SAME_ORIGIN);
        rest == END || more.is_some_and(|more| matches!(more, [b'}'] | [b',', ..]))
    })
}

/// The hash in base64url without padding (RFC 4648, 5): 43 characters.
fn base64url(hash: &[u8; 32]) -> Vec<u8> {
    let mut text = Vec::with_capacity(43);
    for part in hash.chunks(3) {
        let mut bytes = part.iter().map(|byte| u32::from(*byte));
        let mut next = || bytes.next().unwrap_or_default();
        let bits = next() << 16 | next() << 8 | next();
        let digits = [bits >> 18, bits >> 12, bits >> 6, bits].map(|bits| digit(bits & 63));
        // A part of n bytes has n + 1 digits; the last part of the hash has two bytes.
        text.extend(digits.iter().take(part.len().saturating_add(1)));
    }
    text
}

/// A digit of base64url, of a number below 64.
fn digit(number: u32) -> u8 {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = usize::try_from(number).unwrap_or_default();
    DIGITS.get(index).copied().unwrap_or_default()
}
