//! Names the steps of a block that a node takes around the VM, so that a planted fault can stand in
//! for one of them.
//!
//! `Plain` is what every node runs. Another implementation is another machine: it belongs into a
//! simulation that must find it, see [`crate::simulate::planted`].

use crate::block::ValidTransaction;
use crate::execute::{self, Environment, Executed};
use crate::header::Header;
use crate::overlay::Overlay;
use crate::receipt::{Receipt, receipts_root};
use tree::{Batch, Path, Tree, ValueHash};
use vm::{Fault, StateDiff};

/// What a node does with a block around the VM, step by step.
pub trait Steps {
    /// What guests learn about the block.
    fn context(&self, header: &Header) -> vm::Block {
        vm::Block {
            height: header.height,
            time_ms: header.time_ms,
            chain_id: header.chain_id,
            proposer: header.proposer,
        }
    }

    /// Executes one transaction.
    ///
    /// # Errors
    /// As [`execute::execute`].
    fn transaction(
        &self,
        environment: &Environment<'_>,
        overlay: &mut Overlay<'_>,
        valid: &ValidTransaction,
    ) -> Result<Executed, Fault> {
        execute::execute(environment, overlay, valid)
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

/// The changes of the tree that a diff is.
#[must_use]
pub fn batch(diff: &StateDiff) -> Batch {
    let change = |value: &Option<Vec<u8>>| value.as_deref().map(ValueHash::of);
    diff.iter()
        .map(|(key, value)| (Path::of_key(key), change(value)))
        .collect()
}
