//! Encodes headers and what executing a block yields.
//!
//! Specification: docs/spec/blocks.md. Nothing that executing a block yields is in its own header.

use crate::digest::{encode, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::{Address, Height};

const HEADER_DOMAIN: &[u8] = b"lockstep/header/1";

/// What executing a block yields; two engines of consensus share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockResult {
    /// Root of the state after the block.
    pub state_root: [u8; 32],
    /// RFC 6962 root of the encoded receipts.
    pub receipts_root: [u8; 32],
    /// Sum over the receipts.
    pub gas_used: u64,
}

impl BlockResult {
    /// `sha256(borsh(self))`: the `app_hash` under ABCI.
    #[must_use]
    pub fn app_hash(&self) -> [u8; 32] {
        sha256(&[&encode(self)])
    }
}

/// The header of a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Hash of the parent's header; at height 1 the chain id.
    pub parent: [u8; 32],
    /// From 1 on.
    pub height: Height,
    /// Milliseconds since 1970; greater than the parent's.
    pub time_ms: u64,
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
    /// The account that gets the fees.
    pub proposer: Address,
    /// RFC 6962 root of the encoded signed transactions.
    pub transactions_root: [u8; 32],
    /// The rules that the block is executed under.
    pub rules_id: [u8; 32],
    /// Result of the parent.
    pub parent_result: BlockResult,
}

impl Header {
    /// `sha256("lockstep/header/1" || borsh(self))`.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[HEADER_DOMAIN, &encode(self)])
    }

    /// What guests learn about the block.
    #[must_use]
    pub const fn context(&self) -> vm::BlockMetadata {
        vm::BlockMetadata {
            height: self.height,
            time_ms: self.time_ms,
            chain_id: self.chain_id,
            proposer: self.proposer,
        }
    }
}

/// The last committed block, as the next one must refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tip {
    /// Its height; 0 is the genesis.
    pub height: Height,
    /// Hash of its header; the chain id at height 0.
    pub hash: [u8; 32],
    /// Its time; the genesis time at height 0.
    pub time_ms: u64,
    /// Its result; at height 0 the genesis state, no receipt and no gas.
    pub result: BlockResult,
}
