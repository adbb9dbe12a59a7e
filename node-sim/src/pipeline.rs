//! Names the steps of a block that a node takes around the VM, so that a planted fault can stand in
//! for one of them.
//!
//! `Plain` takes them as a node does. Another implementation is another machine, which a
//! simulation must find.

use node::execute::execute;
use node::receipt::receipts_root;
use node::state_tree::batch;
use node::{BlockEnvironment, Executed, Header, Overlay, Receipt, ValidTransaction};
use tree::Tree;
use vm::{Fault, StateDiff};

/// What a node does with a block around the VM, step by step.
pub trait Steps {
    /// What guests learn about the block.
    fn context(&self, header: &Header) -> vm::BlockMetadata {
        header.context()
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

    /// Brings the tree up to date with a net change; answers its root.
    fn update(&self, tree: &mut Tree, diff: &StateDiff) -> [u8; 32] {
        tree.update(&batch(diff)).0
    }

    /// The root of a block's receipts.
    fn receipts_root(&self, receipts: &[Receipt]) -> [u8; 32] {
        receipts_root(receipts)
    }
}

/// The steps as they are specified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Steps for Plain {}
