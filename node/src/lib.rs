//! Applies blocks of signed transactions to the state, and compares nodes that must not differ.
//!
//! ```text
//! bytes --decode--> Block --validate--> ValidBlock --execute--> receipts, diff --commit--> result
//! ```
//!
//! # Invariants
//! * Only [`store`] is written, once a block, with the root in the same commit.
//! * An invalid block is an [`Invalid`]; a failing transaction is a [`Receipt`]; a failing machine
//!   is a [`vm::Fault`]. None of them turns into another.
//! * No cache, engine, restart or observer changes a receipt or a root.
//!
//! Specification: docs/spec/transactions.md, docs/spec/blocks.md. Tests: `tests/it`.
#![forbid(unsafe_code)]

/// Bounds of transactions and blocks.
pub mod limits;

/// The rules of a chain, with what a node charges.
pub mod rules;

/// Hashes with a domain.
pub mod digest;

/// Transactions and their bytes.
mod transaction;

/// Secret keys, for wallets, workloads and tests.
mod key;

/// The document a chain starts from.
mod genesis;

/// Block headers and results.
mod header;

/// Receipts.
pub mod receipt;

/// Blocks and the rules that need no state.
mod block;

/// Committed state.
mod store;

/// Checked modules, kept by hash.
mod cache;

/// State inside a block.
mod overlay;

/// One transaction after the other.
pub mod execute;

/// The state tree of a store.
pub mod state_tree;

/// The node.
mod node;

/// Chains as files.
pub mod archive;

pub use block::{
    Block, Context, Invalid, InvalidTransaction, ValidBlock, ValidTransaction, transactions_root,
};
pub use cache::{CachePolicy, CodeCache};
pub use execute::{BlockEnvironment, Executed};
pub use genesis::{Activations, Genesis, GenesisError, RULES_KEY};
pub use header::{BlockResult, Header, Tip};
pub use key::SecretKey;
pub use node::{NoObserver, Node, Observer, Parts, Pending};
pub use overlay::{Net, Overlay, ReadSet};
pub use receipt::{Receipt, ReceiptExit};
pub use state_tree::recomputed_root;
pub use store::{Commit, Disk, LogStore, MemoryStore, Store};
pub use transaction::{
    DecodeError, Payload, PublicKey, Signed, Transaction, decode_canonical, intrinsic_gas,
};
