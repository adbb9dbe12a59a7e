//! Verifies from a proof that an item is in a list with an RFC 6962 root, and computes its index.
//!
//! The root of a list does not cover its length, and without it the directions of a path do not
//! determine an index: `right` leads to item 1 of two, to item 2 of three and to item 4 of five.
//! But every left child is complete, so its height is the depth of any one item in it:
//!
//! ```text
//!            root                   item 4 of five: right, past a complete subtree
//!          /      \                 of height 2, as the path of its item 1 shows:
//!        / \       item 4           the index is 2^2.
//!      / \  / \
//!     0   1 2  3                    item 3: left, then right, right in a complete
//!                                   subtree of height 2: the index is binary 11.
//! ```
//!
//! So a proof has one item of each subtree that its path passes before it first turns left.
//!
//! # Invariants
//! * The index is that of the item, if the root is that of a list: no proof of another one passes.
//! * The verifier reads at most 31 siblings, and 31 items with at most 30 siblings each.
//!
//! Specification: docs/spec/proofs.md, "Lists". Tests: `node/tree/tests/it/list.rs`.
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;
use sha2::{Digest, Sha256};

/// The greatest number of siblings of a path; lists have fewer than 2^31 items.
pub const LEVELS_MAX: u32 = 31;

/// A path from an item up to a root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ListPath {
    /// Bit n is 1 if the n-th sibling is on the left, counted from the item up.
    pub directions: u32,
    /// Hashes of the siblings, from the item's up to the root's child.
    pub siblings: Vec<[u8; 32]>,
}

/// An item of a complete subtree, which proves the height of that subtree.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SubtreeItem {
    /// The encoded item, of which any one will do.
    pub item: Vec<u8>,
    /// Path from the item to the root of the subtree.
    pub path: ListPath,
}

/// A proof of an item and its index.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ListProof {
    /// Path from the item to the root of the list.
    pub path: ListPath,
    /// An item of each subtree that the path passes before it first turns left, from the root down.
    pub passed: Vec<SubtreeItem>,
}

/// Why a proof does not prove that an item is in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListProofError {
    /// More than 31 siblings.
    TooManySiblings,
    /// Directions for siblings that do not exist.
    ExtraDirections,
    /// The path leads to another root.
    OtherRoot,
    /// Not one item for each subtree that the path passes.
    PassedCount,
    /// An item of a passed subtree is not in that subtree.
    OtherSubtree,
    /// Heights that no list has.
    Heights,
}

/// Checks that an encoded item is in the list with this root, and returns its index.
///
/// # Errors
/// [`ListProofError`] if the proof does not prove it; which error is for people only.
pub fn verify_item(root: &[u8; 32], item: &[u8], proof: &ListProof) -> Result<u32, ListProofError> {
    let path = &proof.path;
    let levels = path.levels()?;
    if path.root_of(item) != *root {
        return Err(ListProofError::OtherRoot);
    }
    // The directions from the root down, in the upper bits.
    let downwards = path
        .directions
        .checked_shl(u32::BITS.saturating_sub(levels))
        .unwrap_or(0);
    let run = downwards.leading_ones();
    if u32::try_from(proof.passed.len()) != Ok(run) {
        return Err(ListProofError::PassedCount);
    }
    let (mut index, mut height_end) = (0_u32, LEVELS_MAX);
    for (passed, subtree) in proof.passed.iter().zip(path.siblings.iter().rev()) {
        let height = passed.path.levels()?;
        if passed.path.root_of(&passed.item) != *subtree {
            return Err(ListProofError::OtherSubtree);
        }
        // Each complete subtree has more items than all that follow its next one.
        if height >= height_end {
            return Err(ListProofError::Heights);
        }
        index |= bit(height);
        height_end = height;
    }
    // Below the turn to the left the tree is complete: the directions are bits of the index.
    if let Some(height) = levels.saturating_sub(run).checked_sub(1) {
        if height >= height_end {
            return Err(ListProofError::Heights);
        }
        index |= path.directions & bit(height).saturating_sub(1);
    }
    Ok(index)
}

impl ListPath {
    /// Number of siblings.
    fn levels(&self) -> Result<u32, ListProofError> {
        let levels = u32::try_from(self.siblings.len()).unwrap_or(u32::MAX);
        if levels > LEVELS_MAX {
            Err(ListProofError::TooManySiblings)
        } else if self.directions >= bit(levels) {
            Err(ListProofError::ExtraDirections)
        } else {
            Ok(levels)
        }
    }

    fn root_of(&self, item: &[u8]) -> [u8; 32] {
        let mut directions = self.directions;
        self.siblings.iter().fold(item_hash(item), |hash, sibling| {
            let is_right = directions & 1 == 1;
            directions >>= 1;
            if is_right {
                pair_hash(sibling, &hash)
            } else {
                pair_hash(&hash, sibling)
            }
        })
    }
}

/// `2^place`, for places to 31.
fn bit(place: u32) -> u32 {
    1_u32.checked_shl(place).unwrap_or(0)
}

/// Root of a list with one item: `sha256(0x00 || item)`.
#[must_use]
pub fn item_hash(item: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update([0])
        .chain_update(item)
        .finalize()
        .into()
}

/// Root of a list with more than one item: `sha256(0x01 || left || right)`.
#[must_use]
pub fn pair_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

impl fmt::Display for ListProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManySiblings => "a path in a list has more than 31 siblings",
            Self::ExtraDirections => "a path in a list has more directions than siblings",
            Self::OtherRoot => "the item is not in the list",
            Self::PassedCount => "not one item for each subtree that the path passes",
            Self::OtherSubtree => "an item is not in the subtree whose height it is to show",
            Self::Heights => "no list has subtrees of these heights",
        })
    }
}

impl core::error::Error for ListProofError {}
