//! Encodes receipts: the result of each transaction of a block.
//!
//! Specification: docs/spec/transactions.md, "Receipt".

use crate::digest::{encode, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::Event;

/// `code` of a transaction that is skipped because its nonce is not the account's next.
pub const SKIPPED_NONCE: u16 = 1;
/// `code` of a transaction that is skipped because its signer cannot pay gas limit and value.
pub const SKIPPED_BALANCE: u16 = 2;

/// How a transaction ended. The borsh tag is the exit byte of the receipt; pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum ReceiptExit {
    /// 0: the call returned; its effects are kept.
    Return,
    /// 1: the contract reverted; the code is 1, or the status of a call that never began.
    Revert,
    /// 2: the contract trapped; the code is the trap's.
    Trap,
    /// 3: the gas ran out.
    OutOfGas,
    /// 4: the transaction was skipped: no charge, no effect; the code is the reason.
    Skipped,
    /// 5: the module of an upload was rejected.
    Rejected,
}

impl ReceiptExit {
    /// All exits, in the order of their bytes.
    pub const ALL: [Self; 6] = [
        Self::Return,
        Self::Revert,
        Self::Trap,
        Self::OutOfGas,
        Self::Skipped,
        Self::Rejected,
    ];

    /// Name of the exit, as in `--json` output.
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

/// Result of a transaction, as committed in the receipts root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// Id of the transaction.
    pub tx_id: [u8; 32],
    /// How it ended.
    pub exit: ReceiptExit,
    /// Detail of the exit; 0 if it has none.
    pub code: u16,
    /// Gas used, intrinsic gas included, in gas; 0 if skipped.
    pub gas_used: u64,
    /// SHA-256 of the output. The output of an accepted upload is its code hash and the rules id.
    pub output_hash: [u8; 32],
    /// RFC 6962 root of the encoded events.
    pub events_root: [u8; 32],
}

impl Receipt {
    /// Encoding that the receipts root hashes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// RFC 6962 root of events, each encoded in borsh.
#[must_use]
pub fn events_root(events: &[Event]) -> [u8; 32] {
    let encoded: Vec<Vec<u8>> = events.iter().map(encode).collect();
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
