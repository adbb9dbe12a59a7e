//! Defines what of a chain is hashed and so can be proved: headers, results, receipts, events.
//!
//! The node uses these results and receipts as they are. Its headers and events have types of the
//! VM in some fields, with the same encoding; `node/tests/it/proofs.rs` compares them.
//!
//! Specification: docs/spec/blocks.md, "Header"; docs/spec/transactions.md, "Receipt".
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};

/// Prefix of what the hash of a header covers.
const HEADER_DOMAIN: &[u8] = b"lockstep/header/1";

/// Result of executing a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockResult {
    /// Root of the state after the block.
    pub state_root: [u8; 32],
    /// RFC 6962 root of the encoded receipts.
    pub receipts_root: [u8; 32],
    /// Sum of the gas used by all transactions, in gas.
    pub gas_used: u64,
}

impl BlockResult {
    /// `sha256(borsh(self))`: the `app_hash` under ABCI.
    #[must_use]
    pub fn app_hash(&self) -> [u8; 32] {
        Sha256::digest(encode(self)).into()
    }
}

/// Header of a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Hash of the parent's header; at height 1 the chain id.
    pub parent: [u8; 32],
    /// Height, from 1 on.
    pub height: u64,
    /// Time in milliseconds since 1970; greater than the parent's.
    pub time_ms: u64,
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
    /// Address of the account that receives the fees.
    pub proposer: [u8; 32],
    /// RFC 6962 root of the encoded signed transactions.
    pub transactions_root: [u8; 32],
    /// Id of the rules that the block is executed under.
    pub rules_id: [u8; 32],
    /// Result of the parent block.
    pub parent_result: BlockResult,
}

impl Header {
    /// `sha256("lockstep/header/1" || borsh(self))`.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(HEADER_DOMAIN)
            .chain_update(encode(self))
            .finalize()
            .into()
    }
}

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
    /// Encoding that the receipts root hashes, 107 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// An event of a contract.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Event {
    /// Address of the contract that emitted it.
    pub address: [u8; 32],
    /// Topics, for indexing.
    pub topics: Vec<[u8; 32]>,
    /// The event's data.
    pub data: Vec<u8>,
}

impl Event {
    /// Encoding that the events root hashes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// Borsh encoding of a value.
///
/// Encoding into memory fails only for a list of 2^32 items, which no bound here allows.
pub(crate) fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}
