//! Makes a vector of each case of the catalogue, at the gas limits at which the result changes.

use crate::{Draft, data, files, project};
use conformance::catalogue::PROBE_GAS;
use conformance::catalogue::{self, Case};
use conformance::golden::blesses;
use conformance::observe;
use conformance::program::{Program, ProgramInputs};
use reference::Reference;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use vectors::format;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;

/// Vectors of the text programs, which are assembled to `modules/programs/NAME.wasm`.
pub(crate) fn programs() -> Draft {
    let about = "Functions of conformance/programs: every operator, trap and host function.";
    let mut draft = Draft::new(about);
    for (name, text) in files(&project("conformance/programs"), "wat") {
        draft.file(
            &module_of(&name),
            wat::parse_bytes(&text).unwrap().into_owned(),
        );
    }
    let cases = catalogue::texts(&project("conformance/programs")).unwrap();
    assert!(cases.len() >= 100, "{}", cases.len());
    for case in &cases {
        // The total, one unit less, and half of it, at which gas runs out in the middle.
        add(&mut draft, case, |total| vec![total, total - 1, total / 2]);
    }
    draft
}

/// Vectors of contracts as they were first built: rebuilding the samples does not change them.
pub(crate) fn contracts() -> Draft {
    let folder = data().join("modules/contracts");
    if blesses() {
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in files(&project("contracts/wasm"), "wasm") {
            let path = folder.join(name);
            if !path.exists() {
                fs::write(path, bytes).unwrap();
            }
        }
    }
    let mut draft = Draft::new("Entries of built contracts, on empty and on used state.");
    for (name, bytes) in files(&folder, "wasm") {
        draft.file(&module_of(&name), bytes);
    }
    let cases = catalogue::contracts(&folder).unwrap();
    assert!(cases.len() >= 100, "{}", cases.len());
    for case in &cases {
        add(&mut draft, case, |total| vec![total - 1]);
    }
    draft
}

fn module_of(file: &str) -> String {
    match file.strip_suffix(".wat") {
        Some(stem) => format!("modules/programs/{stem}.wasm"),
        None => format!("modules/contracts/{file}"),
    }
}

/// Adds a vector at the probe limit, and one at each limit that `further` derives from the total.
fn add(draft: &mut Draft, case: &Case, further: impl Fn(u64) -> Vec<u64>) {
    let program = &case.program;
    let probe = observe(&Reference::new(), program, program.probe_gas).unwrap();
    let mut limits = BTreeSet::new();
    if probe.exit != FrameExit::OutOfGas && probe.gas_used > 0 {
        limits.extend(further(probe.gas_used));
    }
    limits.remove(&program.probe_gas);
    let call = call(draft, program);
    draft.add(&program.name, at(&call, program.probe_gas));
    for limit in limits {
        draft.add(&format!("{} at {limit}", program.name), at(&call, limit));
    }
}

fn at(call: &format::Call, gas_limit: u64) -> format::VectorCase {
    let gas_limit = gas_limit.to_string();
    format::VectorCase::Call(format::Call {
        gas_limit,
        ..call.clone()
    })
}

fn call(draft: &mut Draft, program: &Program) -> format::Call {
    let (file, _) = program.name.split_once(' ').unwrap();
    let functions = Program::functions(&program.module);
    let function = functions
        .into_iter()
        .find(|(_, index)| *index == program.entry);
    let (function, _) = function.unwrap();
    let arguments = program.arguments.iter().map(|value| match value {
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
    });
    format::Call {
        module: module_of(file),
        function,
        arguments: arguments.collect(),
        input: hex::encode(&program.inputs.input),
        gas_limit: PROBE_GAS.to_string(),
        environment: environment(draft, &program.inputs),
    }
}

/// Index of the environment in the vector file, which it is added to if it is new.
fn environment(draft: &mut Draft, inputs: &ProgramInputs) -> u32 {
    let state = inputs.state.iter();
    let state: BTreeMap<String, String> = state
        .map(|(key, value)| (hex::encode(key), hex::encode(value)))
        .collect();
    let record = format::EnvironmentRecord {
        caller: hex::encode(inputs.caller),
        address: hex::encode(inputs.address),
        is_static: inputs.is_static,
        height: inputs.block.height.to_string(),
        time_ms: inputs.block.time_ms.to_string(),
        chain_id: hex::encode(inputs.block.chain_id),
        proposer: hex::encode(inputs.block.proposer),
        state: index_of(&mut draft.part.states, state),
    };
    index_of(&mut draft.part.environments, record)
}

fn index_of<T: PartialEq>(items: &mut Vec<T>, item: T) -> u32 {
    let found = items.iter().position(|other| *other == item);
    let index = found.unwrap_or(items.len());
    if found.is_none() {
        items.push(item);
    }
    u32::try_from(index).unwrap()
}
