//! Runs the vectors of a set on a foreign engine, one after the other.

use super::connection::{Connection, Trouble};
use super::frame::Shared;
use crate::VectorError;
use crate::fields::{self, Fields};
use crate::format::{Call, Floats, MessageRecord, Part, VectorCase};
use crate::observation::run_frame;
use crate::replay::replay;
use crate::run::{Runner, VectorResult};
use crate::source::Set;
use std::fmt::Display;
use vm::unstable::frames::FrameExit;
use vm::{Execution, Rulebook};

/// Results of the vectors up to the first that cannot be run, and why it cannot.
pub type Observed = (Vec<VectorResult>, Option<VectorError>);

/// Runs every vector of `set` in order, all of kinds that the engine takes, and calls `progress`
/// before each with its index and name.
///
/// A vector at which the engine fails has the result `failed`, and the next one runs. A broken
/// protocol, a broken file or a fault of this machine ends the run.
pub fn run(set: &Set, connection: Connection, progress: &mut dyn FnMut(usize, &str)) -> Observed {
    let hello = connection.hello();
    let name = format!("{} {}", hello.name, hello.version);
    let mut run = ForeignRun {
        set,
        prepare: Runner::new(set, &[]),
        engine: Shared::new(connection),
    };
    let mut observed = Vec::new();
    for part in set.parts() {
        for vector in &part.vectors {
            progress(observed.len(), &vector.name);
            let result = run.vector(part, &vector.case);
            let trouble = run.engine.lock().settle();
            let fields = match (result, trouble) {
                (_, Some(Trouble::Broken(why))) => {
                    return (observed, Some(VectorError::new(&vector.name, why)));
                }
                (_, Some(Trouble::Failed(why))) => failed(why),
                (Ok(fields), None) => fields,
                (Err(error), None) => {
                    return (observed, Some(VectorError::new(&vector.name, error)));
                }
            };
            observed.push(VectorResult {
                name: vector.name.clone(),
                fields,
                engine: Some(name.clone()),
            });
        }
    }
    (observed, None)
}

struct ForeignRun<'a> {
    set: &'a Set,
    /// Reads vectors and their modules.
    prepare: Runner<'a>,
    engine: Shared,
}

impl ForeignRun<'_> {
    fn vector(&mut self, part: &Part, case: &VectorCase) -> Result<Fields, VectorError> {
        match case {
            VectorCase::Call(call) => self.call(part, call),
            VectorCase::Message(message) => self.message(part, message),
            VectorCase::Chain(chain) => {
                let archive = self.set.file(part, &chain.archive)?;
                let rules = Rulebook::default().with(self.prepare.rules(Floats::Lower)?);
                let engine = Box::new(self.engine.clone());
                replay(&archive, engine, &rules).map_err(fault)
            }
            VectorCase::Check(_)
            | VectorCase::Mutants(_)
            | VectorCase::Rules
            | VectorCase::Cryptography(_) => Err(fault("a vector that runs no guest")),
        }
    }

    fn call(&mut self, part: &Part, call: &Call) -> Result<Fields, VectorError> {
        let (program, gas_limit) = self.prepare.program(part, call)?;
        let frame = self.engine.frame(&program.module, &program.rules);
        let mut frame = frame.map_err(|trouble| fault(vm::Fault::from(trouble)))?;
        let (exit, effects) = run_frame(&mut frame, &program, gas_limit).map_err(fault)?;
        let gas_used = frame.gas().used();
        let mut fields = fields::of_frame(&exit, gas_used, &effects.access);
        if matches!(exit, FrameExit::Return { .. }) {
            let (memory, globals) = frame
                .finish()
                .map_err(|trouble| fault(vm::Fault::from(trouble)))?;
            let memory = format!("sha256:{}:{}", memory.sha256, memory.bytes);
            fields::put_memory(&mut fields, &memory, &globals);
            fields::put_effects(&mut fields, &effects.events, &effects.diff);
        }
        Ok(fields)
    }

    fn message(&mut self, part: &Part, record: &MessageRecord) -> Result<Fields, VectorError> {
        let (state, message, gas_limit) = self.prepare.state_and_message(part, record)?;
        let rules = self.prepare.rules(Floats::Lower)?;
        let fields = state.execute(&self.engine, &rules, (&message, gas_limit));
        fields.map_err(fault)
    }
}

fn fault(reason: impl Display) -> VectorError {
    VectorError::new("engine", reason)
}

/// The result of a vector that the engine could not run.
fn failed(why: String) -> Fields {
    let exit = ("exit".to_owned(), "failed".to_owned());
    [exit, ("failed".to_owned(), why)].into()
}
