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

/// Hashes with a domain.
pub mod digest;

/// Transactions and their bytes.
pub mod transaction;

/// Secret keys, for wallets, workloads and tests.
pub mod key;

/// The document a chain starts from.
pub mod genesis;

/// Block headers and results.
pub mod header;

/// Receipts.
pub mod receipt;

/// Blocks and the rules that need no state.
pub mod block;

/// Committed state.
pub mod store;

/// Checked modules, kept by hash.
pub mod cache;

/// State inside a block.
pub mod overlay;

/// One transaction after the other.
pub mod execute;

/// What a node does with a block around the VM.
pub mod steps;

/// The node.
pub mod node;

/// Chains as files.
pub mod archive;

pub use block::{Block, Invalid, ValidBlock};
pub use cache::CachePolicy;
pub use genesis::Genesis;
pub use header::{BlockResult, Header};
pub use key::SecretKey;
pub use node::{Node, Observer};
pub use receipt::{Receipt, ReceiptExit};
pub use store::{LogStore, MemoryStore, Store};
pub use transaction::{Payload, PublicKey, Signed, Transaction};
