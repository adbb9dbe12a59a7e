//! Encodes receipts: the result of each transaction of a block.
//!
//! Specification: docs/spec/transactions.md, "Receipt".

use crate::digest::{encode, sha256};
use vm::Event;
use vm::unstable::work::{self, WorkKind};

pub use proof::{Receipt, ReceiptExit};

/// `code` of a transaction that is skipped because its nonce is not the account's next.
pub const SKIPPED_NONCE: u16 = 1;
/// `code` of a transaction that is skipped because its signer cannot pay gas limit and value.
pub const SKIPPED_BALANCE: u16 = 2;

/// RFC 6962 root of events, each encoded in borsh.
#[must_use]
pub fn events_root(events: &[Event]) -> [u8; 32] {
    let encoded: Vec<Vec<u8>> = events.iter().map(encode).collect();
    work::add(WorkKind::Hashed, encoded.iter().map(Vec::len).sum());
    tree::list_root(&encoded)
}

/// RFC 6962 root of receipts, each encoded in borsh.
#[must_use]
pub fn receipts_root(receipts: &[Receipt]) -> [u8; 32] {
    let encoded: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
    tree::list_root(&encoded)
}

/// SHA-256 of an output.
#[must_use]
pub fn output_hash(output: &[u8]) -> [u8; 32] {
    sha256(&[output])
}
