//! Starts, suspends and ends contract frames; one native stack, whatever the guests do.
//!
//! [`run`] drives one frame on one engine; [`execute`] does what a message needs around it:
//! statuses, price, value, checkpoint (docs/spec/frames.md). Frames wait on an explicit stack, so
//! that a call between contracts is a push and never a recursion of ours.

mod message;

mod stack;

pub use message::execute;

use crate::execution::{Engine, Execution, Frame, Step, Stop, Value};
use crate::fault::Fault;
use crate::host::{Host, Reply, crypto};
use crate::module::CheckedModule;
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

/// Runs one contract frame on `execution`: steps until the guest ends, every host call answered by
/// `host`.
///
/// Afterwards `execution.gas()` says what is left: nothing after out of gas.
///
/// # Errors
/// A [`Fault`] of this machine.
pub fn run(
    execution: &mut dyn Execution,
    frame: Frame,
    host: &mut Host<'_>,
) -> Result<FrameExit, Fault> {
    let mut step = execution.start(frame)?;
    let exit = loop {
        let call = match step {
            Step::HostCall(call) => call,
            Step::Exit(stop) => break FrameExit::from(stop),
        };
        let mut gas = *execution.gas();
        let reply = host.dispatch(&call, execution.memory(), &mut gas)?;
        execution.gas().set_remaining(gas.remaining());
        match reply {
            Reply::Resume(result) => step = execution.resume(result)?,
            Reply::End(exit) => break exit,
        }
    };
    if exit == FrameExit::OutOfGas {
        execution.gas().set_remaining(0);
    }
    Ok(exit)
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

/// Price of a contract frame of `module`, charged to whoever asked for it; on overflow `u64::MAX`,
/// which no limit can pay.
#[must_use]
pub fn frame_price(module: &CheckedModule, rules: &Rules) -> u64 {
    let prices = rules.schedule.dynamic();
    let data_bytes: u64 = module
        .data()
        .iter()
        .map(|data| u64::from(data.bytes.end.saturating_sub(data.bytes.start)))
        .fold(0, u64::saturating_add);
    let pages = module
        .memory()
        .map_or(0, |memory| u64::from(memory.initial));
    let table_entries = module.table().map_or(0, |table| u64::from(table.initial));
    let parts = [
        (prices.frame_per_code_byte, count(module.bytes().len())),
        (prices.frame_per_page, pages),
        (prices.frame_per_data_byte, data_bytes),
        (
            prices.frame_per_item,
            table_entries.saturating_add(count(module.globals().len())),
        ),
    ];
    parts
        .iter()
        .fold(prices.frame_base, |sum, (per_unit, units)| {
            sum.saturating_add(per_unit.saturating_mul(*units))
        })
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Address of a contract: `sha256("lockstep/contract/1" || creator || code_hash || salt)`.
#[must_use]
pub fn contract_address(creator: &[u8; 32], code_hash: &[u8; 32], salt: &[u8; 32]) -> [u8; 32] {
    crypto::sha256(&[&b"lockstep/contract/1"[..], creator, code_hash, salt].concat())
}
