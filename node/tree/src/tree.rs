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
//! | [`Tree::from_leaves`] | about 2.5 n, after sorting | 140 bytes a key, 40 KB for the top |
//! | [`Tree::prove`] | none, or one for each empty level skipped at the end | the proof |
//!
//! Specification: docs/spec/state.md, "The tree". Tests: `tests/it`.
use core::fmt;

use crate::batch::{Batch, Change};
use crate::shard::{AdjacentLeaves, SHARD_DEPTH, Shard};
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
const SHARDS: usize = 256;

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: vec![Shard::new(); SHARDS],
            top: vec![TopNode::Empty; SHARDS.saturating_mul(2)],
        }
    }

    /// Builds a tree from all its leaves at once, in any order; of several leaves with one path the
    /// last one counts.
    ///
    /// Equal to [`Tree::update`] on the empty tree, without spare capacity in the arrays.
    #[must_use]
    pub fn from_leaves<I: IntoIterator<Item = (Path, ValueHash)>>(leaves: I) -> Self {
        let leaves: Batch = leaves
            .into_iter()
            .map(|(path, value)| (path, Some(value)))
            .collect();
        let mut tree = Self::new();
        tree.apply(&leaves, |shard, changes| shard.reserve(changes.len()));
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
        self.shards.iter().fold(0_u64, |count, shard| {
            count.saturating_add(u64::try_from(shard.len()).unwrap_or(u64::MAX))
        })
    }

    /// True if there is no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.node(1), TopNode::Empty)
    }

    /// Applies a batch and returns the new root; removals of absent paths change nothing.
    pub fn update(&mut self, batch: &Batch) -> Root {
        self.apply(batch, |_, _| ());
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
        self.shard(path.first_byte())
            .get(path)
            .map(|leaf| leaf.value)
    }

    /// Proves the value hash at a path, or that there is none.
    #[must_use]
    pub fn prove(&self, path: &Path) -> Proof {
        let mut siblings = Vec::new();
        let leaf = self.walk(path, &mut siblings);
        // Collected from the root down; a proof lists them from the leaf up.
        siblings.reverse();
        Proof { leaf, siblings }
    }

    /// The leaves beside a path: the greatest below it and the least above it; the path's own leaf
    /// is neither.
    #[must_use]
    pub fn adjacent(&self, path: &Path) -> AdjacentLeaves {
        let byte = path.first_byte();
        let [below, above] = self.shard(byte).adjacent(path);
        let lower = (0..byte).rev();
        let upper = (byte..=u8::MAX).skip(1);
        [
            below.or_else(|| {
                lower
                    .into_iter()
                    .find_map(|at| self.shard(at).outermost(true))
            }),
            above.or_else(|| {
                upper
                    .into_iter()
                    .find_map(|at| self.shard(at).outermost(false))
            }),
        ]
    }

    fn walk(&self, path: &Path, siblings: &mut Vec<[u8; 32]>) -> Option<Leaf> {
        let mut index = 1_usize;
        for depth in 0..SHARD_DEPTH {
            match self.node(index) {
                TopNode::Empty => return None,
                TopNode::Leaf { byte, .. } => return self.shard(byte).prove(path, siblings),
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
        self.shard(path.first_byte()).prove(path, siblings)
    }

    /// Applies a batch, calling `prepare` for each shard that it touches.
    fn apply(&mut self, batch: &Batch, prepare: impl Fn(&mut Shard, &[Change])) {
        for (byte, changes) in by_shard(batch.changes()) {
            let shard = self.shard_mut(byte);
            prepare(shard, changes);
            shard.update(changes);
        }
        self.hash_top(batch.changes());
    }

    /// All shards, in the order of their bytes.
    pub(crate) fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    /// Hashes the levels above the shards that these changes touch.
    pub(crate) fn hash_top(&mut self, changes: &[Change]) {
        let mut touched = Vec::new();
        for (byte, _) in by_shard(changes) {
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
    fn shard(&self, byte: u8) -> &Shard {
        &self.shards[usize::from(byte)]
    }

    #[expect(clippy::indexing_slicing, reason = "there is a shard for every byte")]
    fn shard_mut(&mut self, byte: u8) -> &mut Shard {
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

/// Changes grouped by the byte of their shard; every byte at most once.
fn by_shard(mut rest: &[Change]) -> impl Iterator<Item = (u8, &[Change])> {
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
