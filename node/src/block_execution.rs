//! Executes the transactions of a block on the state at its start; commits nothing.

use crate::base::Base;
use crate::block::ValidBlock;
use crate::cache::CodeCache;
use crate::code_records::CodeRecords;
use crate::execute::{self, BlockEnvironment, Executed};
use crate::header::{BlockResult, Tip};
use crate::overlay::Overlay;
use crate::receipt::{Receipt, receipts_root};
use crate::state_tree::{Advance, batch};
use std::sync::Arc;
use tree::Batch;
use vm::{Engine, Event, Fault, Rules, StateDiff};

/// Receives the result of each transaction; cannot change it.
pub trait Observer {
    /// True if the observer needs the state root after each transaction; each costs a tree update.
    fn wants_roots(&self) -> bool {
        false
    }

    /// Called when the first transaction, if there is one, is about to be executed.
    fn begin(&mut self) {}

    /// Called after each transaction; `root` is `Some` if [`Observer::wants_roots`].
    fn transaction(&mut self, index: u32, executed: &Executed, root: Option<[u8; 32]>);

    /// Called with the net change of the whole block, fees included, before it is committed.
    fn block(&mut self, diff: &StateDiff) {
        let _ = diff;
    }
}

/// An observer that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn transaction(&mut self, _: u32, _: &Executed, _: Option<[u8; 32]>) {}
}

/// What executing a block needs, besides the block and the tree.
#[derive(Clone, Copy)]
pub(crate) struct Execution<'a> {
    /// Engine that runs the guests.
    pub(crate) engine: &'a dyn Engine,
    /// Cache of checked modules.
    pub(crate) cache: &'a CodeCache,
    /// Rules in force at the block's height.
    pub(crate) rules: &'a Arc<Rules>,
    /// State at the block's start.
    pub(crate) base: Base<'a>,
}

/// An executed block.
pub(crate) struct ExecutedBlock {
    /// The block as the next header refers to it.
    pub(crate) tip: Tip,
    /// Net change of the state.
    pub(crate) diff: StateDiff,
    /// Values at the block's start of the keys in the diff.
    pub(crate) reverse: StateDiff,
    /// Receipts, in order.
    pub(crate) receipts: Vec<Receipt>,
    /// Records of codes, for the commit.
    pub(crate) records: CodeRecords,
    /// Events of each transaction, in order.
    pub(crate) events: Vec<Vec<Event>>,
    /// Changes of the tree.
    pub(crate) changes: Batch,
    /// Batch that takes the tree back to the state at the block's start.
    pub(crate) undo: Batch,
}

impl Execution<'_> {
    /// Executes a block that is valid on its parent, and advances the tree from the parent's state
    /// to the block's; after a fault the tree is at the parent's.
    ///
    /// # Errors
    /// A [`Fault`] of this machine.
    pub(crate) fn run(
        &self,
        block: &ValidBlock,
        mut tree: Advance<'_>,
        observer: &mut dyn Observer,
    ) -> Result<ExecutedBlock, Fault> {
        let header = block.header();
        let metadata = header.metadata();
        let environment = BlockEnvironment {
            engine: self.engine,
            rules: self.rules,
            block: &metadata,
        };
        let mut overlay = Overlay::above(self.base, self.cache, self.rules);
        let mut receipts: Vec<Receipt> = Vec::with_capacity(block.transactions().len());
        let mut events = Vec::with_capacity(block.transactions().len());
        let (mut fees, mut gas_used) = (0_u128, 0_u64);
        let stepwise = observer.wants_roots();
        let first = execute::begin_block(&mut overlay, header)?;
        if stepwise && !first.is_empty() {
            tree.update(&batch(&first))?;
        }
        observer.begin();
        for (index, valid) in (0_u32..).zip(block.transactions()) {
            let executed = execute::execute(&environment, &mut overlay, valid)?;
            let root = match stepwise {
                true => Some(tree.update(&batch(&executed.diff))?),
                false => None,
            };
            observer.transaction(index, &executed, root);
            fees = fees.checked_add(executed.fee).ok_or_else(too_large)?;
            gas_used = gas_used
                .checked_add(executed.receipt.gas_used)
                .ok_or_else(too_large)?;
            receipts.push(executed.receipt);
            events.push(executed.events);
        }
        let last = execute::end_block(&mut overlay, header, self.rules, fees)?;
        let records = overlay.take_records();
        let (diff, reverse) = overlay.into_diffs()?;
        observer.block(&diff);
        // With stepwise roots the tree already has all changes but those of the end of the block.
        let changes = batch(&diff);
        let state_root = if stepwise {
            tree.update(&batch(&last))?
        } else {
            tree.update(&changes)?
        };
        let result = BlockResult {
            state_root,
            receipts_root: receipts_root(&receipts),
            gas_used,
        };
        Ok(ExecutedBlock {
            tip: Tip {
                height: header.height,
                hash: header.hash(),
                time_ms: header.time_ms,
                result,
            },
            diff,
            reverse,
            receipts,
            records,
            events,
            changes,
            undo: tree.keep(),
        })
    }
}

fn too_large() -> Fault {
    Fault::invariant("a sum over a valid block exceeds its type")
}
