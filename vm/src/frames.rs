//! Starts, suspends and ends contract frames; one native stack, whatever the guests do.

use crate::execution::{Engine, Execution, Frame, Value};
use crate::fault::Fault;
use crate::host::Host;
use crate::outcome::Outcome;
use crate::rules::Rules;
use crate::state::StateView;
use crate::trap::Trap;
use std::sync::Arc;

/// What a contract can learn about the block it runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Height.
    pub height: u64,
    /// Milliseconds since 1970, greater than the parent's.
    pub time_ms: u64,
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
}

/// What a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Call the contract at an address.
    Call {
        /// The contract.
        contract: [u8; 32],
    },
    /// Make a contract of uploaded code and call an entry of it; it must return.
    Deploy {
        /// Hash of the uploaded code.
        code_hash: [u8; 32],
        /// Chosen by the creator.
        salt: [u8; 32],
    },
}

/// A call from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who calls.
    pub caller: [u8; 32],
    /// What is called.
    pub target: Target,
    /// Name of the entry.
    pub entry: String,
    /// Its input.
    pub input: Vec<u8>,
    /// Moved from the caller to the contract.
    pub value: u128,
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

/// Runs one contract frame on `execution`: steps until the guest ends, every host call answered by `host`.
///
/// # Errors
/// A [`Fault`] of this machine.
pub fn run(
    _execution: &mut dyn Execution,
    _frame: Frame,
    _host: &mut Host<'_>,
) -> Result<FrameExit, Fault> {
    Err(Fault::invariant("not built"))
}

/// Executes `message` against `view`: frame price, value, frames, journal; writes nothing.
///
/// # Errors
/// A [`Fault`] of this machine.
pub fn execute(
    _setting: &Setting<'_>,
    _message: &Message,
    _gas_limit: u64,
) -> Result<Outcome, Fault> {
    Err(Fault::invariant("not built"))
}

/// Where a message is executed.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The engine that runs the guests.
    pub engine: &'a dyn Engine,
    /// The rules of this block.
    pub rules: &'a Arc<Rules>,
    /// State before the message.
    pub view: &'a dyn StateView,
    /// The block.
    pub block: &'a Block,
}

/// Price of a contract frame of `module`, charged to whoever asked for it.
#[must_use]
pub fn frame_price(_module: &crate::CheckedModule, _rules: &Rules) -> u64 {
    u64::MAX
}

/// Address of a contract: `sha256("lockstep/contract/1" || creator || code_hash || salt)`.
#[must_use]
pub fn contract_address(creator: &[u8; 32], code_hash: &[u8; 32], salt: &[u8; 32]) -> [u8; 32] {
    let _ = (creator, code_hash, salt);
    [0; 32]
}
