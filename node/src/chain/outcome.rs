//! Names what a call of a chain returns besides its value.

use crate::activations::RulesUnknown;
use crate::block::Invalid;
use crate::header::BlockResult;
use crate::misuse::Misuse;
use vm::Fault;

/// What a chain found about a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The block is valid, and this is its result. It can be finalized and built on.
    Valid(BlockResult),
    /// The block breaks a rule, on every node that is configured alike: [`Invalid::RulesId`] may
    /// also mean that this node lacks an upgrade document.
    Invalid(Invalid),
    /// The parent is not known: not verified yet, dropped, or lost in a restart. Verify the parent
    /// first.
    UnknownParent,
    /// The block is not above the last final one: it is final already or can never be.
    Stale,
    /// This build does not have the rules of the block's height: no vote, for or against. The node
    /// is behind; nothing was executed.
    RulesUnknown(RulesUnknown),
    /// The block's time is not of now by the clock of [`Chain::verify_timely`](super::Chain): no
    /// vote for it. It says nothing about the block's validity, and nothing was executed.
    Untimely {
        /// Time of the block, in milliseconds.
        time_ms: u64,
        /// Time of the clock, in milliseconds.
        now_ms: u64,
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
