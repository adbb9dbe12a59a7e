//! Records the failed frames of a call, so that the error can name the inner call that failed.
//!
//! Only a call that failed is executed again with recording, so that successful calls do not pay
//! for it; execution is deterministic, so the second run ends as the first.

use crate::names::Names;
use contract_types::Revert;
use host_api::Function;
use std::sync::{Arc, Mutex, PoisonError};
use vm::unstable::execution::{Invocation, Pending, Step, Stop, Value};
use vm::unstable::outcome::Diagnosis;
use vm::{CheckedModule, CodeHash, Engine, Execution, Fault, Rules};

/// Maximum number of recorded frames; a call tree may have more.
const FRAMES_MAX: usize = 64;

/// A frame that did not return.
#[derive(Clone, Debug)]
pub(crate) struct FailedFrame {
    pub(crate) code_hash: CodeHash,
    entry: u32,
    how: FrameFailure,
}

#[derive(Clone, Debug)]
enum FrameFailure {
    Stopped(Stop),
    Reverted(Vec<u8>),
    /// Ended in a host call, which trapped or ran out of gas.
    InHost(Option<Function>),
}

impl FailedFrame {
    /// `token.transfer: reverted with code 2, InsufficientBalance: ...`
    pub(crate) fn describe(&self, names: Option<&Names>) -> String {
        let contract = names.and_then(Names::contract).unwrap_or("a contract");
        let entry = names.map_or_else(String::new, |names| names.functions(&[self.entry]).concat());
        let how = match &self.how {
            FrameFailure::Stopped(Stop::Trap(trap)) => {
                format!("trap {} {}", trap.code(), trap.name())
            }
            FrameFailure::Stopped(_) => "out of gas".to_owned(),
            FrameFailure::Reverted(output) => match borsh::from_slice::<Revert>(output) {
                Ok(revert) => {
                    let meaning = names.and_then(|names| names.error(revert.code));
                    let meaning = meaning.map(|text| format!(", {text}")).unwrap_or_default();
                    format!("reverted with code {}{meaning}", revert.code)
                }
                Err(_) => format!("reverted with {} bytes", output.len()),
            },
            FrameFailure::InHost(Some(function)) => {
                let row = host_api::TABLE.iter().find(|row| row.function == *function);
                let name = row.map_or("host", |row| row.name);
                format!("stopped in host function `{name}`: it trapped or ran out of gas")
            }
            FrameFailure::InHost(None) => "stopped before its first operator".to_owned(),
        };
        format!("{contract}.{entry}: {how}")
    }
}

/// Failed frames in the order in which they ended, shared with the executions.
pub(crate) type FailedFrames = Arc<Mutex<Vec<FailedFrame>>>;

/// An engine that records how each of its frames ends.
pub(crate) struct RecordingEngine<'a> {
    pub(crate) engine: &'a dyn Engine,
    pub(crate) seen: FailedFrames,
}

impl Engine for RecordingEngine<'_> {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(RecordingExecution {
            inner: self.engine.instantiate(module, rules)?,
            code_hash: *module.code_hash(),
            entry: 0,
            host_call: None,
            has_ended: false,
            seen: Arc::clone(&self.seen),
        }))
    }
}

struct RecordingExecution {
    inner: Box<dyn Execution>,
    code_hash: CodeHash,
    entry: u32,
    /// The last host call.
    host_call: Option<Function>,
    has_ended: bool,
    seen: FailedFrames,
}

impl RecordingExecution {
    fn observe(&mut self, step: &Step) {
        match step {
            Step::Exit(Stop::Return(_)) => self.has_ended = true,
            Step::Exit(stop) => self.record(FrameFailure::Stopped(*stop)),
            Step::HostCall(Function::Return) => self.has_ended = true,
            Step::HostCall(Function::Revert) => {
                let pending = self.inner.pending();
                let range = match pending.arguments {
                    [start, length] => usize::try_from(*start).ok().zip(
                        start
                            .checked_add(*length)
                            .and_then(|end| usize::try_from(end).ok()),
                    ),
                    _ => None,
                };
                let output = range.and_then(|(start, end)| pending.memory.get(start..end));
                if let Some(output) = output.map(<[u8]>::to_vec) {
                    self.record(FrameFailure::Reverted(output));
                }
            }
            Step::HostCall(function) => self.host_call = Some(*function),
        }
    }

    fn record(&mut self, how: FrameFailure) {
        self.has_ended = true;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == FRAMES_MAX {
            seen.remove(0);
        }
        seen.push(FailedFrame {
            code_hash: self.code_hash,
            entry: self.entry,
            how,
        });
    }
}

impl Drop for RecordingExecution {
    fn drop(&mut self) {
        if !self.has_ended {
            self.record(FrameFailure::InHost(self.host_call));
        }
    }
}

impl Execution for RecordingExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        self.entry = frame.entry;
        let step = self.inner.start(frame)?;
        self.observe(&step);
        Ok(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let step = self.inner.resume(result)?;
        self.observe(&step);
        Ok(step)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.inner.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.inner.globals()
    }

    fn diagnosis(&self) -> Diagnosis {
        self.inner.diagnosis()
    }
}
