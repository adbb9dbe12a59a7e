//! Verifies from a proof alone that the tree with a root has a value at a path, or none.
//!
//! A proof consists of the siblings along the path and the leaf at which the walk from the root
//! ends:
//!
//! | claim | leaf |
//! |---|---|
//! | the path has this value hash | that leaf |
//! | the path is absent | another leaf, alone in the subtree where the path would be |
//! | the path is absent | none: the subtree where the path would be is empty |
//!
//! The content is that of `jmt`'s `SparseMerkleProof`, with siblings as hashes. The verifier needs
//! no tree and no store. A proof of absence is valid for every absent path with the same prefix.
//!
//! # Invariants
//! * The verifier reads at most 256 siblings, whatever the proof claims.
//! * No proof of a false claim passes unless SHA-256 collides.
//!
//! Specification: docs/spec/state.md, "The tree". Tests: `node/tree/tests/it/proofs.rs`.
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

use crate::hash::{PATH_BITS, PLACEHOLDER, Path, Root, ValueHash, inner_hash, leaf_hash};

/// A path with its value hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Leaf {
    /// Path of the leaf.
    pub path: Path,
    /// Hash of the leaf's value.
    pub value: ValueHash,
}

/// The siblings from a leaf, or from an empty subtree, up to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeProof {
    /// The leaf where the walk along the path ends; `None` if it ends in an empty subtree.
    pub leaf: Option<Leaf>,
    /// Hashes of the siblings, from the leaf's up to the root's child.
    pub siblings: Vec<[u8; 32]>,
}

/// Why a proof does not prove the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeProofError {
    /// More siblings than a path has bits.
    TooManySiblings,
    /// A value is claimed, and the proof ends in an empty subtree.
    MissingLeaf,
    /// A value is claimed, and the proof's leaf has another path.
    OtherPath,
    /// A value is claimed, and the proof's leaf has another value.
    OtherValue,
    /// Absence is claimed, and the proof's leaf has this very path.
    PresentPath,
    /// Absence is claimed, and the proof's leaf is not where the path would be.
    UnrelatedLeaf,
    /// The siblings lead to another root.
    OtherRoot,
}

/// Checks that the tree with this root has this value hash at the path, or no leaf there if `None`.
///
/// Computes at most 257 hashes.
///
/// # Errors
/// [`TreeProofError`] if the proof does not prove the claim; which error is for people only.
pub fn verify_leaf(
    root: &Root,
    path: &Path,
    value: Option<&ValueHash>,
    proof: &TreeProof,
) -> Result<(), TreeProofError> {
    let levels = u32::try_from(proof.siblings.len()).unwrap_or(u32::MAX);
    if levels > PATH_BITS {
        return Err(TreeProofError::TooManySiblings);
    }
    match (value, &proof.leaf) {
        (Some(_), None) => return Err(TreeProofError::MissingLeaf),
        (Some(_), Some(leaf)) if leaf.path != *path => return Err(TreeProofError::OtherPath),
        (Some(value), Some(leaf)) if leaf.value != *value => {
            return Err(TreeProofError::OtherValue);
        }
        (None, Some(leaf)) if leaf.path == *path => return Err(TreeProofError::PresentPath),
        (None, Some(leaf)) if leaf.path.common_prefix(path) < levels => {
            return Err(TreeProofError::UnrelatedLeaf);
        }
        (Some(_), Some(_)) | (None, _) => {}
    }
    let start = proof
        .leaf
        .map_or(PLACEHOLDER, |leaf| leaf_hash(&leaf.path, &leaf.value));
    let steps = proof.siblings.iter().zip((0..levels).rev());
    let hash = steps.fold(start, |hash, (sibling, depth)| {
        if path.bit(depth) {
            inner_hash(sibling, &hash)
        } else {
            inner_hash(&hash, sibling)
        }
    });
    if hash == root.0 {
        Ok(())
    } else {
        Err(TreeProofError::OtherRoot)
    }
}

impl fmt::Display for TreeProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManySiblings => "the proof has more than 256 siblings",
            Self::MissingLeaf => "a value is claimed but the proof ends in an empty subtree",
            Self::OtherPath => "a value is claimed but the proof's leaf has another path",
            Self::OtherValue => "the proof's leaf has another value",
            Self::PresentPath => "absence is claimed but the proof's leaf has this path",
            Self::UnrelatedLeaf => "the proof's leaf is not where the path would be",
            Self::OtherRoot => "the proof leads to another root",
        })
    }
}

impl core::error::Error for TreeProofError {}
