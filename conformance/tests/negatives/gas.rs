//! Bugs in which work was free, charged late, charged twice, or charged with a sum that wrapped.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts and oracles of tests"
)]

use crate::{program, returned, run, swept, with_rules};
use conformance::observe;
use engine_wasmi::Wasmi;
use reference::{Reference, Trace};
use std::sync::{Arc, Mutex};
use vm::unstable::emit::{Bulk, Options, emit_with};
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::limits::GAS_LIMIT_MAX;
use vm::unstable::opcode::{Class, Opcode, Row};
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{Rules, Trap, emit};
use wasmparser::{Operator, Parser, Payload};

/// Version 1 with other prices of operators.
fn rules(price: impl Fn(Opcode, u64) -> u64) -> Rules {
    let one = Schedule::v1();
    let dynamic = *one.dynamic();
    let schedule = one.repriced(price, dynamic).unwrap();
    Rules::new(FloatPolicy::Lower, schedule)
}

#[test]
fn n04_a_cached_module_keeps_old_prices() {
    let text = r#"(module (func (export "f") (result i32) (i32.add (i32.const 1) (i32.const 2))))"#;
    let raised = rules(|opcode, price| price + u64::from(opcode == Opcode::I32Add) * 990);
    let old = program(text, "f", &[]);
    let new = with_rules(text, "f", &[], raised);
    // The same engine, and so the same cache, for both.
    let engine = Wasmi::new();
    let before = observe(&engine, &old, 10_000).unwrap().gas_used;
    let after = observe(&engine, &new, 10_000).unwrap().gas_used;
    assert_eq!(after, before + 990);
    assert_eq!(
        observe(&Reference::new(), &new, 10_000).unwrap().gas_used,
        after
    );
    assert_eq!(observe(&engine, &old, 10_000).unwrap().gas_used, before);
    assert_ne!(old.module.rules_id(), new.module.rules_id());
}

/// Number of executed operators.
#[derive(Debug, Default)]
struct OperatorCount(u64);

impl Trace for OperatorCount {
    fn operator(&mut self, _function: u32, _offset: u32, _gas_before: u64) {
        self.0 += 1;
    }
}

#[test]
fn n05_a_cycle_that_is_charged_after_its_branch() {
    let cases = [
        ("(func $f (export \"f\") (loop (br 0)))", 20),
        (
            "(func $f (export \"f\") (loop (br_if 0 (i32.const 1))))",
            30,
        ),
        (
            "(func $f (export \"f\") (loop (br_table 0 0 (i32.const 1))))",
            50,
        ),
        (
            "(func $f (export \"f\") (loop (if (i32.const 1) (then (br 1)))))",
            50,
        ),
    ];
    for (function, price) in cases {
        let program = program(&format!("(module {function})"), "f", &[]);
        let count = Arc::new(Mutex::new(OperatorCount::default()));
        let engine = Reference::new().with_trace(count.clone());
        let observation = observe(&engine, &program, 60_000).unwrap();
        assert_eq!(observation.exit, FrameExit::OutOfGas);
        assert_eq!(run(&program, 60_000).exit, FrameExit::OutOfGas);
        // At most four operators in an iteration; the last iteration is incomplete.
        let operators = count.lock().unwrap().0;
        assert!(
            operators <= 4 * (60_000 / price + 1),
            "{function}: {operators}"
        );
    }
    // Recursion whose first operator is the call: the stack limit ends it, and every call is
    // charged.
    let text = r#"(module (func $a (export "f") (call $b)) (func $b (call $a)))"#;
    let recursion = program(text, "f", &[]);
    let observation = run(&recursion, 10_000_000);
    assert_eq!(observation.exit, FrameExit::Trap(Trap::StackOverflow));
    let [a, b] = recursion.module.functions() else {
        panic!("two functions");
    };
    let schedule = Schedule::v1();
    let entry = schedule.function_entry(a.slots);
    let first = [a, b].map(|of| schedule.first_entry(of.operators, of.targets));
    let first: u64 = first.iter().sum();
    assert_eq!(observation.gas_used, 1_024 * (60 + entry) + entry + first);
    assert_eq!(run(&recursion, 50_000).exit, FrameExit::OutOfGas);
}

#[test]
fn n15_sums_at_the_greatest_gas_limit() {
    let text = r#"(module (memory 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "fill") (param i32)
          (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))"#;
    for delta in [1, 255, 256, i32::MAX, i32::MIN, -1] {
        let observation = run(&program(text, "grow", &[Value::I32(delta)]), GAS_LIMIT_MAX);
        let pages = u64::from(delta.cast_unsigned());
        let base = run(&program(text, "grow", &[Value::I32(0)]), GAS_LIMIT_MAX).gas_used;
        let (granted, expected) = if pages <= 255 { (pages, 1) } else { (0, -1) };
        assert_eq!(observation.gas_used, base + 300_000 * granted, "{delta}");
        assert_eq!(returned(&observation), Some(Value::I32(expected)));
        // One unit of gas too little.
        let short = observation.gas_used - 1;
        let grow = program(text, "grow", &[Value::I32(delta)]);
        assert_eq!(run(&grow, short).exit, FrameExit::OutOfGas);
    }
    let fill = run(&program(text, "fill", &[Value::I32(-1)]), GAS_LIMIT_MAX);
    assert_eq!(fill.exit, FrameExit::Trap(Trap::MemoryOutOfBounds));
    assert!(fill.gas_used > 2 * u64::from(u32::MAX));
}

#[test]
fn n17_growth_at_a_flat_price() {
    let text =
        r#"(module (memory 1) (func (export "f") (param i32) (drop (memory.grow (local.get 0)))))"#;
    let used = |pages| run(&program(text, "f", &[Value::I32(pages)]), 1 << 40).gas_used;
    assert_eq!(used(10) - used(0), 10 * (used(1) - used(0)));
    assert!(used(1) > used(0));
    // Growth that is never granted costs no page.
    assert_eq!(used(10_000), used(0));
}

#[test]
fn n18_bulk_operators_at_a_flat_price() {
    let text = r#"(module (memory 2)
        (func (export "copy") (param i32 i32 i32)
          (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill") (param i32 i32 i32)
          (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#;
    for function in ["copy", "fill"] {
        let call = |start, length| {
            let arguments = [start, 0, length].map(Value::I32);
            run(&program(text, function, &arguments), 10_000_000)
        };
        let (none, one) = (call(0, 0).gas_used, call(0, 1).gas_used);
        assert!(one > none);
        assert_eq!(call(0, 100_000).gas_used - none, 100_000 * (one - none));
        // Length 0, out of range: a trap, which costs its price.
        let outside = call(131_073, 0);
        assert_eq!(outside.exit, FrameExit::Trap(Trap::MemoryOutOfBounds));
        assert_eq!(outside.gas_used, none);
        assert!(matches!(call(131_072, 0).exit, FrameExit::Return { .. }));
    }
}

#[test]
fn n22_a_straight_line_whose_price_exceeds_32_bits() {
    let nops = format!(r#"(module (func (export "f") {}))"#, "nop ".repeat(3_000));
    assert!(matches!(
        swept(&program(&nops, "f", &[])),
        FrameExit::Return { .. }
    ));
    let line = "(drop (i32.const 1))".repeat(30_000);
    let text = format!(r#"(module (func (export "f") {line}))"#);
    let dear = |opcode, price| {
        if opcode == Opcode::Drop {
            (1 << 32) - 1
        } else {
            price
        }
    };
    let program = with_rules(&text, "f", &[], rules(dear));
    let total = run(&program, GAS_LIMIT_MAX).gas_used;
    assert!(total > 30_000 * ((1 << 32) - 1));
    assert!(matches!(
        run(&program, total).exit,
        FrameExit::Return { .. }
    ));
    assert_eq!(run(&program, total - 1).exit, FrameExit::OutOfGas);
    assert_eq!(run(&program, u64::from(u32::MAX)).exit, FrameExit::OutOfGas);
}

#[test]
fn n24_control_flow_that_lost_a_charge() {
    let locals = "(local i64)".repeat(900);
    let many_locals = format!("{locals} (loop (br_if 0 (i32.eqz (local.get 0))))");
    let shapes = [
        // Two loops with adjacent headers; an empty loop; a loop that never repeats.
        "(loop (loop (br_if 1 (i32.eqz (local.get 0)))))",
        "(loop)",
        "(loop (block (br_if 0 (local.get 0)) (br 1)))",
        // Code after the last branch, and blocks that no branch leaves.
        "(block (br 0) (loop (br 0)))",
        "(block (block (block (br_table 0 1 2 (local.get 0)) (unreachable)) (nop)) (nop))",
        "(if (local.get 0) (then) (else (unreachable)))",
        "(if (local.get 0) (then (return)))",
        "(drop (block (result i32) (br_if 0 (i32.const 1) (local.get 0)) (drop) (i32.const 2)))",
        &many_locals,
    ];
    for shape in shapes {
        let text = format!(r#"(module (func (export "f") (param i32) {shape}))"#);
        for argument in [1, 2] {
            swept(&program(&text, "f", &[Value::I32(argument)]));
        }
    }
}

#[test]
fn n25_two_charges_at_one_point() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/programs");
    let mut charges = 0;
    for case in conformance::catalogue::texts(std::path::Path::new(folder)).unwrap() {
        let emitted = emit(&case.program.module, &case.program.rules);
        for payload in Parser::new(0).parse_all(&emitted) {
            let Payload::CodeSectionEntry(body) = payload.unwrap() else {
                continue;
            };
            let operators: Vec<Operator<'_>> = body
                .get_operators_reader()
                .unwrap()
                .into_iter()
                .map(Result::unwrap)
                .collect();
            charges += operators
                .windows(CHARGE)
                .filter(|window| is_charge(window))
                .count();
            let twice = operators
                .windows(2 * CHARGE)
                .any(|window| is_charge(&window[..CHARGE]) && is_charge(&window[CHARGE..]));
            assert!(!twice, "{}", case.program.name);
        }
    }
    assert!(charges > 1_000, "{charges}");
}

/// Number of operators of one charge in an instrumented module.
const CHARGE: usize = 10;

fn is_charge(operators: &[Operator<'_>]) -> bool {
    matches!(
        operators,
        [
            Operator::GlobalGet { .. },
            Operator::I64Const { .. },
            Operator::I64Sub,
            Operator::GlobalSet { .. },
            Operator::GlobalGet { .. },
            Operator::I64Const { value: 0 },
            Operator::I64LtS,
            Operator::If { .. },
            Operator::Call { .. },
            Operator::End,
        ]
    )
}

#[test]
fn n34_instrumentation_that_grows_quadratically() {
    let module = |functions: usize| {
        let calls: String = (0..functions)
            .map(|index| format!("(call {})", index % 7))
            .collect();
        let bodies = "(func (call 0) (call 1) (drop (i32.load (i32.const 0))))".repeat(functions);
        let text = format!("(module (memory 1) {bodies} (func {calls}))");
        crate::check(&text).unwrap()
    };
    let rules = Rules::v1();
    let lowered = Options {
        bulk: Bulk::Lower,
        ..Options::default()
    };
    let (half, whole) = (module(4_500), module(9_000));
    for options in [Options::default(), lowered] {
        let sizes = [&half, &whole].map(|module| emit_with(module, &rules, options).len());
        assert!(sizes[1] * 10 <= sizes[0] * 21, "{sizes:?}");
        // The size is also bounded by that of the original.
        assert!(sizes[1] <= 16 * whole.bytes().len(), "{sizes:?}");
    }
}

#[test]
fn n39_an_operator_without_a_price() {
    let one = Schedule::v1();
    // Markers are free by definition, and floats cost the same as the integer operators they lower
    // to.
    let priced = |row: &&Row| !row.opcode.mentions_float() && row.class != Class::Marker;
    for row in Rules::v1().operators().filter(priced) {
        let raised = rules(|opcode, price| price + u64::from(opcode == row.opcode));
        assert_ne!(raised.id(), Rules::v1().id(), "{}", row.name);
        assert_eq!(
            raised.schedule.operator(row.opcode),
            one.operator(row.opcode) + 1
        );
    }
    // Each executed operator costs its price in the schedule.
    let text = r#"(module (func (export "f") (param i32) (result i32)
        (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.div_u (local.get 0) (i32.const 2)))))"#;
    let used = |rules| run(&with_rules(text, "f", &[Value::I32(9)], rules), 1 << 40).gas_used;
    let base = used(Rules::v1());
    for (opcode, times) in [
        (Opcode::I32Add, 1),
        (Opcode::I32Mul, 1),
        (Opcode::I32DivU, 1),
        (Opcode::LocalGet, 2),
        (Opcode::I32Const, 2),
        (Opcode::I64Add, 0),
    ] {
        let raised = rules(|other, price| price + u64::from(other == opcode) * 1_000);
        assert_eq!(used(raised), base + times * 1_000, "{}", opcode.name());
    }
}

#[test]
fn n44_locals_are_zeroed_for_free() {
    let used = |count: usize| {
        let locals = "(local i64)".repeat(count);
        let text = format!(r#"(module (func (export "f") {locals}))"#);
        run(&program(&text, "f", &[]), 1_000_000).gas_used
    };
    let price = used(1) - used(0);
    assert!(price > 0);
    for count in [2, 99, 1_024] {
        assert_eq!(used(count), used(0) + price * u64::try_from(count).unwrap());
    }
}

#[test]
fn n44_bytes_are_rounded_down() {
    let text = r#"(module (memory 1)
        (func (export "f") (param i32) (memory.copy (i32.const 64) (i32.const 0) (local.get 0))))"#;
    let used = |length| run(&program(text, "f", &[Value::I32(length)]), 1_000_000).gas_used;
    let price = used(1) - used(0);
    assert!(price > 0);
    for length in 1..=33 {
        assert_eq!(used(length), used(length - 1) + price, "{length}");
    }
}
