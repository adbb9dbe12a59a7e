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

pub use ::node::{
    Block, BlockResult, CachePolicy, Genesis, Header, Invalid, LogStore, MemoryStore, Node,
    Observer, Payload, PublicKey, Receipt, ReceiptExit, SecretKey, Signed, Store, Transaction,
    ValidBlock, archive, block, cache, digest, execute, genesis, header, key, limits, node,
    overlay, receipt, steps, store, transaction,
};

/// Where two executions of one transaction part.
pub mod bisect;

/// One transaction as a file that replays alone.
pub mod case;

/// Archives applied again.
pub mod replay;

/// Many nodes, one answer.
pub mod simulate;

/// Validators on a network that may do anything to messages.
pub mod network;
