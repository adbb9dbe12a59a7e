//! Identifies an account or a contract by 32 bytes.

use borsh::{BorshDeserialize, BorshSerialize};

/// Address of an account or a contract; its borsh encoding is the 32 bytes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct Address(pub [u8; 32]);

impl From<[u8; 32]> for Address {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Address {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
