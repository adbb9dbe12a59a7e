//! Verifies that the state, a receipt or an event of a chain is as a proof says.
//!
//! ```text
//! bytes --Proof::decode--> headers, claim --hash links--> trusted header's hash
//!                                   \--Merkle path--> roots in the first header --> Proved
//! ```
//!
//! A verifier trusts the hash of one header, and has neither the chain nor its state. Result h is
//! in header h + 1, so a proof contains that header, and each one from there to the trusted header.
//! The crate has no I/O and no standard library, and compiles for `wasm32v1-none`.
//!
//! ```
//! use lockstep_proof::{BlockResult, Claim, Expected, Header, Proof, Statement, verify};
//!
//! let parent_result = BlockResult { state_root: [1; 32], receipts_root: [2; 32], gas_used: 3 };
//! let header = Header {
//!     parent: [4; 32], height: 8, time_ms: 5, chain_id: [6; 32], proposer: [7; 32],
//!     transactions_root: [8; 32], rules_id: [9; 32], parent_result,
//! };
//! let trusted = header.hash();
//! let bytes = Proof { headers: vec![header], claim: Claim::Result }.encode();
//!
//! let proved = verify(&bytes, &trusted, &Expected::Result { height: 7 })?;
//! assert_eq!(proved.statement, Statement::Result(parent_result));
//! assert!(verify(&bytes, &trusted, &Expected::Result { height: 8 }).is_err());
//! # Ok::<(), lockstep_proof::ProofError>(())
//! ```
//!
//! # Invariants
//! * Total: any bytes result in a statement or in an error. There is no recursion, memory is at
//!   most a few times that of the bytes, and every list has a bound.
//! * No false statement about a chain is proved, unless SHA-256 collides.
//!
//! Specification: docs/spec/proofs.md. Tests: `tests/it`, and `node/tests/it/proofs.rs`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

/// Hash rules of the state tree and 32-byte types.
pub mod hash;

/// Proofs in the state tree.
pub mod tree;

/// Proofs in lists.
pub mod list;

/// What of a chain is hashed.
mod chain;

/// The file format.
mod format;

/// Why a proof fails.
mod error;

/// The verifier.
mod verify;

pub use chain::{BlockResult, Event, Header, Receipt, ReceiptExit};
pub use error::ProofError;
pub use format::{Claim, HEADERS_MAX, MAGIC, PROOF_BYTES_MAX, Proof};
pub use verify::{Expected, Proved, Statement, verify};
