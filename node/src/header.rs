//! Encodes block headers and the results of executing blocks.
//!
//! A header contains its parent's result, never its own.
//!
//! Specification: docs/spec/blocks.md, "Header".

use crate::limits::HEADER_BYTES;
use crate::transaction::{DecodeError, decode_canonical};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::{Address, Height};

pub use proof::BlockResult;

/// Header of a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Hash of the parent's header; at height 1 the chain id.
    pub parent: [u8; 32],
    /// Height, from 1 on.
    pub height: Height,
    /// Time in milliseconds since 1970; greater than the parent's.
    pub time_ms: u64,
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
    /// Account that receives the fees.
    pub proposer: Address,
    /// RFC 6962 root of the encoded signed transactions.
    pub transactions_root: [u8; 32],
    /// Id of the rules that the block is executed under.
    pub rules_id: [u8; 32],
    /// Result of the parent block.
    pub parent_result: BlockResult,
}

impl Header {
    /// Decodes the encoding of a header.
    ///
    /// # Errors
    /// [`DecodeError`]; the length is checked first.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_canonical(bytes, HEADER_BYTES)
    }

    /// `sha256("lockstep/header/1" || borsh(self))`.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        proof::Header::from(self).hash()
    }

    /// Metadata of the block that guests can read.
    #[must_use]
    pub const fn metadata(&self) -> vm::BlockMetadata {
        vm::BlockMetadata {
            height: self.height,
            time_ms: self.time_ms,
            chain_id: self.chain_id,
            proposer: self.proposer,
        }
    }
}

/// The same header, as a verifier of proofs has it.
impl From<&Header> for proof::Header {
    fn from(header: &Header) -> Self {
        Self {
            parent: header.parent,
            height: header.height.0,
            time_ms: header.time_ms,
            chain_id: header.chain_id,
            proposer: header.proposer.0,
            transactions_root: header.transactions_root,
            rules_id: header.rules_id,
            parent_result: header.parent_result,
        }
    }
}

/// The last committed block, as the next header refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tip {
    /// Height of the block; 0 is the genesis.
    pub height: Height,
    /// Hash of the header; the chain id at height 0.
    pub hash: [u8; 32],
    /// Time of the block, in milliseconds; the genesis time at height 0.
    pub time_ms: u64,
    /// Result of the block; at height 0 that of the genesis state, without receipts and gas.
    pub result: BlockResult,
}
