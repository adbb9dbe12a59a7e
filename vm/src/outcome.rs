//! Defines the result of a message; a contract's failure is data.
//!
//! A diff exists only in the exit that commits, so rollback cannot be forgotten.
//!
//! Specification: docs/spec/outcome.md, "Outcome".

use crate::event::Event;
use crate::gas::Gas;
use crate::state::{AccessSet, StateDiff};
use crate::trap::Trap;

/// The result of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// Gas consumed; on out of gas the whole limit.
    pub gas_used: Gas,
    /// State keys read and written, in order; for parallel execution and replay, not in the
    /// receipt.
    pub access: AccessSet,
    /// Where and why it failed, for people; outside equality of results, receipts and vectors.
    pub diagnosis: Diagnosis,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The contract returned; its effects are to be committed.
    Return {
        /// Output of the contract.
        output: Vec<u8>,
        /// Events in the order of emission.
        events: Vec<Event>,
        /// Net change of the state.
        diff: StateDiff,
    },
    /// The contract reverted, or its frame did not begin.
    Revert {
        /// 1, or the status of a frame that did not begin (see `host_api::status`).
        code: u16,
        /// Output of the contract.
        output: Vec<u8>,
    },
    /// The contract trapped.
    Trap(Trap),
    /// A charge could not be paid.
    OutOfGas,
}

/// Information for developers, outside the result: two equal results may differ here.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// Functions that were active at the trap, innermost first, by function index.
    pub functions: Vec<u32>,
    /// Byte offset in the original module of the operator that trapped.
    pub offset: Option<u64>,
    /// Text of `debug_log`.
    pub debug_log: Vec<u8>,
}

/// Diagnoses are outside equality: always equal.
impl PartialEq for Diagnosis {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Diagnosis {}
