//! Defines what frames and the host share: block metadata, messages, calls, exits of a frame.

use crate::execution::{Stop, Value};
use crate::identity::{Address, CodeHash, Height};
use crate::span::Span;
use crate::trap::Trap;

/// What a contract can query about the block in which it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockMetadata {
    /// Height of the block.
    pub height: Height,
    /// Time of the block in milliseconds since 1970, greater than the parent's.
    pub time_ms: u64,
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
    /// Account that receives the block's fees.
    pub proposer: Address,
}

/// What a message or a call between contracts does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Call the contract at an address.
    Call {
        /// The contract.
        contract: Address,
    },
    /// Create a contract from uploaded code and call one of its entries, which must return.
    Deploy {
        /// Hash of the uploaded code.
        code_hash: CodeHash,
        /// Salt that the creator chose.
        salt: [u8; 32],
    },
}

/// A call or deployment that a transaction makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Id of the transaction.
    pub tx_hash: [u8; 32],
    /// Account that sends the message.
    pub caller: Address,
    /// Contract to call or to create.
    pub target: Target,
    /// Name of the entry.
    pub entry: String,
    /// Input of the entry.
    pub input: Vec<u8>,
    /// Value moved from the caller to the contract.
    pub value: u128,
}

/// A call or a deployment that a contract requests; the frame loop executes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// Contract to call or to create.
    pub target: Target,
    /// Name of the entry; `None` if no entry can have the requested name.
    pub entry: Option<String>,
    /// Input of the entry.
    pub input: Vec<u8>,
    /// Value moved from the calling contract to the callee.
    pub value: u128,
    /// Gas limit that the caller requests for the callee.
    pub gas: u64,
    /// True if the calling contract may be re-entered while it waits.
    pub allows_reentry: bool,
    /// True if the callee must not change state, even if the calling frame may.
    pub is_static: bool,
    /// Memory range for the address of a created contract.
    pub address_to: Option<Span>,
    /// Price of the first touch of the callee's account, and of its code, in the transaction.
    pub cold: u64,
}

/// How one contract frame ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameExit {
    /// The entry returned, or the guest called `return`.
    Return {
        /// Result of the entry, if its type has one.
        value: Option<Value>,
        /// Output for the caller.
        output: Vec<u8>,
    },
    /// The guest called `revert`.
    Revert {
        /// Output for the caller.
        output: Vec<u8>,
    },
    /// The guest trapped.
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
