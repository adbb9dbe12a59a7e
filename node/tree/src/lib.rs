//! Computes the root of the state, proofs of single keys, and roots of lists.
//!
//! ```text
//! state key --sha256--> Path  \
//!                              Batch --Tree::update--> Root --prove/verify--> client
//! value ----sha256--> ValueHash/
//! ```
//!
//! The hash rules, and what verifies a proof, are those of the crate `lockstep-proof`, which a
//! verifier can have without this one. They are the rules of the Jellyfish Merkle tree of the `jmt`
//! crate 0.12 with SHA-256; the updater is our own, and `jmt` is its oracle in the tests.
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
//! A [`PagedTree`] is the same tree as pages that a store keeps, of which those in use are in
//! memory:
//!
//! ```text
//! batch --load pages--> (may fail, changes nothing) --apply--> root, batch that undoes it
//! every n blocks: checkpoint --> changed pages, directories; between: a log of changed leaves
//! open = the last checkpoint + the log
//! ```
//!
//! # Invariants
//! * The root depends on the set of (path, value hash) alone, never on order or history.
//! * Nothing here depends on a clock, a disk, or the platform's word width or byte order. An update
//!   on several threads has the root of an update on one.
//!
//! Specification: docs/spec/state.md, "The tree" and "Records of the tree"; of lists:
//! docs/spec/blocks.md, "Header". Tests: `tests/it`.
#![forbid(unsafe_code)]

/// Sorted, duplicate-free changes.
mod batch;

mod arena;

/// Bounds of memory.
pub mod limits;

/// Branches above leaves, and above pages.
mod trie;

/// Pages of leaves.
mod page;

/// Records of a store.
mod record;

/// Pages with one first byte.
mod shard;

/// The tree.
mod tree;

/// Updates on several threads.
mod parallel;

/// The tree of which pages are read when they are needed.
mod paged;

/// Proofs for ICS 23 verifiers.
pub mod ics23;

/// Merkle roots of lists, and proofs of their items.
mod list;

pub use batch::{Batch, Change};
pub use list::{list_proof, list_root};
pub use page::AdjacentLeaves;
pub use paged::{PagedOptions, PagedTree, TreeError};
pub use proof::hash;
pub use proof::hash::{Path, Root, ValueHash};
pub use proof::tree::verify_leaf as verify;
pub use proof::tree::{Leaf, TreeProof as Proof, TreeProofError as ProofError};
pub use record::{Damage, Part, Record, RecordSource};
pub use tree::Tree;
