//! Bugs whose results differed from the specification, between engines, or with tracing.
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "the oracle computes each bit"
)]

use crate::{check, program, returned, run, swept};
use conformance::observe;
use conformance::program::Program;
use conformance::spec::script::{CommandKind, Script, Source};
use engine_wasmi::Wasmi;
use reference::{Reference, Trace};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::limits::STACK_SLOTS_MAX;
use vm::unstable::opcode::{Class, TABLE};
use vm::{Engine, Fault, Rules, Trap};

#[test]
fn n07_an_empty_slice_with_a_dangling_pointer() {
    // The pointer is one past the last byte, which is in range for an empty slice.
    let text = r#"(module (memory 1)
        (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
        (import "lockstep" "storage_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "lockstep" "return" (func $return (param i32 i32)))
        (import "lockstep" "sha256" (func $sha256 (param i32 i32 i32)))
        (data (i32.const 0) "key")
        (func (export "value") (param i32) (result i32)
          (call $write (i32.const 0) (i32.const 3) (local.get 0) (i32.const 0))
          (call $read (i32.const 0) (i32.const 3) (local.get 0) (i32.const 0)))
        (func (export "key") (param i32) (result i32)
          (call $write (local.get 0) (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1))
        (func (export "hash") (param i32) (result i32)
          (call $sha256 (local.get 0) (i32.const 0) (i32.const 64)) (i32.load8_u (i32.const 64)))
        (func (export "output") (param i32) (result i32)
          (call $return (local.get 0) (i32.const 0)) (i32.const 1)))"#;
    let text = text
        .replacen("(memory 1)\n", "\n", 1)
        .replacen("(data", "(memory 1) (data", 1);
    let call = |function: &str, pointer| program(&text, function, &[Value::I32(pointer)]);
    for pointer in [0, 65_536] {
        let value = run(&call("value", pointer), 1 << 40);
        assert_eq!(
            returned(&value),
            Some(Value::I32(0)),
            "an empty value exists, with length 0"
        );
        let hash = returned(&run(&call("hash", pointer), 1 << 40));
        assert_eq!(
            hash,
            Some(Value::I32(0xe3)),
            "the SHA-256 of no bytes begins with e3"
        );
        let output = run(&call("output", pointer), 1 << 40);
        assert!(matches!(output.exit, FrameExit::Return { ref output, .. } if output.is_empty()));
        assert_eq!(
            run(&call("key", pointer), 1 << 40).exit,
            FrameExit::Trap(Trap::KeyLength)
        );
    }
    for function in ["value", "hash", "output", "key"] {
        for pointer in [65_537, -1] {
            let exit = run(&call(function, pointer), 1 << 40).exit;
            assert_eq!(
                exit,
                FrameExit::Trap(Trap::MemoryRange),
                "{function} {pointer}"
            );
        }
    }
}

/// Records everything that a trace reports.
#[derive(Debug, Default)]
struct TraceLines(Vec<(u32, u32, u64)>);

impl Trace for TraceLines {
    fn operator(&mut self, function: u32, offset: u32, gas_before: u64) {
        self.0.push((function, offset, gas_before));
    }
}

#[test]
fn n09_a_trace_that_enters_the_result() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    for case in conformance::catalogue::texts(&folder).unwrap() {
        let lines = Arc::new(Mutex::new(TraceLines::default()));
        let traced = Reference::new().with_trace(lines.clone());
        for gas_limit in [500, 5_000, 1_000_000] {
            let plain = observe(&Reference::new(), &case.program, gas_limit).unwrap();
            let seen = observe(&traced, &case.program, gas_limit).unwrap();
            assert_eq!(plain, seen, "{}", case.program.name);
        }
        assert!(!lines.lock().unwrap().0.is_empty());
    }
}

/// Runs every exported function on all engines, with 3 for each argument; returns 1 if `check`
/// accepts the module.
fn runs_everywhere(bytes: &[u8], name: &str) -> Result<usize, Fault> {
    let rules = Arc::new(Rules::v1());
    let Ok(module) = vm::check(bytes, &rules) else {
        return Ok(0);
    };
    let module = Arc::new(module);
    let wasmi = Wasmi::without_cache();
    let engines: [&dyn Engine; 2] = [&Reference::new(), &wasmi];
    for engine in engines {
        drop(engine.instantiate(&module, &rules)?);
    }
    for (function, entry) in Program::functions(&module) {
        let parameters = module
            .function_type(entry)
            .map(|kind| kind.parameters.clone());
        let arguments = parameters.unwrap_or_default();
        let arguments = arguments
            .into_iter()
            .map(|kind| Value::from_bits(kind, 3))
            .collect();
        let program = Program {
            name: format!("{name} {function}"),
            module: Arc::clone(&module),
            rules: Arc::clone(&rules),
            entry,
            arguments,
            inputs: conformance::program::ProgramInputs::default(),
            probe_gas: 20_000,
        };
        let expected = observe(engines[0], &program, 20_000)?;
        let found = observe(engines[1], &program, 20_000)?;
        let differences = expected.differences(&found);
        assert!(differences.is_empty(), "{}: {differences:?}", program.name);
    }
    Ok(1)
}

#[test]
fn n26_an_invalid_module_reaches_the_engine() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/modules");
    let mut accepted = 0;
    for name in ["math.wasm", "store.wasm"] {
        let original = fs::read(folder.join(name)).unwrap();
        // Every byte once, with another bit each time.
        for index in 0..original.len() {
            let mut mutant = original.clone();
            mutant[index] ^= 1 << (index % 8);
            accepted += runs_everywhere(&mutant, &format!("{name} byte {index}")).unwrap();
        }
    }
    println!("{accepted} mutants were accepted, and all engines agreed");
    assert!(accepted > 100);
}

#[test]
fn n32_a_valid_module_that_the_engine_cannot_compile() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/proposals.wast");
    let text = fs::read_to_string(path).unwrap();
    let mut accepted = 0;
    for command in Script::parse("proposals", &text).unwrap().commands {
        if let CommandKind::Module(Some(name), Source::Binary(bytes)) = command.kind {
            let runs = runs_everywhere(&bytes, &name).unwrap();
            assert_eq!(runs, usize::from(name.starts_with("accepted_")), "{name}");
            accepted += runs;
        }
    }
    assert!(accepted >= 16);
}

#[test]
fn n35_engines_with_stacks_of_their_own() {
    for locals in [0_u32, 61, 62, 63, 64, 500, 1_000] {
        let slots = "(local i64)".repeat(usize::try_from(locals).unwrap());
        let text = format!(
            r#"(module (func $f (export "f") (param i32) (result i32) {slots}
              (if (result i32) (local.get 0)
                (then (call $f (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 7)))))"#
        );
        let call = |depth: u32| program(&text, "f", &[Value::I32(depth.cast_signed())]);
        let weight = call(0).module.functions()[0].weight();
        assert!(weight >= locals + 2 && weight >= 64, "{weight}");
        // The outermost call adds one to its argument.
        let deepest = STACK_SLOTS_MAX / weight - 1;
        for depth in [deepest - 1, deepest] {
            assert_eq!(
                returned(&run(&call(depth), 1 << 40)),
                Some(Value::I32(7)),
                "{depth}"
            );
        }
        let over = run(&call(deepest + 1), 1 << 40);
        assert_eq!(
            over.exit,
            FrameExit::Trap(Trap::StackOverflow),
            "{locals} {deepest}"
        );
        assert_eq!(run(&call(i32::MAX.unsigned_abs()), 1 << 40).exit, over.exit);
    }
}

const EDGES: [i64; 17] = [
    0,
    1,
    2,
    3,
    7,
    31,
    32,
    33,
    63,
    64,
    65,
    -1,
    -2,
    i32::MIN as i64,
    i32::MAX as i64,
    i64::MIN,
    i64::MAX,
];

/// Result of a binary operator in Rust; `Err` is the trap.
fn rust(name: &str, bits: u32, a: i64, b: i64) -> Result<i64, Trap> {
    // 32-bit operands are sign-extended; unsigned ones are the low half.
    let mask = if bits == 32 { 0xffff_ffff } else { u64::MAX };
    let (ua, ub) = (a as u64 & mask, b as u64 & mask);
    let shift = (ub % u64::from(bits)) as u32;
    let rotated = |left: u32| match bits {
        32 => i64::from((ua as u32).rotate_left(left)),
        _ => ua.rotate_left(left) as i64,
    };
    let least = if bits == 32 {
        i64::from(i32::MIN)
    } else {
        i64::MIN
    };
    Ok(match name {
        "div_s" | "rem_s" | "div_u" | "rem_u" if ub == 0 => return Err(Trap::IntegerDivideByZero),
        "div_s" if a == least && b == -1 => return Err(Trap::IntegerOverflow),
        "div_s" => a.wrapping_div(b),
        "rem_s" => a.wrapping_rem(b),
        "div_u" => (ua / ub) as i64,
        "rem_u" => (ua % ub) as i64,
        "shl" => (ua << shift) as i64,
        "shr_s" => a >> shift,
        "shr_u" => (ua >> shift) as i64,
        "rotl" => rotated(shift),
        "rotr" => rotated((bits - shift) % bits),
        "mul" => a.wrapping_mul(b),
        "add" => a.wrapping_add(b),
        "sub" => a.wrapping_sub(b),
        other => panic!("{other}"),
    })
}

const BINARY: [&str; 12] = [
    "div_s", "rem_s", "div_u", "rem_u", "shl", "shr_s", "shr_u", "rotl", "rotr", "mul", "add",
    "sub",
];

#[test]
fn n36_edges_of_division_shifts_and_rotations() {
    for (kind, bits) in [("i32", 32), ("i64", 64)] {
        let functions: String = BINARY
            .iter()
            .map(|name| {
                format!(
                    "(func (export \"{name}\") (param {kind} {kind}) (result {kind})
                     ({kind}.{name} (local.get 0) (local.get 1)))"
                )
            })
            .collect();
        let text = format!("(module {functions})");
        for name in BINARY {
            let mut call = program(&text, name, &[]);
            for (a, b) in EDGES.iter().flat_map(|a| EDGES.iter().map(|b| (*a, *b))) {
                call.arguments = vec![value(bits, a), value(bits, b)];
                let (a, b) = if bits == 32 { (cut(a), cut(b)) } else { (a, b) };
                let expected = match rust(name, bits, a, b) {
                    Ok(result) => FrameExit::Return {
                        value: Some(value(bits, result)),
                        output: Vec::new(),
                    },
                    Err(trap) => FrameExit::Trap(trap),
                };
                assert_eq!(run(&call, 10_000).exit, expected, "{kind}.{name} {a} {b}");
            }
        }
    }
}

fn cut(value: i64) -> i64 {
    i64::from(value as i32)
}

fn value(bits: u32, number: i64) -> Value {
    if bits == 32 {
        Value::I32(number as i32)
    } else {
        Value::I64(number)
    }
}

#[test]
fn n36_edges_of_counting_bits() {
    for (kind, bits) in [("i32", 32), ("i64", 64)] {
        for name in ["clz", "ctz", "popcnt"] {
            let text = format!(
                "(module (func (export \"f\") (param {kind}) (result {kind})
                 ({kind}.{name} (local.get 0))))"
            );
            let powers = (0..64).map(|index| 1_i64.wrapping_shl(index));
            for number in EDGES.into_iter().chain(powers) {
                let word = if bits == 32 {
                    u64::from(number as u32)
                } else {
                    number as u64
                };
                let expected = match name {
                    "clz" => word.leading_zeros() - (64 - bits),
                    "ctz" => word.trailing_zeros().min(bits),
                    _ => word.count_ones(),
                };
                let call = program(&text, "f", &[value(bits, number)]);
                let found = returned(&run(&call, 10_000));
                assert_eq!(
                    found,
                    Some(value(bits, i64::from(expected))),
                    "{kind}.{name} {number}"
                );
            }
        }
    }
}

#[test]
fn n44_a_start_function_that_is_not_always_run() {
    let text = r#"(module (global $g (mut i32) (i32.const 1))
        (func $start (global.set $g (i32.mul (global.get $g) (i32.const 10)))) (start $start)
        (func (export "f") (result i32)
          (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"#;
    for _ in 0..2 {
        assert_eq!(
            returned(&run(&program(text, "f", &[]), 100_000)),
            Some(Value::I32(11))
        );
    }
    assert!(matches!(
        swept(&program(text, "f", &[])),
        FrameExit::Return { .. }
    ));
}

#[test]
fn n44_arms_of_another_type() {
    for text in [
        "(module (func (result i32) (if (result i32) (i32.const 1) (then (i32.const 1)) \
         (else (i64.const 1)))))",
        "(module (func (result i32) (if (result i32) (i32.const 1) (then (i32.const 1)))))",
        "(module (func (if (i32.const 1) (then) (else (i32.const 1)))))",
    ] {
        assert_eq!(
            check(text).expect_err(text).rule,
            vm::unstable::rejection::Rule::Invalid
        );
    }
}

/// Operand types of a float operator, from its name.
fn operands(name: &str) -> Vec<&'static str> {
    let (kind, operator) = name.split_once('.').unwrap();
    let of = |kind: &str| {
        ["i32", "i64", "f32", "f64"]
            .into_iter()
            .find(|known| *known == kind)
    };
    if let Some(source) = operator.split('_').find_map(of) {
        return vec![source];
    }
    let kind = of(kind).unwrap();
    match operator {
        "abs" | "neg" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt" => vec![kind],
        _ => vec![kind, kind],
    }
}

#[test]
fn n54_a_float_operator_that_is_emulated() {
    let floats = TABLE.iter().filter(|row| row.class == Class::Float);
    let mut operators = 0;
    for row in floats {
        let operands: String = operands(row.name)
            .iter()
            .map(|kind| format!("({kind}.const 3) "))
            .collect();
        let text = format!(
            "(module (memory 1) (func (export \"f\") (drop ({} {operands}))))",
            row.name
        );
        let call = program(&text, "f", &[]);
        assert_eq!(
            swept(&call),
            FrameExit::Trap(Trap::FloatInstruction),
            "{}",
            row.name
        );
        operators += 1;
    }
    assert_eq!(operators, 66);
}

#[test]
fn n54_a_move_that_changes_a_bit() {
    let text = r#"(module (memory 1)
        (func (export "f") (param i64) (result i64) (local f64)
          (f64.store (i32.const 8) (f64.reinterpret_i64 (local.get 0)))
          (local.set 1 (select (f64.load (i32.const 8)) (f64.const 0) (i32.const 1)))
          (i64.reinterpret_f64 (local.get 1)))
        (func (export "g") (param i32) (result i32) (local f32)
          (f32.store (i32.const 8) (f32.reinterpret_i32 (local.get 0)))
          (local.set 1 (select (f32.load (i32.const 8)) (f32.const 0) (i32.const 1)))
          (i32.reinterpret_f32 (local.get 1))))"#;
    // Signalling and quiet NaN with a payload, of both signs.
    for bits in [
        0x7ff0_0000_0000_0001_u64,
        0xfff4_0000_dead_beef,
        0x7ff8_0000_0000_0000,
        1 << 63,
    ] {
        let call = program(text, "f", &[Value::I64(bits.cast_signed())]);
        assert_eq!(
            returned(&run(&call, 10_000)),
            Some(Value::I64(bits.cast_signed()))
        );
    }
    for bits in [0x7f80_0001_u32, 0xffa0_beef, 0x7fc0_0000, 0x8000_0000] {
        let call = program(text, "g", &[Value::I32(bits.cast_signed())]);
        assert_eq!(
            returned(&run(&call, 10_000)),
            Some(Value::I32(bits.cast_signed()))
        );
    }
}
