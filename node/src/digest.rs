//! Hashes concatenated byte strings with SHA-256, and encodes values in borsh.

use borsh::BorshSerialize;
use sha2::{Digest, Sha256};
use vm::unstable::work::{self, WorkKind};

/// SHA-256 of the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        work::add(WorkKind::Hashed, part.len());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Borsh encoding of a value.
///
/// Encoding into memory fails only for a list of 2^32 items, which the limits rule out.
#[must_use]
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}

/// Length of `bytes` as a u64, the type of prices and limits.
#[must_use]
pub fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
