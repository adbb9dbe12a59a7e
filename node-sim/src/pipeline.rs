//! Defines what a node does with a block around the VM, so that an injected fault can replace a
//! part of it.
//!
//! `StandardPipeline` does what a node does. Any other implementation is a fault that a
//! simulation must find.

use node::execute::execute;
use node::receipt::receipts_root;
use node::state_tree::batch;
use node::{BlockEnvironment, Executed, Header, Overlay, Receipt, ValidTransaction};
use tree::Tree;
use vm::{Fault, StateDiff};

/// The stages of a block around the VM.
pub trait BlockPipeline {
    /// Metadata of the block that guests can read.
    fn metadata(&self, header: &Header) -> vm::BlockMetadata {
        header.metadata()
    }

    /// Executes one transaction.
    ///
    /// # Errors
    /// As [`execute`].
    fn transaction(
        &self,
        environment: &BlockEnvironment<'_>,
        overlay: &mut Overlay<'_>,
        valid: &ValidTransaction,
    ) -> Result<Executed, Fault> {
        execute(environment, overlay, valid)
    }

    /// Updates the tree with a net change; returns its root.
    fn update(&self, tree: &mut Tree, diff: &StateDiff) -> [u8; 32] {
        tree.update(&batch(diff)).0
    }

    /// Root of a block's receipts.
    fn receipts_root(&self, receipts: &[Receipt]) -> [u8; 32] {
        receipts_root(receipts)
    }
}

/// The pipeline of a node, as specified.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardPipeline;

impl BlockPipeline for StandardPipeline {}
