//! Updates the state tree from changes of the state, or rebuilds it from a store.

use crate::store::Store;
use tree::{Batch, Path, Tree, ValueHash};
use vm::{Entries, Fault, StateDiff};

/// Entries that a rebuild reads at once; bounds memory, changes no result.
pub(crate) const SCAN_PAGE: usize = 4_096;

/// The changes of the tree for a diff of the state.
#[must_use]
pub fn batch(diff: &StateDiff) -> Batch {
    let change = |value: &Option<Vec<u8>>| value.as_deref().map(ValueHash::of);
    diff.iter()
        .map(|(key, value)| (Path::of_key(key), change(value)))
        .collect()
}

/// Updates of a tree that are undone unless they are kept.
///
/// The root is a function of the leaves alone, so the old leaves of the changed paths suffice to go
/// back, and a tree can follow a chain down to a common ancestor and up another branch.
pub(crate) struct Advance<'a> {
    tree: &'a mut Tree,
    threads: usize,
    /// What undoes each update, in the order of the updates.
    undo: Vec<Batch>,
}

impl<'a> Advance<'a> {
    /// No update yet; updates use at most `threads` threads.
    pub(crate) const fn new(tree: &'a mut Tree, threads: usize) -> Self {
        Self {
            tree,
            threads,
            undo: Vec::new(),
        }
    }

    /// Updates the tree; returns its root.
    pub(crate) fn update(&mut self, changes: &Batch) -> [u8; 32] {
        let (root, undo) = self.tree.update_with_undo(changes, self.threads);
        self.undo.push(undo);
        root.0
    }

    /// The updated tree.
    pub(crate) const fn tree(&self) -> &Tree {
        self.tree
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
        if !undo.changes().is_empty() {
            self.tree.update_on(&undo, self.threads);
        }
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
