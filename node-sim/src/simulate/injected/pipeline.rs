//! Makes pipelines with one fault each.

use super::engine::{FaultyEngine, NoRevert};
use crate::pipeline::{BlockPipeline, StandardPipeline};
use crate::simulate::acted::Acted;
use node::execute::execute;
use node::receipt::{events_root, receipts_root};
use node::{BlockEnvironment, Executed, Header, Overlay, Receipt, ReceiptExit, ValidTransaction};
use reference::Reference;
use tree::Tree;
use vm::unstable::state::Account;
use vm::{Fault, StateDiff, key};

/// The difference of one time zone, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// The fault of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PipelineFault {
    /// Events of a transaction are in the opposite order.
    Events,
    /// The storage writes of a reverted transaction stay.
    Revert,
    /// Each fee is one unit too high.
    Fee,
    /// A failed transaction does not increment the nonce.
    Nonce,
    /// Guests see the time of another time zone instead of the header's.
    Clock,
    /// The tree misses the first value of each change.
    Tree,
    /// Receipts are hashed in the opposite order.
    Receipts,
}

/// A pipeline with one fault, and a counter of what that changed.
#[derive(Clone)]
pub(super) struct FaultyPipeline {
    fault: PipelineFault,
    acted: Acted,
}

impl FaultyPipeline {
    pub(super) const fn new(fault: PipelineFault, acted: Acted) -> Self {
        Self { fault, acted }
    }
}

impl BlockPipeline for FaultyPipeline {
    fn metadata(&self, header: &Header) -> vm::BlockMetadata {
        let mut block = StandardPipeline.metadata(header);
        if self.fault == PipelineFault::Clock {
            block.time_ms = block.time_ms.saturating_add(HOUR_MS);
        }
        block
    }

    fn transaction(
        &self,
        environment: &BlockEnvironment<'_>,
        overlay: &mut Overlay<'_>,
        valid: &ValidTransaction,
    ) -> Result<Executed, Fault> {
        let undone = match self.fault {
            PipelineFault::Revert => Some(effects(environment, overlay.clone(), valid)?),
            _ => None,
        };
        let mut executed = execute(environment, overlay, valid)?;
        let exit = executed.receipt.exit;
        match self.fault {
            PipelineFault::Events => {
                let before = executed.events.clone();
                executed.events.reverse();
                executed.receipt.events_root = events_root(&executed.events);
                if executed.events != before {
                    self.acted.note();
                }
            }
            PipelineFault::Revert if exit == ReceiptExit::Revert => {
                for (key, value) in undone.unwrap_or_default() {
                    self.acted.note();
                    overlay.write(key, value);
                }
            }
            PipelineFault::Fee if executed.fee > 0 => {
                self.acted.note();
                executed.fee = executed.fee.saturating_add(1);
                change(overlay, valid, |account| {
                    account.balance = account.balance.saturating_sub(1);
                })?;
            }
            PipelineFault::Nonce if failed(exit) => {
                self.acted.note();
                change(overlay, valid, |account| {
                    account.nonce = account.nonce.saturating_sub(1);
                })?;
            }
            _ => {}
        }
        let more = overlay.finish_transaction()?;
        executed.diff.extend(more.diff);
        Ok(executed)
    }

    fn update(&self, tree: &mut Tree, diff: &StateDiff) -> [u8; 32] {
        let mut diff = diff.clone();
        let is_value = |key: &&Vec<u8>| key.first() == Some(&key::VALUE);
        if self.fault == PipelineFault::Tree
            && let Some(first) = diff.keys().find(is_value).cloned()
        {
            self.acted.note();
            diff.remove(&first);
        }
        StandardPipeline.update(tree, &diff)
    }

    fn receipts_root(&self, receipts: &[Receipt]) -> [u8; 32] {
        let mut receipts = receipts.to_vec();
        if self.fault == PipelineFault::Receipts {
            receipts.reverse();
            if receipts.len() > 1 {
                self.acted.note();
            }
        }
        receipts_root(&receipts)
    }
}

const fn failed(exit: ReceiptExit) -> bool {
    matches!(
        exit,
        ReceiptExit::Revert | ReceiptExit::Trap | ReceiptExit::OutOfGas
    )
}

/// Changes the signer's account after the transaction.
fn change(
    overlay: &mut Overlay<'_>,
    valid: &ValidTransaction,
    change: impl Fn(&mut Account),
) -> Result<(), Fault> {
    let mut account = overlay.account(valid.sender())?;
    change(&mut account);
    overlay.set_account(valid.sender(), &account);
    Ok(())
}

/// Storage writes that the transaction would make if none of its frames reverted.
fn effects(
    environment: &BlockEnvironment<'_>,
    mut overlay: Overlay<'_>,
    valid: &ValidTransaction,
) -> Result<StateDiff, Fault> {
    let engine = FaultyEngine::new(Reference::new(), NoRevert);
    let environment = BlockEnvironment {
        engine: &engine,
        ..*environment
    };
    let mut diff = execute(&environment, &mut overlay, valid)?.diff;
    diff.retain(|key, _| key.first() == Some(&key::VALUE));
    Ok(diff)
}
