//! Tests for published bugs of other VMs that a VM alone can reproduce, each named after the bug.
//!
//! docs/conformance.md has the list N1 to N54 and the tests of the others.
#![cfg(test)]

mod execution;

mod gas;

mod memory;

mod refused;

use conformance::catalogue::PROBE_GAS;
use conformance::program::{Program, ProgramInputs};
use conformance::{Observation, observe, sweep};
use engine_wasmi::Wasmi;
use reference::Reference;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::{CheckedModule, Engine, Rules};

/// Engines that must agree with the reference, one of them with lowered bulk operators.
fn engines() -> Vec<Box<dyn Engine>> {
    let mut engines = conformance::differential::engines::engines();
    engines.push(Box::new(Wasmi::with_lowered_bulk()));
    engines
}

fn check(text: &str) -> Result<CheckedModule, vm::Rejection> {
    vm::check(&wat::parse_str(text).unwrap(), &Rules::v1())
}

/// A call of the function that `text` exports as `function`.
fn program(text: &str, function: &str, arguments: &[Value]) -> Program {
    with_rules(text, function, arguments, Rules::v1())
}

fn with_rules(text: &str, function: &str, arguments: &[Value], rules: Rules) -> Program {
    let module = vm::check(&wat::parse_str(text).unwrap(), &rules).unwrap();
    Program {
        name: format!("{function} {arguments:?}"),
        entry: module.exported_function(function).unwrap(),
        module: Arc::new(module),
        rules: Arc::new(rules),
        arguments: arguments.to_vec(),
        inputs: ProgramInputs::default(),
        probe_gas: PROBE_GAS,
    }
}

/// Runs on the reference and asserts that every engine agrees.
fn run(program: &Program, gas_limit: u64) -> Observation {
    let expected = observe(&Reference::new(), program, gas_limit).unwrap();
    for engine in engines() {
        let found = observe(engine.as_ref(), program, gas_limit).unwrap();
        let differences = expected.differences(&found);
        assert!(
            differences.is_empty(),
            "{}: {}: {differences:?}",
            program.name,
            engine.name()
        );
    }
    expected
}

/// Asserts agreement at every relevant gas limit; returns the exit of the program.
fn swept(program: &Program) -> FrameExit {
    let engines = engines();
    let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
    let found = sweep(&engines, program).unwrap();
    let lines: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    found.exit
}

fn returned(observation: &Observation) -> Option<Value> {
    match &observation.exit {
        FrameExit::Return { value, .. } => *value,
        other => panic!("{other:?}"),
    }
}
