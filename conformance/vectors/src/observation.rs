//! Runs a program once and records all that can be observed of the run.

use crate::program::Program;
use std::fmt;
use vm::unstable::execution::{Invocation, Value};
use vm::unstable::frames::{self, FrameExit};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::Host;
use vm::unstable::state::{AccessSet, Effects, Journal};
use vm::{Engine, Event, Execution, Fault, StateDiff};

/// All that can be observed of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// How the frame ended, with the value and the output.
    pub exit: FrameExit,
    /// Gas used; when out of gas, the whole limit.
    pub gas_used: u64,
    /// State keys that host calls read and wrote, in order of key.
    pub access: AccessSet,
    /// Memory, globals, events and state diff after a return; `None` for every other exit.
    pub final_state: Option<FinalState>,
}

/// State of the frame after a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalState {
    /// The whole linear memory.
    pub memory: Vec<u8>,
    /// All globals of the original module.
    pub globals: Vec<Value>,
    /// Emitted events, in order.
    pub events: Vec<Event>,
    /// Net change of the contract's state.
    pub diff: StateDiff,
}

/// Runs `program` on a fresh instance of `engine` with `gas_limit`.
///
/// # Errors
/// A [`Fault`] of this machine or of the engine.
pub fn observe(
    engine: &dyn Engine,
    program: &Program,
    gas_limit: u64,
) -> Result<Observation, Fault> {
    let mut execution = engine.instantiate(&program.module, &program.rules)?;
    let (exit, effects) = run_frame(execution.as_mut(), program, gas_limit)?;
    let gas_used = execution.gas().used();
    let returned = matches!(exit, FrameExit::Return { .. });
    let left = match returned {
        true => Some((execution.memory().to_vec(), execution.globals()?)),
        false => None,
    };
    let final_state = left.map(|(memory, globals)| FinalState {
        memory,
        globals,
        events: effects.events,
        diff: effects.diff,
    });
    Ok(Observation {
        exit,
        gas_used,
        access: effects.access,
        final_state,
    })
}

/// Runs `program` on `execution`, a fresh instance of its module: its exit and its effects.
pub(crate) fn run_frame(
    execution: &mut dyn Execution,
    program: &Program,
    gas_limit: u64,
) -> Result<(FrameExit, Effects), Fault> {
    let inputs = &program.inputs;
    let mut journal = Journal::default();
    let mut host = Host {
        rules: &program.rules,
        view: inputs,
        journal: &mut journal,
        block: &inputs.block,
        caller: inputs.caller,
        address: inputs.address,
        tx_hash: [0; 32],
        input: &inputs.input,
        value: 0,
        returned: &[],
        is_static: inputs.is_static,
        debug_log: Vec::new(),
    };
    let arguments = program.arguments.clone();
    let frame = Invocation {
        entry: program.entry,
        arguments,
        gas: GasMeter::new(gas_limit),
    };
    let exit = frames::run(execution, frame, &mut host)?;
    Ok((exit, journal.into_effects()))
}

/// One field in which two observations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservationDifference {
    /// Name of the field; for memory, with the address of the first byte that differs.
    pub field: String,
    /// Value of the reference.
    pub expected: String,
    /// Value of the engine.
    pub found: String,
}

impl Observation {
    /// Every field in which `found` differs from this observation, which is the reference's.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<ObservationDifference> {
        let mut differences = Vec::new();
        compare("exit", &self.exit, &found.exit, &mut differences);
        compare(
            "gas_used",
            &self.gas_used,
            &found.gas_used,
            &mut differences,
        );
        compare("access", &self.access, &found.access, &mut differences);
        if let (Some(expected), Some(found)) = (&self.final_state, &found.final_state) {
            compare_memory(&expected.memory, &found.memory, &mut differences);
            compare_globals(&expected.globals, &found.globals, &mut differences);
            compare("events", &expected.events, &found.events, &mut differences);
            compare("diff", &expected.diff, &found.diff, &mut differences);
        }
        differences
    }
}

fn compare<T: PartialEq + fmt::Debug>(
    field: &str,
    expected: &T,
    found: &T,
    differences: &mut Vec<ObservationDifference>,
) {
    if expected != found {
        differences.push(ObservationDifference {
            field: field.to_owned(),
            expected: format!("{expected:?}"),
            found: format!("{found:?}"),
        });
    }
}

fn compare_memory(expected: &[u8], found: &[u8], differences: &mut Vec<ObservationDifference>) {
    compare("memory size", &expected.len(), &found.len(), differences);
    if expected == found {
        return;
    }
    let address = expected
        .iter()
        .zip(found)
        .position(|(expected, found)| expected != found);
    if let Some(address) = address {
        let field = format!("memory[{address:#x}]");
        compare(
            &field,
            &expected.get(address),
            &found.get(address),
            differences,
        );
    }
}

fn compare_globals(
    expected: &[Value],
    found: &[Value],
    differences: &mut Vec<ObservationDifference>,
) {
    compare("globals", &expected.len(), &found.len(), differences);
    for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
        compare(&format!("global {index}"), expected, found, differences);
    }
}
