//! Implements the hash rules of the tree and the 32-byte types that they work on.
//!
//! ```text
//! empty subtree            "SPARSE_MERKLE_PLACEHOLDER_HASH__"        (the bytes themselves)
//! subtree with one leaf    sha256("JMT::LeafNode" || path || value hash)
//! any other subtree        sha256("JMT::IntrnalNode" || left || right)
//! ```
//!
//! Bit 0 of a path is the most significant bit of its first byte; a 0 goes left.
//!
//! # Invariants
//! * A subtree with one leaf hashes as that leaf at every depth, so empty levels cost no hashes.
//! * Leaf, inner node and placeholder cannot collide: the prefixes have different lengths, and no
//!   known hash equals the constant.
//!
//! Specification: docs/spec/state.md, "The tree"; oracle: `jmt` 0.12. Tests:
//! `node/tree/tests/it/roots.rs`.
use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};

/// Hash of a subtree without a leaf.
pub const PLACEHOLDER: [u8; 32] = *b"SPARSE_MERKLE_PLACEHOLDER_HASH__";

/// Number of bits in a path; bounds the depth of the tree and of every walk in it.
pub const PATH_BITS: u32 = 256;

/// Position of a state key in the tree: the SHA-256 of the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Path([u8; 32]);

/// SHA-256 of a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ValueHash(pub [u8; 32]);

/// Hash of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root(pub [u8; 32]);

impl Path {
    /// The path of a state key.
    #[must_use]
    pub fn of_key(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// A path that was hashed elsewhere, as in a proof or a stored leaf.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// True if the path goes right at `depth`; false from [`PATH_BITS`] on.
    #[must_use]
    pub fn bit(&self, depth: u32) -> bool {
        let byte = usize::try_from(depth / 8)
            .ok()
            .and_then(|index| self.0.get(index));
        byte.is_some_and(|byte| byte & 0x80_u8.wrapping_shr(depth % 8) != 0)
    }

    /// Number of leading bits that two paths share, at most [`PATH_BITS`].
    #[must_use]
    pub fn common_prefix(&self, other: &Self) -> u32 {
        let mut bits = 0_u32;
        for (left, right) in self.0.iter().zip(&other.0) {
            let same = (left ^ right).leading_zeros();
            bits = bits.saturating_add(same);
            if same < 8 {
                break;
            }
        }
        bits
    }

    /// First byte of the path, which selects the shard of a tree.
    #[must_use]
    pub const fn first_byte(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }
}

impl ValueHash {
    /// Hash of a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        Self(Sha256::digest(value).into())
    }
}

impl Root {
    /// Root of the empty tree.
    pub const EMPTY: Self = Self(PLACEHOLDER);
}

/// Hash of a subtree whose only leaf this is.
#[must_use]
pub fn leaf_hash(path: &Path, value: &ValueHash) -> [u8; 32] {
    let mut message = [0; 77];
    message[..13].copy_from_slice(b"JMT::LeafNode");
    message[13..45].copy_from_slice(&path.0);
    message[45..].copy_from_slice(&value.0);
    Sha256::digest(message).into()
}

/// Hash of an inner node.
#[must_use]
pub fn inner_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    // Hashing one buffer takes a third less time than three updates of a hasher. The prefix lacks a
    // vowel so that it has 16 bytes; `jmt` uses the same.
    let mut message = [0; 80];
    message[..16].copy_from_slice(b"JMT::IntrnalNode");
    message[16..48].copy_from_slice(left);
    message[48..].copy_from_slice(right);
    Sha256::digest(message).into()
}

fn write_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for ValueHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn bits_count_from_the_most_significant() {
        let mut bytes = [0; 32];
        bytes[0] = 0b0100_0000;
        bytes[31] = 1;
        let path = Path::from_bytes(bytes);
        let ones: Vec<u32> = (0..300).filter(|&depth| path.bit(depth)).collect();
        assert_eq!(ones, [1, 255]);
    }

    #[test]
    fn common_prefix_is_the_first_bit_that_differs() {
        let zero = Path::from_bytes([0; 32]);
        assert_eq!(zero.common_prefix(&zero), PATH_BITS);
        for depth in 0..PATH_BITS {
            let mut bytes = [0xff; 32];
            for (index, byte) in bytes.iter_mut().enumerate() {
                let start = u32::try_from(index).unwrap() * 8;
                *byte = (0..8)
                    .filter(|bit| start + bit >= depth)
                    .fold(0, |byte, bit| byte | (0x80 >> bit));
            }
            let path = Path::from_bytes(bytes);
            assert_eq!(zero.common_prefix(&path), depth);
            assert_eq!(path.common_prefix(&zero), depth);
        }
    }
}
