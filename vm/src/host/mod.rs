//! Answers host calls.

use crate::frames::Block;
use crate::rules::Rules;
use crate::state::{Journal, StateView};

/// Everything that the host functions of one frame can see and change.
pub struct Host<'a> {
    /// The rules of this block.
    pub rules: &'a Rules,
    /// State before the message.
    pub view: &'a dyn StateView,
    /// Changes of the message so far.
    pub journal: &'a mut Journal,
    /// The block.
    pub block: &'a Block,
    /// Who called this frame.
    pub caller: [u8; 32],
    /// The contract that runs.
    pub address: [u8; 32],
    /// The call's input.
    pub input: &'a [u8],
    /// True if this frame must not change state.
    pub is_static: bool,
    /// Text of `debug_log` so far, bounded.
    pub debug_log: Vec<u8>,
}
