//! Keeps the state tree as pages in a store, with a checkpoint every few blocks and a log between.
//!
//! ```text
//! block:  1    2    3 ..  32        33 ..
//!         log  log  log   pages,    log      at most CHECKPOINT_BLOCKS_MAX logs, and as many
//!                         log ends           changes as CHECKPOINT_CHANGES_MAX
//! open:   the last checkpoint, and what is logged above it, as one update
//! ```
//!
//! A store that keeps no records has the values only: there the tree is rebuilt at each opening,
//! and is in memory as a whole.
//!
//! # Invariants
//! * The records of a commit are those of the tree after the committed block.
//! * After a fault in an update the tree is as before.
//!
//! Specification: docs/spec/state.md, "Records of the tree". Tests: `tests/it/drive`,
//! `tests/it/records.rs`.

use super::{TreeView, each_leaf};
use crate::limits::{CHECKPOINT_BLOCKS_MAX, CHECKPOINT_CHANGES_MAX, LEAVES_AT_ONCE};
use crate::store::Store;
use tree::{
    AdjacentLeaves, Batch, Damage, Leaf, PagedOptions, PagedTree, Path, Proof, Record,
    RecordSource, Root, TreeError, ValueHash,
};
use vm::{Fault, Height};

/// Settings of the state tree on one machine. No result depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeOptions {
    /// Bytes of pages in memory, on a store that keeps records. Changed pages are written at the
    /// latest when they take three quarters of it.
    pub cache_bytes: usize,
    /// Leaves of a page, at most.
    pub page_leaves_max: u32,
    /// Blocks between two checkpoints of the tree, at most: so many are read at an opening.
    pub checkpoint_blocks_max: usize,
    /// Changed leaves between two checkpoints, at most, unless one block has more.
    pub checkpoint_changes_max: usize,
    /// Computes the tree from the values at this opening, whatever the store has of it.
    pub rebuild: bool,
}

impl Default for TreeOptions {
    /// The bounds of [`crate::limits`] and [`tree::limits`].
    fn default() -> Self {
        let PagedOptions {
            cache_bytes,
            page_leaves_max,
        } = PagedOptions::default();
        Self {
            cache_bytes,
            page_leaves_max,
            checkpoint_blocks_max: CHECKPOINT_BLOCKS_MAX,
            checkpoint_changes_max: CHECKPOINT_CHANGES_MAX,
            rebuild: false,
        }
    }
}

/// The state tree of a store. A [`crate::Chain`] and a [`crate::Node`] have one each; a program
/// that commits blocks itself can do as they do.
#[derive(Debug)]
pub struct StateTree {
    tree: PagedTree,
    options: TreeOptions,
    /// Threads that update the tree.
    threads: usize,
    /// The store keeps records.
    keeps: bool,
    /// The store has no checkpoint that the log goes on from.
    is_rebuilt: bool,
    /// Changes that are logged since the last checkpoint.
    changes: usize,
    /// An update could not be undone.
    broken: Option<Fault>,
}

/// A state tree and the store that has its pages.
#[derive(Clone, Copy)]
pub struct StoredTree<'a> {
    tree: &'a StateTree,
    store: &'a dyn Store,
}

/// The records of a store.
struct Records<'a>(&'a dyn Store);

impl RecordSource for Records<'_> {
    type Error = Fault;

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.record(key)
    }
}

impl StateTree {
    /// The tree without leaves, of a store that has no block.
    #[must_use]
    pub fn empty(store: &dyn Store, options: &TreeOptions) -> Self {
        let tree = PagedTree::new(&paged(options));
        Self {
            is_rebuilt: true,
            ..Self::of(tree, store, options, 1)
        }
    }

    /// The tree after block `height`, which is the last one of the store; updates use at most
    /// `threads` threads.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a record is damaged. The caller compares the root.
    pub fn open(
        store: &dyn Store,
        height: Height,
        options: &TreeOptions,
        threads: usize,
    ) -> Result<Self, Fault> {
        if store.keeps_records() && !options.rebuild {
            let opened = PagedTree::open(&Records(store), height.0, &paged(options), threads);
            if let Some(tree) = opened.map_err(fault)? {
                return Ok(Self {
                    changes: tree.logged_changes(),
                    ..Self::of(tree, store, options, threads)
                });
            }
        }
        let tree = PagedTree::replacing(height.0, &Records(store), &paged(options))?;
        let mut tree = Self {
            is_rebuilt: true,
            ..Self::of(tree, store, options, threads)
        };
        let mut puts = Vec::new();
        each_leaf(store, |_, (path, value)| {
            puts.push((path, Some(value)));
            if puts.len() >= LEAVES_AT_ONCE {
                tree.update(&puts.drain(..).collect(), store)?;
            }
            Ok(())
        })?;
        tree.update(&puts.into_iter().collect(), store)?;
        Ok(tree)
    }

    fn of(tree: PagedTree, store: &dyn Store, options: &TreeOptions, threads: usize) -> Self {
        Self {
            tree,
            options: *options,
            threads,
            keeps: store.keeps_records(),
            is_rebuilt: false,
            changes: 0,
            broken: None,
        }
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// Applies a batch; returns the root, and the batch that undoes it.
    ///
    /// # Errors
    /// [`Fault`] if a page cannot be read; nothing changed.
    pub fn update(&mut self, batch: &Batch, store: &dyn Store) -> Result<(Root, Batch), Fault> {
        self.intact()?;
        let updated = self.tree.update(batch, self.threads, &Records(store));
        updated.map_err(fault)
    }

    /// Undoes an update, after all later ones. If that is impossible, which is an error in this
    /// program, each later update is a fault.
    pub fn undo(&mut self, batch: &Batch) {
        if batch.changes().is_empty() || self.broken.is_some() {
            return;
        }
        if let Err(damage) = self.tree.undo(batch, self.threads) {
            let cause = format!("an update of the tree cannot be undone: {damage}");
            self.broken = Some(Fault::invariant(&cause));
        }
    }

    /// Called when no update is left to undo: pages that equal their records again are no longer
    /// kept in memory until a checkpoint.
    pub fn settle(&mut self) {
        if self.keeps {
            self.tree.settle();
        }
    }

    /// Returns an error if an update could not be undone.
    ///
    /// # Errors
    /// The [`Fault`] of [`StateTree::undo`].
    pub fn intact(&self) -> Result<(), Fault> {
        match &self.broken {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// True if the commit of a block with so many changes makes a checkpoint: the tree must then be
    /// that of the block.
    #[must_use]
    pub fn is_due(&self, changes: usize) -> bool {
        let options = &self.options;
        let changes = self.changes.saturating_add(changes);
        self.keeps
            && (self.is_rebuilt
                || self.tree.logged() >= options.checkpoint_blocks_max
                || changes > options.checkpoint_changes_max
                || self.tree.dirty_bytes() > (options.cache_bytes / 4).saturating_mul(3))
    }

    /// The records of the commit of a block that makes a checkpoint. The tree is that of the block,
    /// and no update before can be undone any more.
    ///
    /// # Errors
    /// [`Fault`] if a page cannot be read.
    pub fn checkpoint(&mut self, height: Height, store: &dyn Store) -> Result<Vec<Record>, Fault> {
        self.intact()?;
        if !self.keeps {
            return Ok(Vec::new());
        }
        let records = self
            .tree
            .checkpoint(height.0, self.threads, &Records(store));
        let records = records.map_err(fault)?;
        self.is_rebuilt = false;
        self.changes = 0;
        Ok(records)
    }

    /// The records of the commit of a block that makes no checkpoint, [`crate::Commit::records`].
    /// The tree is that of the block, or one above.
    pub fn log(&mut self, height: Height, changes: &Batch) -> Vec<Record> {
        if !self.keeps {
            return Vec::new();
        }
        self.changes = self.changes.saturating_add(changes.changes().len());
        vec![self.tree.log(height.0, changes)]
    }

    /// The tree, to be read.
    #[must_use]
    pub const fn view<'a>(&'a self, store: &'a dyn Store) -> StoredTree<'a> {
        StoredTree { tree: self, store }
    }
}

impl StoredTree<'_> {
    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// Number of leaves.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.tree.len()
    }

    /// True if there is no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.tree.is_empty()
    }

    /// Bytes of pages in memory, and of those that are not in the last checkpoint.
    #[must_use]
    pub fn bytes(&self) -> (usize, usize) {
        (self.tree.tree.bytes(), self.tree.tree.dirty_bytes())
    }

    /// Number of blocks since the last checkpoint.
    #[must_use]
    pub const fn logged(&self) -> usize {
        self.tree.tree.logged()
    }

    /// Number of leaves with a first byte.
    pub(super) fn count(&self, first_byte: u8) -> u64 {
        self.tree.tree.count(first_byte)
    }

    /// All leaves with a first byte, ascending, compared with the hashes above them.
    pub(super) fn verified_leaves(&self, first_byte: u8) -> Result<Vec<Leaf>, Fault> {
        let leaves = self
            .tree
            .tree
            .verified_leaves(first_byte, &Records(self.store));
        leaves.map_err(fault)
    }
}

impl TreeView for StoredTree<'_> {
    fn get(&self, path: &Path) -> Result<Option<ValueHash>, Fault> {
        let found = self.tree.tree.get(path, &Records(self.store));
        found.map_err(fault)
    }

    fn prove(&self, path: &Path) -> Result<Proof, Fault> {
        let proof = self.tree.tree.prove(path, &Records(self.store));
        proof.map_err(fault)
    }

    fn adjacent(&self, path: &Path) -> Result<AdjacentLeaves, Fault> {
        let leaves = self.tree.tree.adjacent(path, &Records(self.store));
        leaves.map_err(fault)
    }
}

const fn paged(options: &TreeOptions) -> PagedOptions {
    PagedOptions {
        cache_bytes: options.cache_bytes,
        page_leaves_max: options.page_leaves_max,
    }
}

fn fault(error: TreeError<Fault>) -> Fault {
    match error {
        TreeError::Source(fault) => fault,
        TreeError::Damaged(damage) => damaged(&damage),
    }
}

fn damaged(damage: &Damage) -> Fault {
    Fault::Store(format!(
        "{damage}; a scrub of the store says what else is, and an opening that rebuilds the tree \
         (`TreeOptions::rebuild`) goes on from the values"
    ))
}
