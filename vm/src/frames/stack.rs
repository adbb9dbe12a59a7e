//! Keeps the contract frames that run or wait, and settles each one when it ends.
//!
//! The stack is a vector: its depth is a number that we bound, and never depth of the native stack.

use crate::execution::{Execution, Frame};
use crate::fault::Fault;
use crate::frames::{FrameExit, Setting, run};
use crate::gas::Gas;
use crate::host::Host;
use crate::outcome::Diagnosis;
use crate::state::{Checkpoint, Journal};

/// One contract frame, ready to run.
pub(super) struct ContractFrame {
    /// The instance.
    pub(super) execution: Box<dyn Execution>,
    /// Index of the entry.
    pub(super) entry: u32,
    /// Its gas, the frame's own price deducted.
    pub(super) gas: Gas,
    /// Who called.
    pub(super) caller: [u8; 32],
    /// The contract.
    pub(super) address: [u8; 32],
    /// The call's input.
    pub(super) input: Vec<u8>,
    /// True if the frame must not change state.
    pub(super) is_static: bool,
    /// The journal before the frame's first effect, the value that came with it included.
    pub(super) checkpoint: Checkpoint,
}

/// A frame that has ended; its effects are kept or undone already.
pub(super) struct Ended {
    pub(super) exit: FrameExit,
    /// Gas consumed of the frame's limit: all of it on out of gas.
    pub(super) gas_used: u64,
    pub(super) diagnosis: Diagnosis,
}

/// The active frames of one message, the outermost first.
pub(super) struct FrameStack<'a> {
    setting: &'a Setting<'a>,
    journal: &'a mut Journal,
    frames: Vec<ContractFrame>,
}

impl<'a> FrameStack<'a> {
    /// A stack without frames.
    pub(super) const fn new(setting: &'a Setting<'a>, journal: &'a mut Journal) -> Self {
        Self {
            setting,
            journal,
            frames: Vec::new(),
        }
    }

    /// Puts a frame on top: it runs next.
    pub(super) fn push(&mut self, frame: ContractFrame) {
        self.frames.push(frame);
    }

    /// Runs the frame on top until the stack is empty; answers how the outermost ended.
    ///
    /// No host function of version 1 asks for a frame, so each runs to its end once it is on top.
    pub(super) fn run(mut self) -> Result<Ended, Fault> {
        let mut outermost = None;
        while let Some(frame) = self.frames.pop() {
            outermost = Some(self.finish(frame)?);
        }
        outermost.ok_or_else(|| Fault::invariant("a message has at least one frame"))
    }

    fn finish(&mut self, frame: ContractFrame) -> Result<Ended, Fault> {
        let ContractFrame {
            mut execution,
            entry,
            gas,
            checkpoint,
            ..
        } = frame;
        let mut host = Host {
            rules: self.setting.rules,
            view: self.setting.view,
            journal: &mut *self.journal,
            block: self.setting.block,
            caller: frame.caller,
            address: frame.address,
            input: &frame.input,
            is_static: frame.is_static,
            debug_log: Vec::new(),
        };
        let exit = run(
            &mut *execution,
            Frame {
                entry,
                arguments: Vec::new(),
                gas,
            },
            &mut host,
        )?;
        let debug_log = host.debug_log;
        if !matches!(exit, FrameExit::Return { .. }) {
            self.journal.revert(checkpoint);
        }
        let gas_used = gas.limit().saturating_sub(execution.gas().remaining());
        let diagnosis = match exit {
            FrameExit::Trap(_) => Diagnosis {
                debug_log,
                ..execution.diagnosis()
            },
            _ => Diagnosis {
                debug_log,
                ..Diagnosis::default()
            },
        };
        Ok(Ended {
            exit,
            gas_used,
            diagnosis,
        })
    }
}
