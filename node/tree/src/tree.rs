//! Keeps all leaves in memory and computes the root after each batch.
//!
//! The first eight levels are an array; below it are 256 shards, one for each first byte:
//!
//! ```text
//!              1                 top[1] = root
//!          2       3
//!        4   5   6   7           top[n] has children top[2n], top[2n+1]
//!       ...
//!   256 ........... 511          top[256 + byte] = shards[byte]
//! ```
//!
//! Shards share nothing, so [`Tree::update_on`] updates them on several threads and hashes the top
//! afterwards. With n leaves and a batch of k changes:
//!
//! | operation | hashes | memory |
//! |---|---|---|
//! | [`Tree::update`] | about k * (log2(n / k) + 3); 256 * k for paths made to collide | in place |
//! | [`Tree::from_leaves`] | about 2.5 n, after sorting | 150 bytes a key, 60 KB for the top |
//! | [`Tree::prove`] | none, or one for each empty level skipped at the end | the proof |
//!
//! Here all pages of the shards are in memory; a [`PagedTree`](crate::PagedTree) is one of which
//! some are not.
//!
//! Specification: docs/spec/state.md, "The tree". Tests: `tests/it`.
use core::convert::Infallible;
use core::fmt;
use std::borrow::Cow;

use crate::batch::{Batch, Change};
use crate::limits::PAGE_LEAVES_MAX;
use crate::page::AdjacentLeaves;
use crate::shard::{Fetched, SHARD_DEPTH, Shard, Slot};
use crate::{Leaf, Proof};
use proof::hash::{PLACEHOLDER, Path, Root, ValueHash, inner_hash};

/// The state tree.
#[derive(Clone)]
pub struct Tree {
    shards: Vec<Shard>,
    top: Vec<TopNode>,
}

/// A node of the first eight levels.
#[derive(Clone, Copy)]
enum TopNode {
    Empty,
    /// One leaf, the only one of shard `byte`.
    Leaf {
        hash: [u8; 32],
        byte: u8,
    },
    Inner {
        hash: [u8; 32],
    },
}

/// Number of shards, and index of the first of them in the top array.
pub(crate) const SHARDS: usize = 256;

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::with_pages(PAGE_LEAVES_MAX)
    }

    /// The tree without leaves, whose pages have at most this number of leaves.
    pub(crate) fn with_pages(leaves_max: u32) -> Self {
        Self {
            shards: vec![Shard::new(leaves_max.max(1)); SHARDS],
            top: vec![TopNode::Empty; SHARDS.saturating_mul(2)],
        }
    }

    /// Builds a tree from all its leaves at once, in any order; of several leaves with one path the
    /// last one counts.
    ///
    /// Equal to [`Tree::update`] on the empty tree.
    #[must_use]
    pub fn from_leaves<I: IntoIterator<Item = (Path, ValueHash)>>(leaves: I) -> Self {
        let leaves = leaves.into_iter();
        let mut tree = Self::new();
        tree.update(&leaves.map(|(path, value)| (path, Some(value))).collect());
        tree
    }

    /// Root; [`Root::EMPTY`] without leaves.
    #[must_use]
    pub fn root(&self) -> Root {
        Root(self.node(1).hash())
    }

    /// Number of leaves.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shards
            .iter()
            .fold(0_u64, |count, shard| count.saturating_add(shard.len()))
    }

    /// True if there is no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.node(1), TopNode::Empty)
    }

    /// Applies a batch and returns the new root; removals of absent paths change nothing.
    pub fn update(&mut self, batch: &Batch) -> Root {
        for (byte, changes) in by_shard(batch.changes()) {
            self.shard_mut(byte).update(changes);
        }
        self.hash_top(batch.changes());
        self.root()
    }

    /// As [`Tree::update_on`]; also returns the batch that undoes the update.
    pub fn update_with_undo(&mut self, batch: &Batch, threads: usize) -> (Root, Batch) {
        for (byte, _) in by_shard(batch.changes()) {
            self.shard_mut(byte).record_undo();
        }
        let root = self.update_on(batch, threads);
        let undo = by_shard(batch.changes()).flat_map(|(byte, _)| self.shard_mut(byte).take_undo());
        (root, undo.collect())
    }

    /// Value hash at a path.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<ValueHash> {
        let Ok(found) = self.get_with(path, in_memory);
        found
    }

    /// Proves the value hash at a path, or that there is none.
    #[must_use]
    pub fn prove(&self, path: &Path) -> Proof {
        let Ok(proof) = self.prove_with(path, in_memory);
        proof
    }

    /// The leaves beside a path: the greatest below it and the least above it; the path's own leaf
    /// is neither.
    #[must_use]
    pub fn adjacent(&self, path: &Path) -> AdjacentLeaves {
        let Ok(leaves) = self.adjacent_with(path, in_memory);
        leaves
    }

    pub(crate) fn get_with<'a, E>(
        &'a self,
        path: &Path,
        mut fetch: impl FnMut(u8, &'a Slot) -> Fetched<'a, E>,
    ) -> Result<Option<ValueHash>, E> {
        let byte = path.first_byte();
        self.shard(byte).get(path, |slot| fetch(byte, slot))
    }

    pub(crate) fn prove_with<'a, E>(
        &'a self,
        path: &Path,
        fetch: impl FnMut(u8, &'a Slot) -> Fetched<'a, E>,
    ) -> Result<Proof, E> {
        let mut siblings = Vec::new();
        let leaf = self.walk(path, &mut siblings, fetch)?;
        // Collected from the root down; a proof lists them from the leaf up.
        siblings.reverse();
        Ok(Proof { leaf, siblings })
    }

    pub(crate) fn adjacent_with<'a, E>(
        &'a self,
        path: &Path,
        mut fetch: impl FnMut(u8, &'a Slot) -> Fetched<'a, E>,
    ) -> Result<AdjacentLeaves, E> {
        let byte = path.first_byte();
        let of_shard = self.shard(byte).adjacent(path, |slot| fetch(byte, slot))?;
        let [mut below, mut above] = of_shard;
        for at in (0..byte).rev() {
            if below.is_some() {
                break;
            }
            below = self.shard(at).outermost(true, |slot| fetch(at, slot))?;
        }
        for at in (byte..=u8::MAX).skip(1) {
            if above.is_some() {
                break;
            }
            above = self.shard(at).outermost(false, |slot| fetch(at, slot))?;
        }
        Ok([below, above])
    }

    fn walk<'a, E>(
        &'a self,
        path: &Path,
        siblings: &mut Vec<[u8; 32]>,
        mut fetch: impl FnMut(u8, &'a Slot) -> Fetched<'a, E>,
    ) -> Result<Option<Leaf>, E> {
        let mut index = 1_usize;
        let mut byte = path.first_byte();
        for depth in 0..SHARD_DEPTH {
            match self.node(index) {
                TopNode::Empty => return Ok(None),
                TopNode::Leaf { byte: only, .. } => {
                    byte = only;
                    break;
                }
                TopNode::Inner { .. } => {}
            }
            let [left, right] = children(index);
            let (next, sibling) = if path.bit(depth) {
                (right, left)
            } else {
                (left, right)
            };
            siblings.push(self.node(sibling).hash());
            index = next;
        }
        self.shard(byte)
            .prove(path, siblings, |slot| fetch(byte, slot))
    }

    /// All shards, in the order of their bytes.
    pub(crate) fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    /// All shards, in the order of their bytes.
    pub(crate) fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Hashes the levels above the shards that these changes touch.
    pub(crate) fn hash_top(&mut self, changes: &[Change]) {
        self.hash_above(by_shard(changes).map(|(byte, _)| byte));
    }

    /// Hashes the levels above these shards, which are ascending.
    pub(crate) fn hash_above(&mut self, shards: impl Iterator<Item = u8>) {
        let mut touched = Vec::new();
        for byte in shards {
            let node = TopNode::of_shard(byte, self.shard(byte));
            let index = SHARDS.saturating_add(byte.into());
            self.set_node(index, node);
            touched.push(index);
        }
        for _ in 0..SHARD_DEPTH {
            for index in &mut touched {
                *index /= 2;
            }
            touched.dedup();
            for &index in &touched {
                let [left, right] = children(index);
                self.set_node(index, TopNode::join(self.node(left), self.node(right)));
            }
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "indices are 1 to 511 by construction"
    )]
    fn node(&self, index: usize) -> TopNode {
        self.top[index]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "indices are 1 to 511 by construction"
    )]
    fn set_node(&mut self, index: usize, node: TopNode) {
        self.top[index] = node;
    }

    #[expect(clippy::indexing_slicing, reason = "there is a shard for every byte")]
    pub(crate) fn shard(&self, byte: u8) -> &Shard {
        &self.shards[usize::from(byte)]
    }

    #[expect(clippy::indexing_slicing, reason = "there is a shard for every byte")]
    pub(crate) fn shard_mut(&mut self, byte: u8) -> &mut Shard {
        &mut self.shards[usize::from(byte)]
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("root", &self.root())
            .field("len", &self.len())
            .finish()
    }
}

impl TopNode {
    fn of_shard(byte: u8, shard: &Shard) -> Self {
        match shard.root() {
            None => Self::Empty,
            Some((hash, true)) => Self::Leaf { hash, byte },
            Some((hash, false)) => Self::Inner { hash },
        }
    }

    fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (leaf @ Self::Leaf { .. }, Self::Empty) | (Self::Empty, leaf @ Self::Leaf { .. }) => {
                leaf
            }
            _ => Self::Inner {
                hash: inner_hash(&left.hash(), &right.hash()),
            },
        }
    }

    const fn hash(self) -> [u8; 32] {
        match self {
            Self::Empty => PLACEHOLDER,
            Self::Leaf { hash, .. } | Self::Inner { hash } => hash,
        }
    }
}

/// All pages of a [`Tree`] are in memory.
fn in_memory<'a>(_: u8, slot: &'a Slot) -> Fetched<'a, Infallible> {
    Ok(slot.page().map(Cow::Borrowed))
}

/// Changes grouped by the byte of their shard; every byte at most once.
pub(crate) fn by_shard(mut rest: &[Change]) -> impl Iterator<Item = (u8, &[Change])> {
    core::iter::from_fn(move || {
        let [(first, _), ..] = rest else { return None };
        let byte = first.first_byte();
        let count = rest.partition_point(|(path, _)| path.first_byte() == byte);
        let (changes, later) = rest.split_at(count);
        rest = later;
        Some((byte, changes))
    })
}

const fn children(index: usize) -> [usize; 2] {
    let left = index.saturating_mul(2);
    [left, left.saturating_add(1)]
}
