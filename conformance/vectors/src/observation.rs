//! Runs a program once and holds all that can be seen of it.

use crate::program::Program;
use std::fmt;
use vm::unstable::execution::{Invocation, Value};
use vm::unstable::frames::{self, FrameExit};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::Host;
use vm::unstable::state::{AccessSet, Journal};
use vm::{Engine, Event, Fault, StateDiff};

/// What one run let be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// How the frame ended, with the value and the output.
    pub exit: FrameExit,
    /// Gas consumed; on out of gas the whole limit.
    pub gas_used: u64,
    /// State keys that were read and written, in order of key: host calls that were made.
    pub access: AccessSet,
    /// What a return keeps; `None` for every other exit.
    pub kept: Option<Kept>,
}

/// What a return keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The whole linear memory.
    pub memory: Vec<u8>,
    /// All globals of the original module.
    pub globals: Vec<Value>,
    /// Events in order.
    pub events: Vec<Event>,
    /// Net change of the state.
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
    let setting = &program.setting;
    let mut journal = Journal::default();
    let mut host = Host {
        rules: &program.rules,
        view: setting,
        journal: &mut journal,
        block: &setting.block,
        caller: setting.caller,
        address: setting.address,
        tx_hash: [0; 32],
        input: &setting.input,
        value: 0,
        returned: &[],
        is_static: setting.is_static,
        debug_log: Vec::new(),
    };
    let mut execution = engine.instantiate(&program.module, &program.rules)?;
    let arguments = program.arguments.clone();
    let frame = Invocation {
        entry: program.entry,
        arguments,
        gas: GasMeter::new(gas_limit),
    };
    let exit = frames::run(execution.as_mut(), frame, &mut host)?;
    let gas_used = execution.gas().used();
    let returned = matches!(exit, FrameExit::Return { .. });
    let left = match returned {
        true => Some((execution.memory().to_vec(), execution.globals()?)),
        false => None,
    };
    let effects = journal.into_effects();
    let kept = left.map(|(memory, globals)| Kept {
        memory,
        globals,
        events: effects.events,
        diff: effects.diff,
    });
    Ok(Observation {
        exit,
        gas_used,
        access: effects.access,
        kept,
    })
}

/// One field in which two observations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// The field; for memory, the first byte that differs.
    pub field: String,
    /// What the reference shows.
    pub expected: String,
    /// What the engine shows.
    pub found: String,
}

impl Observation {
    /// Every field in which `found` differs from this one, which is the reference's.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<FieldDifference> {
        let mut differences = Vec::new();
        compare("exit", &self.exit, &found.exit, &mut differences);
        compare(
            "gas_used",
            &self.gas_used,
            &found.gas_used,
            &mut differences,
        );
        compare("access", &self.access, &found.access, &mut differences);
        if let (Some(expected), Some(found)) = (&self.kept, &found.kept) {
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
    differences: &mut Vec<FieldDifference>,
) {
    if expected != found {
        differences.push(FieldDifference {
            field: field.to_owned(),
            expected: format!("{expected:?}"),
            found: format!("{found:?}"),
        });
    }
}

fn compare_memory(expected: &[u8], found: &[u8], differences: &mut Vec<FieldDifference>) {
    compare("memory size", &expected.len(), &found.len(), differences);
    if expected == found {
        return;
    }
    let place = expected
        .iter()
        .zip(found)
        .position(|(expected, found)| expected != found);
    if let Some(place) = place {
        let field = format!("memory[{place:#x}]");
        compare(&field, &expected.get(place), &found.get(place), differences);
    }
}

fn compare_globals(expected: &[Value], found: &[Value], differences: &mut Vec<FieldDifference>) {
    compare("globals", &expected.len(), &found.len(), differences);
    for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
        compare(&format!("global {index}"), expected, found, differences);
    }
}
