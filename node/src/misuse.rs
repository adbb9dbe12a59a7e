//! Names calls that do not fit the state of a chain.

use vm::Height;

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
