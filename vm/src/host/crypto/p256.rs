//! Verifies ECDSA signatures over secp256r1 (P-256), as passkeys make them.
//!
//! Specification: docs/spec/host.md, "Functions".

use crate::host::call::AdmittedCall;
use crate::host::{Halt, Reply, bool_reply};
use ::p256::ecdsa::signature::hazmat::PrehashVerifier;
use ::p256::ecdsa::{Signature, VerifyingKey};

/// True if `signature` (r, s; 32 bytes each, big-endian) over `digest` is by `key`.
///
/// r and s are in [1, n-1]; a high s is accepted, so that a signature has a second form. The key
/// is SEC1: 33 bytes that begin with 2 or 3, or 65 that begin with 4, coordinates below p, a point
/// of the curve. Anything else returns false.
#[must_use]
pub fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8]) -> bool {
    if !is_acceptable_signature(signature) || !is_acceptable_key(key) {
        return false;
    }
    // Both decoders check again what is above; the first also that the point is on the curve.
    let Ok(key) = VerifyingKey::from_sec1_bytes(key) else {
        return false;
    };
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

/// True if r and s are in [1, n-1].
fn is_acceptable_signature(signature: &[u8; 64]) -> bool {
    let (halves, _) = signature.as_chunks::<32>();
    // Big-endian arrays compare like the numbers that they encode.
    halves.iter().all(|half| *half != [0; 32] && *half < ORDER)
}

/// True if the form, the length and the range of the coordinates are right; the point may not be
/// on the curve.
fn is_acceptable_key(key: &[u8]) -> bool {
    let (form, coordinates) = match key {
        [form, rest @ ..] => (*form, rest.as_chunks::<32>()),
        [] => return false,
    };
    match (form, coordinates) {
        (2 | 3, ([x], [])) => *x < PRIME,
        (4, ([x, y], [])) => *x < PRIME && *y < PRIME,
        _ => false,
    }
}

pub(in crate::host) fn call_p256(call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    let (digest, signature) = (call.fixed(0)?, call.fixed(1)?);
    Ok(bool_reply(p256_verify(digest, signature, call.bytes(2)?)))
}

/// Order n of the group of secp256r1, big-endian (SEC 2, 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Prime p of the field of secp256r1, big-endian.
const PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];
