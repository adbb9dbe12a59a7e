//! Reads programs from files: text modules with their calls, and built contracts.
//!
//! The leading comments of a `.wat` file list calls and how each must end:
//! ```text
//! ;; call divide 1 0 => trap IntegerDivideByZero
//! ;; call sum 10 => return 55
//! ;; input 00ff
//! ;; gas 1000000
//! ;; static
//! ;; state 0277 01
//! ```
//! `=> ...` is optional. `input` (hexadecimal), `gas` (limit of the run that finds the total),
//! `static` (the frame must not change state) and each `state` (a state key and its value before
//! the run, hexadecimal) apply to every call of the file.

use crate::observation::observe;
use crate::program::{Program, ProgramInputs, State};
use reference::Reference;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::module::ValueType;
use vm::{Address, CheckedModule, Fault, Rules};

/// Gas limit of the run that finds the total, about a million operators; a program may set another.
/// A program that uses more is swept below this limit.
pub const PROBE_GAS: u64 = 10_000_000;

/// A program with the exit that its file states.
#[derive(Clone, Debug)]
pub struct Case {
    /// The program.
    pub program: Program,
    /// The expected exit, as [`describe`] writes it.
    pub expected: Option<String>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct CatalogueError {
    /// Path of the file or folder.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Arguments for every exported function of a contract: the n-th parameter gets the n-th number,
/// truncated to its type. Zero, small, of mixed size, and the edges of two's complement.
const ARGUMENT_SETS: [[i64; 4]; 5] = [
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [21, 14, 35, 8],
    [9, 1_000, 97, 5],
    [i64::MIN, -1, -1, -1],
];

/// Sizes of the inputs, in bytes, for every exported function without parameters: empty, and the
/// sizes of an encoded number, amount and address, and of two or three of those.
const INPUT_SIZES: [usize; 6] = [0, 8, 16, 32, 48, 80];
/// Every byte of such an input and of the caller's address, so that the caller is the account that
/// the input names, and each amount equals the supply.
const INPUT_BYTE: u8 = 1;

/// Every case of every `.wat` file in `folder`, in order of file names.
///
/// # Errors
/// A file that cannot be read, parsed or checked, or a call of a function that is not exported.
pub fn texts(folder: &Path) -> Result<Vec<Case>, CatalogueError> {
    let mut cases = Vec::new();
    for path in files(folder, "wat")? {
        let text = fs::read_to_string(&path).map_err(|error| failure(&path, error))?;
        let bytes = wat::parse_str(&text).map_err(|error| failure(&path, error))?;
        let checked = checked(&path, &bytes)?;
        let header = header(&path, &text)?;
        for call in text
            .lines()
            .filter_map(|line| line.strip_prefix(";; call "))
        {
            cases.push(case(&path, &checked, &header, call)?);
        }
    }
    Ok(cases)
}

/// Every exported function of every `.wasm` file in `folder`, with fixed arguments and inputs.
///
/// Each entry runs on empty state, and on the state after the reference has run all entries in
/// order: a contract that needs initialisation would only revert on empty state.
///
/// # Errors
/// The same as [`texts`].
pub fn contracts(folder: &Path) -> Result<Vec<Case>, CatalogueError> {
    let mut cases = Vec::new();
    for path in files(folder, "wasm")? {
        let bytes = fs::read(&path).map_err(|error| failure(&path, error))?;
        let checked = checked(&path, &bytes)?;
        let functions = Program::functions(&checked.0);
        let mut found: Vec<Case> = functions
            .iter()
            .flat_map(|(name, entry)| {
                ExportedFunction {
                    path: &path,
                    checked: &checked,
                    name,
                    entry: *entry,
                }
                .cases()
            })
            .collect();
        let used = used_state(&found).map_err(|fault| failure(&path, fault))?;
        let later: Vec<Case> = match used.is_empty() {
            true => Vec::new(),
            false => found
                .iter()
                .map(|case| case.clone().on_state(&used))
                .collect(),
        };
        found.extend(later);
        let mut found = without_repeated_paths(found).map_err(|fault| failure(&path, fault))?;
        cases.append(&mut found);
    }
    Ok(cases)
}

/// The exit of a frame in one line.
#[must_use]
pub fn describe(exit: &FrameExit) -> String {
    match exit {
        FrameExit::Return { value: None, .. } => "return".to_owned(),
        FrameExit::Return {
            value: Some(Value::I32(value)),
            ..
        } => format!("return {value}"),
        FrameExit::Return {
            value: Some(Value::I64(value)),
            ..
        } => format!("return {value}"),
        FrameExit::Revert { .. } => "revert".to_owned(),
        FrameExit::Trap(trap) => format!("trap {}", trap.name()),
        FrameExit::OutOfGas => "out-of-gas".to_owned(),
    }
}

type CheckedWithRules = (Arc<CheckedModule>, Arc<Rules>);

/// An exported function of a contract.
struct ExportedFunction<'a> {
    path: &'a Path,
    checked: &'a CheckedWithRules,
    name: &'a str,
    entry: u32,
}

impl ExportedFunction<'_> {
    fn cases(&self) -> Vec<Case> {
        let signature = self.checked.0.function_type(self.entry);
        let parameters = signature.map_or(&[][..], |signature| &signature.parameters);
        if parameters.is_empty() {
            return INPUT_SIZES
                .iter()
                .map(|size| self.with_input(*size))
                .collect();
        }
        ARGUMENT_SETS
            .iter()
            .map(|set| self.with_arguments(parameters, set))
            .collect()
    }

    fn with_input(&self, size: usize) -> Case {
        let inputs = ProgramInputs {
            input: vec![INPUT_BYTE; size],
            caller: Address([INPUT_BYTE; 32]),
            ..ProgramInputs::default()
        };
        let name = format!("{} input {size}", self.name);
        let call = program(self.path, self.checked, &name, self.entry);
        Case {
            program: call.with_inputs(inputs),
            expected: None,
        }
    }

    fn with_arguments(&self, parameters: &[ValueType], set: &[i64]) -> Case {
        let numbers = set.iter().copied().cycle();
        let arguments: Vec<Value> = parameters
            .iter()
            .zip(numbers)
            .map(|(kind, number)| value_of(*kind, number))
            .collect();
        let name = format!("{} {arguments:?}", self.name);
        let call = program(self.path, self.checked, &name, self.entry);
        Case {
            program: Program { arguments, ..call },
            expected: None,
        }
    }
}

impl Case {
    fn on_state(mut self, state: &State) -> Self {
        self.program.inputs.state.clone_from(state);
        self.program.name.push_str(" on used state");
        self
    }
}

/// The state after the reference has run the cases one after the other.
fn used_state(cases: &[Case]) -> Result<State, Fault> {
    let mut state = State::new();
    for case in cases {
        let case = case.clone().on_state(&state);
        let seen = observe(&Reference::new(), &case.program, PROBE_GAS)?;
        for (key, value) in seen.final_state.into_iter().flat_map(|state| state.diff) {
            match value {
                Some(value) => state.insert(key, value),
                None => state.remove(&key),
            };
        }
    }
    Ok(state)
}

/// Drops cases whose path is swept already: a second revert in a row of the same function, or the
/// same exit at the same gas. Each sweep runs thousands of frames.
fn without_repeated_paths(cases: Vec<Case>) -> Result<Vec<Case>, Fault> {
    let mut remaining = Vec::new();
    let mut last_reverted = None;
    let mut paths = BTreeSet::new();
    for case in cases {
        let seen = observe(&Reference::new(), &case.program, PROBE_GAS)?;
        let entry = case.program.entry;
        let reverted = matches!(seen.exit, FrameExit::Revert { .. });
        let is_new = paths.insert((entry, seen.gas_used, describe(&seen.exit)));
        if !is_new || (reverted && last_reverted == Some(entry)) {
            continue;
        }
        if reverted {
            last_reverted = Some(entry);
        }
        remaining.push(case);
    }
    Ok(remaining)
}

fn program(path: &Path, checked: &CheckedWithRules, name: &str, entry: u32) -> Program {
    let file = path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    Program {
        name: format!("{file} {name}"),
        module: Arc::clone(&checked.0),
        rules: Arc::clone(&checked.1),
        entry,
        arguments: Vec::new(),
        inputs: ProgramInputs::default(),
        probe_gas: PROBE_GAS,
    }
}

fn case(
    path: &Path,
    checked: &CheckedWithRules,
    header: &FileHeader,
    call: &str,
) -> Result<Case, CatalogueError> {
    let (call, expected) = match call.split_once("=>") {
        Some((call, expected)) => (call.trim(), Some(expected.trim().to_owned())),
        None => (call.trim(), None),
    };
    let mut words = call.split_whitespace();
    let name = words.next().unwrap_or_default();
    let module = &checked.0;
    let entry = module.exported_function(name);
    let entry = entry.ok_or_else(|| failure(path, format!("no exported function {name}")))?;
    let parameters = module
        .function_type(entry)
        .map(|signature| signature.parameters.clone());
    let parameters = parameters.unwrap_or_default();
    let words: Vec<&str> = words.collect();
    if words.len() != parameters.len() {
        return Err(failure(
            path,
            format!("{call}: {} arguments expected", parameters.len()),
        ));
    }
    let arguments = parameters
        .iter()
        .zip(words)
        .map(|(kind, word)| word.parse().map(|number| value_of(*kind, number)))
        .collect::<Result<Vec<Value>, _>>()
        .map_err(|error| failure(path, format!("{call}: {error}")))?;
    let FileHeader { inputs, probe_gas } = header.clone();
    let program = program(path, checked, call, entry).with_inputs(inputs);
    Ok(Case {
        program: Program {
            arguments,
            probe_gas,
            ..program
        },
        expected,
    })
}

/// A number as a value; an `i32` gets the low half.
const fn value_of(kind: ValueType, number: i64) -> Value {
    Value::from_bits(kind, number.cast_unsigned())
}

/// What a file states for all of its calls.
#[derive(Clone, Debug)]
struct FileHeader {
    inputs: ProgramInputs,
    probe_gas: u64,
}

fn header(path: &Path, text: &str) -> Result<FileHeader, CatalogueError> {
    let line = |prefix| {
        text.lines()
            .find_map(|line| line.strip_prefix(prefix))
            .map(str::trim)
    };
    let decode = |text: &str| hex::decode(text).map_err(|error| failure(path, error));
    let mut state = State::new();
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix(";; state "))
    {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        state.insert(decode(key)?, decode(value)?);
    }
    let inputs = ProgramInputs {
        input: decode(line(";; input ").unwrap_or_default())?,
        is_static: text.lines().any(|line| line == ";; static"),
        state,
        ..ProgramInputs::default()
    };
    let probe_gas = line(";; gas ").map_or(Ok(PROBE_GAS), str::parse);
    let probe_gas = probe_gas.map_err(|error| failure(path, error))?;
    Ok(FileHeader { inputs, probe_gas })
}

fn checked(path: &Path, bytes: &[u8]) -> Result<CheckedWithRules, CatalogueError> {
    let rules = Arc::new(Rules::v1());
    let module = vm::check(bytes, &rules);
    let module = module.map_err(|rejection| failure(path, format!("{rejection:?}")))?;
    Ok((Arc::new(module), rules))
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, CatalogueError> {
    let entries = fs::read_dir(folder).map_err(|error| failure(folder, error))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failure(folder, error))?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

fn failure(path: &Path, reason: impl ToString) -> CatalogueError {
    CatalogueError {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}
