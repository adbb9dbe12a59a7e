//! Applies blocks of signed transactions to the state.
//!
//! ```text
//! bytes --decode--> Block --validate--> ValidBlock --execute--> receipts, diff --commit--> result
//! ```
//!
//! # Invariants
//! * Only the [`Store`] is written, once a block; the root is in the same commit.
//! * An invalid block is an [`Invalid`], a failed transaction is a [`Receipt`], a failure of this
//!   machine is a [`vm::Fault`]. None is converted into another.
//! * No cache, engine, restart or observer changes a receipt or a root.
//!
//! Specification: docs/spec/transactions.md, docs/spec/blocks.md, docs/spec/proofs.md.
//! Tests: `tests/it`.
#![forbid(unsafe_code)]

/// Limits of transactions and blocks.
pub mod limits;

/// Rules of a chain, with the prices that the node charges.
pub mod rules;

/// Hashing and encoding.
pub mod digest;

/// Transactions and their encoding.
mod transaction;

/// Secret keys, for wallets, workloads and tests.
mod key;

/// The genesis document.
mod genesis;

/// Block headers and results.
mod header;

/// Receipts.
pub mod receipt;

/// Blocks and their stateless validation.
mod block;

/// Committed state.
mod store;

/// Cache of checked modules.
mod cache;

/// State changes inside a block.
mod overlay;

/// Execution of transactions.
pub mod execute;

/// The state tree of a store.
pub mod state_tree;

/// The node.
mod node;

/// Proofs of state, receipts and events.
pub mod prove;

/// Chains as files.
pub mod archive;

pub use block::{
    Block, Invalid, InvalidTransaction, ValidBlock, ValidTransaction, ValidationContext,
    transactions_root,
};
pub use cache::{CachePolicy, CodeCache};
pub use execute::{BlockEnvironment, Executed};
pub use genesis::{Activations, Genesis, GenesisError, RULES_KEY};
pub use header::{BlockResult, Header, Tip};
pub use key::SecretKey;
pub use node::{NoObserver, Node, Observer, Parts, PendingCommit};
pub use overlay::{Net, Overlay, ReadSet};
pub use receipt::{Receipt, ReceiptExit};
pub use state_tree::recomputed_root;
pub use store::{Commit, Disk, LogStore, MemoryStore, Store};
pub use transaction::{
    DecodeError, Payload, PublicKey, Signed, Transaction, decode_canonical, intrinsic_gas,
};
