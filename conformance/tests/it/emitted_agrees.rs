//! Compares the instrumented module in wasmi with the reference at every relevant gas limit.

use conformance::catalogue::{self, Case, describe};
use conformance::problems;
use engine_wasmi::Wasmi;
use reference::Reference;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm::unstable::frames::FrameExit;
use vm::unstable::lower::Operator;
use vm::unstable::opcode::Opcode;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{CheckedModule, Engine, Execution, Fault, Rules, Trap};
use wasmparser::{Validator, WasmFeatures};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn agree(engine: &dyn Engine, cases: &[Case]) {
    let problems = problems(&[engine], cases);
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn text_programs_end_as_stated_and_agree_at_every_limit() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    assert!(cases.len() >= 100, "{}", cases.len());
    agree(&Wasmi::new(), &cases);
}

#[test]
fn contracts_agree_at_every_limit_first_half() {
    agree(&Wasmi::new(), &half_of_the_contracts(0));
}

#[test]
fn contracts_agree_at_every_limit_second_half() {
    agree(&Wasmi::new(), &half_of_the_contracts(1));
}

/// Every second case, so that two tests can run in parallel.
fn half_of_the_contracts(first: usize) -> Vec<Case> {
    let cases = catalogue::contracts(&folder("../contracts/wasm")).unwrap();
    assert!(cases.len() > 100, "{}", cases.len());
    cases.into_iter().skip(first).step_by(2).collect()
}

#[test]
fn a_cache_changes_nothing() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    let few: Vec<Case> = cases.into_iter().step_by(17).collect();
    for row in engines::compared() {
        agree((row.make_uncached)().as_ref(), &few);
    }
}

/// An instrumented module has no floats and needs only the MVP and three small proposals.
#[test]
fn every_instrumented_module_is_valid_in_the_smallest_feature_set() {
    let features = WasmFeatures::WASM1.difference(WasmFeatures::FLOATS)
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY;
    let mut cases = catalogue::texts(&folder("programs")).unwrap();
    cases.extend(catalogue::contracts(&folder("../contracts/wasm")).unwrap());
    for Case { program, .. } in &cases {
        let bytes = vm::emit(&program.module, &program.rules);
        let valid = Validator::new_with_features(features)
            .validate_all(&bytes)
            .map(|_| ());
        assert!(valid.is_ok(), "{}: {valid:?}", program.name);
    }
}

/// The catalogue reaches every trap that a guest can raise without the host, and every other exit.
#[test]
fn the_catalogue_covers_every_exit() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    let stated: Vec<&str> = cases
        .iter()
        .filter_map(|case| case.expected.as_deref())
        .collect();
    let host_only = [
        Trap::StaticViolation,
        Trap::OutputLength,
        Trap::UnknownFlag,
        Trap::ValueLength,
        // A list that is too long costs more than the catalogue tries.
        Trap::ItemLimit,
    ];
    for trap in Trap::ALL.iter().filter(|trap| !host_only.contains(trap)) {
        let end = describe(&FrameExit::Trap(*trap));
        assert!(stated.contains(&end.as_str()), "no program ends with {end}");
    }
    for end in ["return", "revert", "out-of-gas"] {
        assert!(stated.contains(&end), "no program ends with {end}");
    }
}

/// Runs every module under a schedule in which the price of one operator is raised by one gas.
struct RaisedPrice(Wasmi, Arc<Rules>);

impl RaisedPrice {
    fn new(opcode: Opcode) -> Self {
        let v1 = Schedule::v1();
        let dynamic = *v1.dynamic();
        let raised = |of, price| price + u64::from(of == opcode);
        let schedule = v1.repriced(raised, dynamic).unwrap();
        Self(
            Wasmi::new(),
            Arc::new(Rules::new(FloatPolicy::Lower, schedule)),
        )
    }
}

impl Engine for RaisedPrice {
    fn name(&self) -> &'static str {
        "raised price"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        _rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.0.instantiate(module, &self.1)
    }
}

/// A sweep finds one gas too much for an operator, and a wrong operator.
#[test]
fn a_sweep_finds_injected_faults() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    let named = |name: &str| -> Vec<Case> {
        cases
            .iter()
            .filter(|case| case.program.name == name)
            .cloned()
            .collect()
    };
    let sum = named("control.wat sum 10");
    assert_eq!(sum.len(), 1);
    for opcode in [Opcode::I32Add, Opcode::BrIf, Opcode::LocalGet] {
        let problems = problems(&[&RaisedPrice::new(opcode)], &sum);
        assert!(
            problems.iter().any(|line| line.contains("gas_used")),
            "{opcode:?}: {problems:?}"
        );
    }
    let wrong = Reference::new().with_rewrite(|_, operator| match operator {
        Operator::Numeric(Opcode::I32Add) => Operator::Numeric(Opcode::I32Xor),
        other => other,
    });
    let problems = problems(&[&wrong], &sum);
    assert!(
        problems.iter().any(|line| line.contains("exit is Return")),
        "{problems:?}"
    );
}

/// A store of another value is found by its byte in memory, though result and gas are equal.
#[test]
fn a_difference_in_memory_alone_is_found() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    let store: Vec<Case> = cases
        .into_iter()
        .filter(|case| case.program.name == "memory.wat store8 65535")
        .collect();
    let wrong = Reference::new().with_rewrite(|_, operator| match operator {
        Operator::I32Const(255) => Operator::I32Const(254),
        other => other,
    });
    let problems = problems(&[&wrong], &store);
    assert!(
        problems
            .iter()
            .all(|line| line.contains("memory[0xffff] is Some(254)")),
        "{problems:?}"
    );
    assert!(!problems.is_empty());
}
