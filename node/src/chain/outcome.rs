//! Names what a call of a chain returns besides its value.

use crate::activations::RulesUnknown;
use crate::block::Invalid;
use crate::header::BlockResult;
use vm::{Fault, Height};

/// What a chain found about a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The block is valid, and this is its result. It can be finalized and built on.
    Valid(BlockResult),
    /// The block breaks a rule, on every node.
    Invalid(Invalid),
    /// The parent is not known: not verified yet, dropped, or lost in a restart. Verify the parent
    /// first.
    UnknownParent,
    /// The block is not above the last final one: it is final already or can never be.
    Stale,
    /// This build does not have the rules of the block's height: no vote, for or against. The node
    /// is behind; nothing was executed.
    RulesUnknown(RulesUnknown),
}

/// A call that does not fit the state of the chain: an error of the caller, which changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// No block of this hash is final or verified; it may have been dropped.
    #[error("an unknown block: verify it first")]
    UnknownBlock,
    /// A block is to be final whose parent is not.
    #[error("the parent of the block is not final")]
    ParentNotFinal,
    /// The height is above the last final block, or so far below that its state is not kept.
    #[error("the state of block {found} cannot be read: those of blocks {first} to {last} can")]
    Height {
        /// Height asked for.
        found: Height,
        /// Lowest height whose state can be read.
        first: Height,
        /// Height of the last final block.
        last: Height,
    },
    /// The chain was opened without a mempool.
    #[error("this chain has no mempool: open it with options for one")]
    NoMempool,
    /// A proposal whose time is not after its parent's.
    #[error("time {found} ms is not after the parent's {parent} ms")]
    Time {
        /// Time of the proposal, in milliseconds.
        found: u64,
        /// Time of the parent, in milliseconds.
        parent: u64,
    },
}

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChainError {
    /// The caller's error; nothing changed.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// This build does not have the rules in force above the block; nothing changed.
    #[error(transparent)]
    RulesUnknown(#[from] RulesUnknown),
    /// A failure of this machine.
    #[error(transparent)]
    Fault(#[from] Fault),
}
