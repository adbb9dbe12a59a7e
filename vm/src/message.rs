//! Names what frames and the host talk about: the block, a message, how a contract frame ended.

use crate::execution::{Stop, Value};
use crate::identity::{Address, CodeHash, Height};
use crate::span::Span;
use crate::trap::Trap;

/// What a contract can learn about the block it runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockMetadata {
    /// Height.
    pub height: Height,
    /// Milliseconds since 1970, greater than the parent's.
    pub time_ms: u64,
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
    /// Where the block's fees go.
    pub proposer: Address,
}

/// What a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Call the contract at an address.
    Call {
        /// The contract.
        contract: Address,
    },
    /// Make a contract of uploaded code and call an entry of it; it must return.
    Deploy {
        /// Hash of the uploaded code.
        code_hash: CodeHash,
        /// Chosen by the creator.
        salt: [u8; 32],
    },
}

/// A call from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Id of the transaction.
    pub tx_hash: [u8; 32],
    /// Who calls.
    pub caller: Address,
    /// What is called.
    pub target: Target,
    /// Name of the entry.
    pub entry: String,
    /// Its input.
    pub input: Vec<u8>,
    /// Moved from the caller to the contract.
    pub value: u128,
}

/// A call or a deployment that a contract asks for; the frame loop answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// What is called or made.
    pub target: Target,
    /// Name of the entry; `None` for bytes that no entry can have as its name.
    pub entry: Option<String>,
    /// Its input.
    pub input: Vec<u8>,
    /// Moved from the asking contract to the callee.
    pub value: u128,
    /// The most that the callee may consume.
    pub gas: u64,
    /// True if the asking contract may be entered while it waits.
    pub allows_reentry: bool,
    /// True if the callee must not change state, whatever the asking frame may.
    pub is_static: bool,
    /// Where the address of a made contract is written.
    pub address_to: Option<Span>,
    /// Charged at the first touch of the callee's account and of its code in the transaction.
    pub cold: u64,
}

/// How one contract frame ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameExit {
    /// The entry returned, or the guest called `return`.
    Return {
        /// Result of the entry, where it has one.
        value: Option<Value>,
        /// What it returned to its caller.
        output: Vec<u8>,
    },
    /// The guest called `revert`.
    Revert {
        /// What it returned to its caller.
        output: Vec<u8>,
    },
    /// The guest was stopped.
    Trap(Trap),
    /// A charge could not be paid.
    OutOfGas,
}

impl From<Stop> for FrameExit {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Return(value) => Self::Return {
                value,
                output: Vec::new(),
            },
            Stop::Trap(trap) => Self::Trap(trap),
            Stop::OutOfGas => Self::OutOfGas,
        }
    }
}
