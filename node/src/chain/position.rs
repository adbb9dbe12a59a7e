//! Moves the state tree, and the index of changes, between blocks that are not final.
//!
//! ```text
//!            c - d        from d to e: undo d, undo c, apply e
//!          /
//! final - b
//!          \ e            cost: the changes of the blocks on the way
//! ```
//!
//! This is the only part that knows that there is one tree, which is changed in place.

use super::unfinalized::{UnfinalizedBlock, View};
use crate::base::Base;
use crate::block::ValidBlock;
use crate::block_execution::{Execution, Observer};
use crate::cache::CodeCache;
use crate::code_records::CodeRecords;
use crate::layers::Layers;
use crate::state_tree::{Advance, StateTree, StoredTree, batch};
use crate::store::Store;
use std::sync::Arc;
use tree::Record;
use vm::{Engine, Fault, Rules};

/// The state of one block: the tree, and the changes since the last final block.
#[derive(Debug)]
pub(super) struct Position {
    tree: StateTree,
    path: Vec<Arc<UnfinalizedBlock>>,
    layers: Layers,
    /// Records of codes of each block of the path.
    records: Vec<Arc<CodeRecords>>,
}

/// What executes blocks.
pub(super) struct Executor<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) cache: &'a CodeCache,
    pub(super) rules: &'a Arc<Rules>,
    pub(super) store: &'a dyn Store,
}

impl Position {
    /// The last final block, whose tree this is.
    pub(super) fn new(tree: StateTree) -> Self {
        Self {
            tree,
            path: Vec::new(),
            layers: Layers::default(),
            records: Vec::new(),
        }
    }

    /// Moves to the last block of a path that begins above the last final block.
    ///
    /// # Errors
    /// [`Fault`] if a page of the tree cannot be read; the position is then on the way.
    pub(super) fn move_to(
        &mut self,
        path: &[Arc<UnfinalizedBlock>],
        store: &dyn Store,
    ) -> Result<(), Fault> {
        let pairs = self.path.iter().zip(path);
        let shared = pairs
            .take_while(|(one, other)| one.tip.hash == other.tip.hash)
            .count();
        let is_undone = self.path.len() > shared;
        while self.path.len() > shared {
            self.pop();
        }
        if is_undone && self.path.is_empty() {
            self.tree.settle();
        }
        for block in path.iter().skip(shared) {
            self.tree.update(&block.changes, store)?;
            self.push(block);
        }
        Ok(())
    }

    /// Executes a child of the block at this position, and moves to it. After a fault the position
    /// is unchanged.
    pub(super) fn execute(
        &mut self,
        executor: &Executor<'_>,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<Arc<UnfinalizedBlock>, Fault> {
        let execution = Execution {
            engine: executor.engine,
            cache: executor.cache,
            rules: executor.rules,
            base: Base::indexed(executor.store, &self.layers).with_records(&self.records),
        };
        let tree = Advance::new(&mut self.tree, executor.store);
        let executed = execution.run(block, tree, observer)?;
        let block = UnfinalizedBlock::new(block, executed);
        let block = Arc::new(block);
        self.push(&block);
        Ok(block)
    }

    /// Calls `read` with the tree of a block, which may be below the last final one. That of a
    /// verified block stays; below, the updates are undone afterwards.
    ///
    /// # Errors
    /// [`Fault`] if a page of the tree cannot be read.
    pub(super) fn with_tree<T>(
        &mut self,
        view: &View,
        store: &dyn Store,
        read: impl FnOnce(&StoredTree<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.move_to(&view.path, store)?;
        self.tree.intact()?;
        let mut tree = Advance::new(&mut self.tree, store);
        let found = view
            .back
            .iter()
            .try_for_each(|reverse| tree.update(&batch(reverse)).map(drop))
            .and_then(|()| read(&tree.tree()));
        drop(tree);
        if !view.back.is_empty() && self.path.is_empty() {
            self.tree.settle();
        }
        found
    }

    /// The records of the tree for the commit of a child of the last final block, and moves there,
    /// unless the position is above it. A checkpoint is of that very block: what was above is
    /// undone, and applied again when it is needed.
    ///
    /// # Errors
    /// [`Fault`] if a page of the tree cannot be read.
    pub(super) fn records(
        &mut self,
        child: &Arc<UnfinalizedBlock>,
        store: &dyn Store,
    ) -> Result<Vec<Record>, Fault> {
        let is_due = self.tree.is_due(child.changes.changes().len());
        let first = self.path.first().map(|block| block.tip.hash);
        if is_due || first != Some(child.tip.hash) {
            self.move_to(core::slice::from_ref(child), store)?;
        }
        if is_due {
            if self.tree.root().0 != child.tip.result.state_root {
                return Err(Fault::invariant("the tree is not that of the final block"));
            }
            self.tree.checkpoint(child.tip.height, store)
        } else {
            Ok(self.tree.log(child.tip.height, &child.changes))
        }
    }

    /// Makes the first block of the path final: the store now contains it.
    pub(super) fn finalize(&mut self) {
        if !self.path.is_empty() {
            self.path.remove(0);
            self.layers.pop_oldest();
            self.records.remove(0);
        }
    }

    fn push(&mut self, block: &Arc<UnfinalizedBlock>) {
        self.layers.push(&block.diff);
        self.records.push(Arc::clone(&block.records));
        self.path.push(Arc::clone(block));
    }

    fn pop(&mut self) {
        if let Some(block) = self.path.pop() {
            self.tree.undo(&block.undo);
            self.layers.pop();
            self.records.pop();
        }
    }
}
