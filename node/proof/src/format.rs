//! Encodes and decodes proofs.
//!
//! Specification: docs/spec/proofs.md, "Format". Tests: `tests/it/format.rs`.
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::chain::{Event, Header, Receipt, encode};
use crate::error::ProofError;
use crate::list::ListProof;
use crate::tree::Leaf;

/// The first bytes of every proof; the number is the version of the format.
pub const MAGIC: &[u8] = b"lockstep/proof/1\n";

/// The greatest length of a proof, in bytes: room for a value of 4 MiB, and all headers.
pub const PROOF_BYTES_MAX: usize = 8 << 20;

/// The greatest number of headers in a proof.
pub const HEADERS_MAX: usize = 4_096;

/// A claim about the result of a block, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proof {
    /// Headers in order of height: the one with the block's result, up to a trusted one.
    pub headers: Vec<Header>,
    /// What is claimed of that result.
    pub claim: Claim,
}

/// What a proof claims of a block's result, with the path to its root. The borsh tags are pinned.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Claim {
    /// 0: the result itself, which is in the header.
    Result,
    /// 1: a state key has a value.
    Present {
        /// The state key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
        /// Hashes of the siblings, from the leaf's up to the root's child.
        siblings: Vec<[u8; 32]>,
    },
    /// 2: a state key has no value.
    Absent {
        /// The state key.
        key: Vec<u8>,
        /// The leaf where the walk along the key's path ends; `None` in an empty subtree.
        leaf: Option<Leaf>,
        /// Hashes of the siblings, from that leaf's up to the root's child.
        siblings: Vec<[u8; 32]>,
    },
    /// 3: the block has a receipt.
    Receipt {
        /// The receipt.
        receipt: Receipt,
        /// Its path to the receipts root.
        path: ListProof,
    },
    /// 4: a receipt of the block has an event.
    Event {
        /// The receipt.
        receipt: Receipt,
        /// Its path to the receipts root.
        receipt_path: ListProof,
        /// The event.
        event: Event,
        /// Its path to the receipt's events root.
        path: ListProof,
    },
}

impl Proof {
    /// The encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(encode(self));
        bytes
    }

    /// Decodes bytes, which prove nothing before [`verify`](crate::verify()) has accepted them.
    ///
    /// # Errors
    /// [`ProofError::Length`], [`ProofError::Format`], [`ProofError::Encoding`], in this order.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(ProofError::Length);
        }
        let body = bytes.strip_prefix(MAGIC).ok_or(ProofError::Format)?;
        Self::try_from_slice(body).map_err(|_| ProofError::Encoding)
    }
}
