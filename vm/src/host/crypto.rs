//! Computes hashes and verifies signatures, with our own checks of the encodings.
//!
//! The checks define byte by byte which signatures are accepted, so that an upgrade of a crate, or
//! another crate, cannot accept more. Malformed input returns false, never a trap. The node
//! verifies transactions with the same functions.
//!
//! Specification: docs/spec/host.md, "Functions".

mod bls12_381;

mod bn254;

mod curve;

mod curve_known_answers;

mod curve_calls;

mod hash;

mod known_answers;

mod p256;

pub use bls12_381::{
    bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm, bls12_381_map_fp_to_g1,
    bls12_381_map_fp2_to_g2, bls12_381_pairing_check,
};
pub use bn254::{bn254_add, bn254_mul, bn254_pairing_check};
pub use hash::{blake3, ripemd160, sha512};
pub use p256::p256_verify;

pub use known_answers::known_answers;

pub(crate) use known_answers::{BACKEND, Backend};

pub(super) use curve_calls::{
    call_bls12_381_pairing, call_bn254_add, call_bn254_mul, call_bn254_pairing, call_g1_add,
    call_g1_msm, call_g2_add, call_g2_msm, call_map_fp, call_map_fp2,
};
pub(super) use hash::{call_blake3, call_ripemd160, call_sha512};
pub(super) use p256::call_p256;

#[cfg(test)]
pub(crate) use known_answers::tests::WRONG;

use crate::host::call::AdmittedCall;
use crate::host::{Halt, Reply, bool_reply};
use crate::work::{self, WorkKind};
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey as Ed25519Key};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{RecoveryId, Signature as Secp256k1Signature, VerifyingKey as Secp256k1Key};
use sha2::{Digest, Sha256};
use sha3::Keccak256;

/// SHA-256 of `data` (FIPS 180-4).
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    work::add(WorkKind::Hashed, data.len());
    Sha256::digest(data).into()
}

/// Keccak-256 of `data`, with the padding of Keccak (0x01) as in Ethereum, not that of SHA-3.
#[must_use]
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    work::add(WorkKind::Hashed, data.len());
    Keccak256::digest(data).into()
}

/// True if `signature` (r, s; 32 bytes each, big-endian) over `digest` is by the compressed `key`.
///
/// r and s are in [1, n-1], s is at most n/2, the key starts with 2 or 3 and encodes a point of the
/// curve with an x below p; anything else returns false.
#[must_use]
pub fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8; 33]) -> bool {
    let [2 | 3, x @ ..] = key else { return false };
    if !is_acceptable_signature(signature) || *x >= SECP256K1_PRIME {
        return false;
    }
    let Ok(key) = Secp256k1Key::from_sec1_bytes(key) else {
        return false;
    };
    let Ok(signature) = Secp256k1Signature::from_slice(signature) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

/// The compressed key that made `signature` (r, s; as in [`secp256k1_verify`]) over `digest`.
///
/// `id` is 0 or 1, the parity of the y of the signature's point. Its x is r itself, so ids 2 and 3
/// (an x of n or more) return `None`. The key is `(s R - digest G) / r`, unless that is the
/// point at infinity.
#[must_use]
pub fn secp256k1_recover(digest: &[u8; 32], signature: &[u8; 64], id: u32) -> Option<[u8; 33]> {
    let y_is_odd = match id {
        0 => false,
        1 => true,
        _ => return None,
    };
    if !is_acceptable_signature(signature) {
        return None;
    }
    let signature = Secp256k1Signature::from_slice(signature).ok()?;
    let id = RecoveryId::new(y_is_odd, false);
    let key = Secp256k1Key::recover_from_prehash(digest, &signature, id).ok()?;
    key.to_sec1_point(true).as_bytes().try_into().ok()
}

/// True if r is in [1, n-1] and s is in [1, n/2].
fn is_acceptable_signature(signature: &[u8; 64]) -> bool {
    let (halves, _) = signature.as_chunks::<32>();
    let [r, s] = halves else { return false };
    // Big-endian arrays compare like the numbers that they encode.
    *r != [0; 32] && *r < SECP256K1_ORDER && *s != [0; 32] && *s <= SECP256K1_HALF_ORDER
}

/// True if `signature` (R, s) over `message` is by `key`, RFC 8032 in its strict reading.
///
/// R and the key are canonical encodings of points that are not of small order, s is below L, and
/// the equation s B = R + k A is true without a cofactor; anything else returns false.
#[must_use]
pub fn ed25519_verify(message: &[u8], signature: &[u8; 64], key: &[u8; 32]) -> bool {
    let (halves, _) = signature.as_chunks::<32>();
    let [r, s] = halves else { return false };
    if !is_acceptable_point(r) || !is_acceptable_point(key) || !is_below(s, &ED25519_ORDER) {
        return false;
    }
    let Ok(key) = Ed25519Key::from_bytes(key) else {
        return false;
    };
    key.verify_strict(message, &Ed25519Signature::from_bytes(signature))
        .is_ok()
}

/// True unless the encoding is non-canonical or of small order; the point may not be on the curve.
///
/// The other non-canonical form, the sign bit set with x = 0, has y = 1 or -1, which is of small
/// order.
fn is_acceptable_point(encoding: &[u8; 32]) -> bool {
    let mut y = *encoding;
    let [.., last] = &mut y;
    *last &= 0x7f;
    is_below(&y, &ED25519_PRIME) && !ED25519_SMALL_ORDER.contains(&y)
}

/// True if `value < bound` as little-endian numbers.
fn is_below(value: &[u8; 32], bound: &[u8; 32]) -> bool {
    value.iter().rev().lt(bound.iter().rev())
}

pub(super) fn call_sha256(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let digest = sha256(call.bytes(0)?);
    call.write(1, &digest)?;
    Ok(Reply::Resume(None))
}

pub(super) fn call_keccak256(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let digest = keccak256(call.bytes(0)?);
    call.write(1, &digest)?;
    Ok(Reply::Resume(None))
}

/// Writes the recovered key; writes nothing if there is none.
pub(super) fn call_recover(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let id = u32::try_from(call.number(2)?).unwrap_or(u32::MAX);
    match secp256k1_recover(call.fixed(0)?, call.fixed(1)?, id) {
        Some(key) => {
            call.write(3, &key)?;
            Ok(bool_reply(true))
        }
        None => Ok(bool_reply(false)),
    }
}

pub(super) fn call_secp256k1(call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    Ok(bool_reply(secp256k1_verify(
        call.fixed(0)?,
        call.fixed(1)?,
        call.fixed(2)?,
    )))
}

pub(super) fn call_ed25519(call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    Ok(bool_reply(ed25519_verify(
        call.bytes(0)?,
        call.fixed(1)?,
        call.fixed(2)?,
    )))
}

/// Order of the group of secp256k1, big-endian (SEC 2, 2.4.1).
const SECP256K1_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// Half of it, rounded down: the greatest s that is not malleable.
const SECP256K1_HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Prime of the field of secp256k1, big-endian.
const SECP256K1_PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfc, 0x2f,
];

/// Prime 2^255 - 19 of the field of Ed25519, little-endian.
const ED25519_PRIME: [u8; 32] = [
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
];

/// Order L of the group of Ed25519, little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// The y of all points of order 1, 2, 4 and 8, little-endian: 0, 1, -1 and the two of order 8. A
/// point is of small order if and only if its y is one of them, whatever its sign.
const ED25519_SMALL_ORDER: [[u8; 32]; 5] = [
    [
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00,
    ],
    [
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];
