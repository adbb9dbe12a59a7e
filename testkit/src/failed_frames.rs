//! Watches the frames of a call that failed, so that the error can say what failed inside.
//!
//! A failing call runs once more with the watch on: it costs nothing where nothing fails, and the
//! second run ends as the first, since a run depends on nothing else.

use crate::names::Names;
use contract_types::Revert;
use host_api::Function;
use std::sync::{Arc, Mutex, PoisonError};
use vm::unstable::execution::{Invocation, Pending, Step, Stop, Value};
use vm::unstable::outcome::Diagnosis;
use vm::{CheckedModule, CodeHash, Engine, Execution, Fault, Rules};

/// Failed inner frames that are kept; the tree of calls may have many.
const KEPT_MAX: usize = 64;

/// A frame that did not return.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) code_hash: CodeHash,
    entry: u32,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    Stopped(Stop),
    Reverted(Vec<u8>),
    /// In a host call: it trapped or its price could not be paid.
    InHost(Option<Function>),
}

impl Failed {
    /// `token.transfer: reverted with code 2, InsufficientBalance: ...`
    pub(crate) fn describe(&self, names: Option<&Names>) -> String {
        let contract = names.and_then(Names::contract).unwrap_or("a contract");
        let entry = names.map_or_else(String::new, |names| names.functions(&[self.entry]).concat());
        let how = match &self.how {
            How::Stopped(Stop::Trap(trap)) => format!("trap {} {}", trap.code(), trap.name()),
            How::Stopped(_) => "out of gas".to_owned(),
            How::Reverted(output) => match borsh::from_slice::<Revert>(output) {
                Ok(revert) => {
                    let meaning = names.and_then(|names| names.error(revert.code));
                    let meaning = meaning.map(|text| format!(", {text}")).unwrap_or_default();
                    format!("reverted with code {}{meaning}", revert.code)
                }
                Err(_) => format!("reverted with {} bytes", output.len()),
            },
            How::InHost(Some(function)) => {
                let row = host_api::TABLE.iter().find(|row| row.function == *function);
                let name = row.map_or("host", |row| row.name);
                format!("stopped in `{name}`: a trap of it, or no gas for it")
            }
            How::InHost(None) => "stopped before it began".to_owned(),
        };
        format!("{contract}.{entry}: {how}")
    }
}

/// Failed frames in the order of their ends, shared with the executions.
pub(crate) type Seen = Arc<Mutex<Vec<Failed>>>;

/// An engine that notes how each of its instances ends.
pub(crate) struct Watching<'a> {
    pub(crate) engine: &'a dyn Engine,
    pub(crate) seen: Seen,
}

impl Engine for Watching<'_> {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(Watched {
            inner: self.engine.instantiate(module, rules)?,
            code_hash: *module.code_hash(),
            entry: 0,
            asked: None,
            has_ended: false,
            seen: Arc::clone(&self.seen),
        }))
    }
}

struct Watched {
    inner: Box<dyn Execution>,
    code_hash: CodeHash,
    entry: u32,
    asked: Option<Function>,
    has_ended: bool,
    seen: Seen,
}

impl Watched {
    fn look(&mut self, step: &Step) {
        match step {
            Step::Exit(Stop::Return(_)) => self.has_ended = true,
            Step::Exit(stop) => self.note(How::Stopped(*stop)),
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
                    self.note(How::Reverted(output));
                }
            }
            Step::HostCall(function) => self.asked = Some(*function),
        }
    }

    fn note(&mut self, how: How) {
        self.has_ended = true;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == KEPT_MAX {
            seen.remove(0);
        }
        seen.push(Failed {
            code_hash: self.code_hash,
            entry: self.entry,
            how,
        });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.has_ended {
            self.note(How::InHost(self.asked));
        }
    }
}

impl Execution for Watched {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        self.entry = frame.entry;
        let step = self.inner.start(frame)?;
        self.look(&step);
        Ok(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let step = self.inner.resume(result)?;
        self.look(&step);
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
