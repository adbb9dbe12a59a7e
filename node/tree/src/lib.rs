//! Computes the root of the state, proves single keys against it, and roots of lists.
//!
//! ```text
//! state key --sha256--> Path  \
//!                              Batch --Tree::update--> Root --prove/verify--> client
//! value ----sha256--> ValueHash/
//! ```
//!
//! The hash rules are those of the Jellyfish Merkle tree as the `jmt` crate 0.12 spells them with
//! SHA-256; the updater is our own, and `jmt` is its oracle in the tests.
//!
//! ```
//! use lockstep_tree::{Path, Tree, ValueHash, verify};
//!
//! let (path, value) = (Path::of_key(b"key"), ValueHash::of(b"value"));
//! let mut tree = Tree::new();
//! let root = tree.update(&[(path, Some(value))].into_iter().collect());
//! assert_eq!(verify(&root, &path, Some(&value), &tree.prove(&path)), Ok(()));
//!
//! let absent = Path::of_key(b"other key");
//! assert_eq!(verify(&root, &absent, None, &tree.prove(&absent)), Ok(()));
//! ```
//!
//! # Invariants
//! * The root depends on the set of (path, value hash) alone, never on order or history.
//! * Nothing here reads a clock, a disk or the platform's width or byte order. An update on several
//!   threads gives the root of an update on one.
//!
//! Spec: consensus.md 8 (tree) and 9 (lists). Tests: `tests/it`.
#![forbid(unsafe_code)]

/// The hash rules and the 32-byte types.
pub mod hash;

/// A sorted, duplicate-free set of changes.
mod batch;

mod arena;

mod shard;

/// The tree.
mod tree;

/// Updates on several threads.
mod parallel;

/// Proofs and their verifier.
mod proof;

/// Proofs for verifiers of ICS 23.
pub mod ics23;

/// Merkle roots of lists.
mod list;

pub use batch::{Batch, Change};
pub use hash::{Path, Root, ValueHash};
pub use list::list_root;
pub use proof::{Leaf, Proof, ProofError, verify};
pub use tree::Tree;
