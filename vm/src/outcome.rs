//! Says how an execution ended; a contract's failure is data.
//!
//! Consensus: "Outcome". A diff exists only in the exit that commits, so rollback cannot be
//! forgotten.

use crate::event::Event;
use crate::gas::Gas;
use crate::state::{AccessSet, StateDiff};
use crate::trap::Trap;

/// What one message did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// Gas consumed: on out of gas the whole limit.
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
    /// The contract returned; its effects are to be kept.
    Return {
        /// What it returned.
        output: Vec<u8>,
        /// Events in the order of emission.
        events: Vec<Event>,
        /// Net change of the state.
        diff: StateDiff,
    },
    /// The contract refused, or a call never began.
    Revert {
        /// 1, or the status of a call that never began (see `host_api::status`).
        code: u16,
        /// What it returned.
        output: Vec<u8>,
    },
    /// The contract was stopped.
    Trap(Trap),
    /// The gas did not suffice.
    OutOfGas,
}

/// What a developer wants to know beside the result. Two equal results may differ here.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// Functions that were active at the trap, innermost first, by index in the original module.
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
