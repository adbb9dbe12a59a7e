//! Hashes byte strings one after the other with SHA-256, and encodes values in borsh.

use borsh::BorshSerialize;
use sha2::{Digest, Sha256};

/// SHA-256 of the concatenation.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The borsh bytes of a value.
///
/// Writing to memory fails only for a list of 2^32 items, which no limit of ours admits.
#[must_use]
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}

/// A length as the u64 that prices and limits are in.
#[must_use]
pub fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
