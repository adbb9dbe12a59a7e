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

/// Lists of rules by height.
mod activations;

/// The genesis document.
mod genesis;

/// Block headers and results.
mod header;

/// Receipts.
pub mod receipt;

/// Verification of signatures.
mod signatures;

/// Blocks and their stateless validation.
mod block;

/// Committed state.
mod store;

/// Cache of checked modules.
mod cache;

/// What is kept beside each code.
mod code_records;

/// Records that a store lacks beside its codes.
mod rebuild_records;

/// Changes of blocks that are not final.
mod layers;

/// The state at the start of a block.
mod base;

/// State changes inside a block.
mod overlay;

/// Execution of transactions.
pub mod execute;

/// The state tree of a store.
pub mod state_tree;

/// Rules by height.
mod upgrade;

/// Opening a store.
mod opening;

/// Execution of a block.
mod block_execution;

/// The node.
mod node;

/// Calls that do not fit the state of a chain.
mod misuse;

/// A chain that a consensus engine drives.
pub mod chain;

/// Transactions that wait for a block.
pub mod mempool;

/// Proofs of state, receipts and events.
pub mod prove;

/// Chains as files.
pub mod archive;

/// The state of a block as files.
pub mod snapshot;

pub use activations::{Activations, RULES_KEY, RulesUnknown, UpgradesError};
pub use block::{
    Block, Invalid, InvalidTransaction, ValidBlock, ValidTransaction, ValidationContext,
    transactions_root,
};
pub use block_execution::{NoObserver, Observer};
pub use cache::{CachePolicy, CodeCache};
pub use chain::Chain;
pub use execute::{BlockEnvironment, Executed};
pub use genesis::{Genesis, GenesisError};
pub use header::{BlockResult, Header, Tip};
pub use key::SecretKey;
pub use mempool::{Mempool, MempoolOptions};
pub use node::{Node, Parts, PendingCommit};
pub use overlay::{Net, Overlay, ReadSet};
pub use receipt::{Receipt, ReceiptExit};
pub use state_tree::{StoredTree, TreeOptions, TreeView, recomputed_root};
pub use store::{
    Commit, Disk, HALF_RESTORED, LogStore, MemoryStore, Record, RestoredPart, Snapshot, Store,
    verify_blocks,
};
pub use transaction::{
    DecodeError, Payload, PublicKey, Signed, Transaction, decode_canonical, intrinsic_gas,
};
pub use upgrade::{ChainSpec, SpecError, UpgradeDocument, UpgradeDocumentError};

/// Compiles and runs the examples of the page for embedders.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;
