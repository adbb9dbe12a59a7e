//! Updates the state tree from changes of the state, and opens it from a store.

/// The tree with its pages in a store.
mod stored;

/// Comparing values, tree and root.
mod scrub;

pub(crate) use scrub::scrub;
pub use stored::{StateTree, StoredTree, TreeOptions};

use crate::store::Store;
use tree::{AdjacentLeaves, Batch, Path, Proof, Tree, ValueHash};
use vm::unstable::work::{self, WorkKind};
use vm::{Entries, Fault, StateDiff};

/// Entries that a rebuild reads at once; bounds memory, changes no result.
pub(crate) const SCAN_PAGE: usize = 4_096;

/// The changes of the tree for a diff of the state.
#[must_use]
pub fn batch(diff: &StateDiff) -> Batch {
    let hash = |value: &[u8]| {
        work::add(WorkKind::Hashed, value.len());
        ValueHash::of(value)
    };
    let change = |value: &Option<Vec<u8>>| value.as_deref().map(hash);
    diff.iter()
        .map(|(key, value)| (Path::of_key(key), change(value)))
        .collect()
}

/// A tree that is read: in memory, or with pages in a store.
pub trait TreeView {
    /// Value hash at a path.
    ///
    /// # Errors
    /// [`Fault`] if a page cannot be read.
    fn get(&self, path: &Path) -> Result<Option<ValueHash>, Fault>;

    /// Proves the value hash at a path, or that there is none.
    ///
    /// # Errors
    /// As [`TreeView::get`].
    fn prove(&self, path: &Path) -> Result<Proof, Fault>;

    /// The leaves beside a path, below and above it.
    ///
    /// # Errors
    /// As [`TreeView::get`].
    fn adjacent(&self, path: &Path) -> Result<AdjacentLeaves, Fault>;
}

impl TreeView for Tree {
    fn get(&self, path: &Path) -> Result<Option<ValueHash>, Fault> {
        Ok(Self::get(self, path))
    }

    fn prove(&self, path: &Path) -> Result<Proof, Fault> {
        Ok(Self::prove(self, path))
    }

    fn adjacent(&self, path: &Path) -> Result<AdjacentLeaves, Fault> {
        Ok(Self::adjacent(self, path))
    }
}

/// Updates of a tree that are undone unless they are kept.
///
/// The root is a function of the leaves alone, so the old leaves of the changed paths suffice to go
/// back, and a tree can follow a chain down to a common ancestor and up another branch.
pub(crate) struct Advance<'a> {
    tree: &'a mut StateTree,
    store: &'a dyn Store,
    /// What undoes each update, in the order of the updates.
    undo: Vec<Batch>,
}

impl<'a> Advance<'a> {
    /// No update yet; pages are read from the store.
    pub(crate) const fn new(tree: &'a mut StateTree, store: &'a dyn Store) -> Self {
        Self {
            tree,
            store,
            undo: Vec::new(),
        }
    }

    /// Updates the tree; returns its root.
    ///
    /// # Errors
    /// [`Fault`] if a page cannot be read; the update changed nothing.
    pub(crate) fn update(&mut self, changes: &Batch) -> Result<[u8; 32], Fault> {
        let (root, undo) = self.tree.update(changes, self.store)?;
        self.undo.push(undo);
        Ok(root.0)
    }

    /// The updated tree.
    pub(crate) fn tree(&self) -> StoredTree<'_> {
        self.tree.view(self.store)
    }

    /// Keeps the updates; returns the batch that undoes them.
    pub(crate) fn keep(mut self) -> Batch {
        self.take_undo()
    }

    fn take_undo(&mut self) -> Batch {
        let mut undo = core::mem::take(&mut self.undo);
        if undo.len() < 2 {
            return undo.pop().unwrap_or_default();
        }
        // Of several changes to one path the last one counts: that of the first update.
        let changes = undo.iter().rev().flat_map(Batch::changes);
        changes.copied().collect()
    }
}

impl Drop for Advance<'_> {
    fn drop(&mut self) {
        let undo = self.take_undo();
        self.tree.undo(&undo);
    }
}

/// The tree of a store, computed from its values alone.
///
/// # Errors
/// [`Fault`] if the store fails.
pub fn rebuild(store: &dyn Store) -> Result<Tree, Fault> {
    let mut leaves = Vec::new();
    each_leaf(store, |_, leaf| {
        leaves.push(leaf);
        Ok(())
    })?;
    Ok(Tree::from_leaves(leaves))
}

/// The state root of a store, computed from its values alone.
///
/// # Errors
/// [`Fault`] if the store fails.
pub fn recomputed_root(store: &dyn Store) -> Result<[u8; 32], Fault> {
    rebuild(store).map(|tree| tree.root().0)
}

/// Calls `show` with each state key of a store and its leaf of the tree, in key order.
pub(crate) fn each_leaf(
    store: &dyn Store,
    mut show: impl FnMut(&[u8], (Path, ValueHash)) -> Result<(), Fault>,
) -> Result<(), Fault> {
    each_page(store, |page| {
        for (key, value) in page {
            show(key, leaf(key, value))?;
        }
        Ok(true)
    })
}

/// Calls `show` with the entries of a store, a page at a time in key order, while it returns true.
pub(crate) fn each_page(
    store: &dyn Store,
    mut show: impl FnMut(&Entries) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let mut start = Vec::new();
    loop {
        let page = store.scan(&start, None, SCAN_PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        // The smallest key above the last one.
        start = [last.as_slice(), &[0]].concat();
        if !show(&page)? {
            return Ok(());
        }
    }
}

/// The leaf of an entry of the state.
pub(crate) fn leaf(key: &[u8], value: &[u8]) -> (Path, ValueHash) {
    (Path::of_key(key), ValueHash::of(value))
}
