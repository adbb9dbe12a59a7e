//! Verifies signatures for the mock by the rules of the host.
//!
//! The predicates of the host are normative; these follow the same text, with the same crates.

use ed25519_dalek::VerifyingKey;
use k256::ecdsa::{
    RecoveryId, Signature, VerifyingKey as Secp256k1Key, signature::hazmat::PrehashVerifier,
};
use p256::ecdsa::VerifyingKey as P256Key;

/// r and s in range, low s, a compressed key.
pub(crate) fn secp256k1(digest: &[u8; 32], signature: &[u8; 64], key: &[u8; 33]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    let Ok(key) = Secp256k1Key::from_sec1_bytes(key) else {
        return false;
    };
    let low_s = signature.normalize_s() == signature;
    low_s && key.verify_prehash(digest, &signature).is_ok()
}

/// The compressed key that made a signature: r and s in range, low s, recovery id 0 or 1.
pub(crate) fn secp256k1_recover(
    digest: &[u8; 32],
    signature: &[u8; 64],
    id: u8,
) -> Option<[u8; 33]> {
    let signature = Signature::from_slice(signature).ok()?;
    let id = RecoveryId::from_byte(id).filter(|id| !id.is_x_reduced())?;
    if signature.normalize_s() != signature {
        return None;
    }
    let key = Secp256k1Key::recover_from_prehash(digest, &signature, id).ok()?;
    key.to_sec1_point(true).as_bytes().try_into().ok()
}

/// r and s in range, high s too; a SEC1 key of 33 or 65 bytes that is not hybrid.
pub(crate) fn p256(digest: &[u8; 32], signature: &[u8; 64], key: &[u8]) -> bool {
    let (Some(2..=4), Ok(key)) = (key.first(), P256Key::from_sec1_bytes(key)) else {
        return false;
    };
    let signature = p256::ecdsa::Signature::from_slice(signature);
    signature.is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok())
}

/// RFC 8032, strict: canonical key and R, s below the order, no small order, no cofactor.
pub(crate) fn ed25519(message: &[u8], signature: &[u8; 64], key: &[u8; 32]) -> bool {
    let Ok(verifying) = VerifyingKey::from_bytes(key) else {
        return false;
    };
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    is_canonical(key) && verifying.verify_strict(message, &signature).is_ok()
}

/// Whether y is below 2^255 - 19; the top bit is the sign of x.
fn is_canonical(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    *first < 0xed || middle.iter().any(|byte| *byte != 0xff) || last & 0x7f != 0x7f
}
