//! Tells apart what is 32 bytes and what is a number: code hashes.
//!
//! Each is encoded as what it wraps.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// SHA-256 of uploaded code.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct CodeHash(pub [u8; 32]);

impl From<[u8; 32]> for CodeHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for CodeHash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_hex(&self.0, f)
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_hex(&self.0, f)
    }
}

fn in_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
