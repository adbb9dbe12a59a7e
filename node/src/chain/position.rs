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
use crate::layers::Layers;
use crate::state_tree::{Advance, batch};
use crate::store::Store;
use std::sync::Arc;
use tree::Tree;
use vm::{Engine, Fault, Rules};

/// The state of one block: the tree, and the changes since the last final block.
#[derive(Debug)]
pub(super) struct Position {
    tree: Tree,
    /// Threads that update the tree.
    threads: usize,
    path: Vec<Arc<UnfinalizedBlock>>,
    layers: Layers,
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
    pub(super) fn new(tree: Tree, threads: usize) -> Self {
        Self {
            tree,
            threads,
            path: Vec::new(),
            layers: Layers::default(),
        }
    }

    /// Moves to the last block of a path that begins above the last final block.
    pub(super) fn move_to(&mut self, path: &[Arc<UnfinalizedBlock>]) {
        let pairs = self.path.iter().zip(path);
        let shared = pairs
            .take_while(|(one, other)| one.tip.hash == other.tip.hash)
            .count();
        while self.path.len() > shared {
            self.pop();
        }
        for block in path.iter().skip(shared) {
            self.tree.update_on(&batch(&block.diff), self.threads);
            self.push(block);
        }
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
            base: Base::indexed(executor.store, &self.layers),
        };
        let tree = Advance::new(&mut self.tree, self.threads);
        let executed = execution.run(block, tree, observer)?;
        let block = UnfinalizedBlock::new(block, executed);
        let block = Arc::new(block);
        self.push(&block);
        Ok(block)
    }

    /// Calls `read` with the tree of a block, which may be below the last final one. That of a
    /// verified block stays; below, the updates are undone afterwards.
    pub(super) fn with_tree<T>(&mut self, view: &View, read: impl FnOnce(&Tree) -> T) -> T {
        self.move_to(&view.path);
        let mut tree = Advance::new(&mut self.tree, self.threads);
        for reverse in &view.back {
            tree.update(&batch(reverse));
        }
        read(tree.tree())
    }

    /// Moves to a child of the last final block, unless the position is at or above it already.
    pub(super) fn follow(&mut self, child: &Arc<UnfinalizedBlock>) {
        let first = self.path.first().map(|block| block.tip.hash);
        if first != Some(child.tip.hash) {
            self.move_to(core::slice::from_ref(child));
        }
    }

    /// Makes the first block of the path final: the store now contains it.
    pub(super) fn finalize(&mut self) {
        if !self.path.is_empty() {
            self.path.remove(0);
            self.layers.pop_oldest();
        }
    }

    fn push(&mut self, block: &Arc<UnfinalizedBlock>) {
        self.layers.push(&block.diff);
        self.path.push(Arc::clone(block));
    }

    fn pop(&mut self) {
        if let Some(block) = self.path.pop() {
            self.tree.update_on(&block.undo, self.threads);
            self.layers.pop();
        }
    }
}
