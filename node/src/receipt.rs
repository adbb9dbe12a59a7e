//! Encodes receipts: what each transaction of a block came to.
//!
//! Specification: docs/spec/transactions.md.

use crate::digest::{encode, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::Event;

/// `code` of a skipped transaction whose nonce is not the account's next.
pub const SKIPPED_NONCE: u16 = 1;
/// `code` of a skipped transaction whose signer cannot pay limit and value, or no account could.
pub const SKIPPED_BALANCE: u16 = 2;

/// How a transaction ended. The borsh tag is the receipt's exit byte; pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum ReceiptExit {
    /// 0: its effects are kept.
    Return,
    /// 1: the contract refused; the code is 1, or the status of a call that never began.
    Revert,
    /// 2: the contract was stopped; the code is the trap's.
    Trap,
    /// 3: the gas did not suffice.
    OutOfGas,
    /// 4: nothing was charged and nothing changed; the code says why.
    Skipped,
    /// 5: the module of an upload was refused.
    Rejected,
}

impl ReceiptExit {
    /// Every exit, in the order of its byte.
    pub const ALL: [Self; 6] = [
        Self::Return,
        Self::Revert,
        Self::Trap,
        Self::OutOfGas,
        Self::Skipped,
        Self::Rejected,
    ];

    /// The exit's name, as in `--json` output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Revert => "revert",
            Self::Trap => "trap",
            Self::OutOfGas => "out-of-gas",
            Self::Skipped => "skipped",
            Self::Rejected => "rejected",
        }
    }
}

/// What a transaction came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// The transaction.
    pub tx_id: [u8; 32],
    /// How it ended.
    pub exit: ReceiptExit,
    /// Detail of the exit, 0 where it has none.
    pub code: u16,
    /// Consumed, intrinsic gas included; 0 if skipped.
    pub gas_used: u64,
    /// SHA-256 of the output; of an accepted upload the output is code hash and rules id.
    pub output_hash: [u8; 32],
    /// RFC 6962 root of the encoded events.
    pub events_root: [u8; 32],
}

impl Receipt {
    /// The encoding that is hashed into the receipts root.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// RFC 6962 root of events, each in borsh.
#[must_use]
pub fn events_root(events: &[Event]) -> [u8; 32] {
    let encoded: Vec<Vec<u8>> = events.iter().map(encode).collect();
    tree::list_root(&encoded)
}

/// RFC 6962 root of receipts, each in borsh.
#[must_use]
pub fn receipts_root(receipts: &[Receipt]) -> [u8; 32] {
    let encoded: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
    tree::list_root(&encoded)
}

/// Hash of an output.
#[must_use]
pub fn output_hash(output: &[u8]) -> [u8; 32] {
    sha256(&[output])
}
