//! Compares gas with sums by hand, and runs programs at every limit.

use crate::{PLENTY, Program, f, i32, trap};
use std::sync::Arc;
use vm::unstable::execution::{Stop, Value};
use vm::{Rules, Trap};

/// Prices of version 1 by class, as these sums use them.
const SIMPLE: u64 = 10;
const ACCESS: u64 = 20;
const BRANCH: u64 = 20;
const DIVIDE: u64 = 30;
const TABLE: u64 = 40;
const CALL: u64 = 60;

const fn entry(slots: u64) -> u64 {
    40 + 3 * slots
}

#[test]
fn straight_code_costs_its_operators_and_its_entry() {
    let text = r#"(func (export "f") (result i32) (i32.add (i32.const 1) (i32.const 2)))"#;
    assert_eq!(f(text), (i32(3), entry(2) + 3 * SIMPLE));
}

#[test]
fn an_empty_function_costs_its_entry() {
    assert_eq!(f(r#"(func (export "f"))"#), (Stop::Return(None), entry(0)));
}

#[test]
fn structure_is_free() {
    let text = r#"(func (export "f") nop (block (loop nop (block))) nop)"#;
    assert_eq!(f(text), (Stop::Return(None), entry(0)));
}

/// 8 operators with the end and 3 targets in `f`, 2 and none in `$g`; each function pays once.
#[test]
fn a_first_entry_costs_operators_and_targets_once() {
    let text = r#"(module
        (func $g nop)
        (func (export "f") (call $g) (call $g)
            (block (br_table 0 0 0 (i32.const 1))) (call $g)))"#;
    let bytes = wat::parse_str(text).unwrap();
    let sum = entry(1) + 3 * (CALL + entry(0)) + SIMPLE + TABLE;
    assert_eq!(Program::of_bytes(&bytes).f(), (Stop::Return(None), sum));
    let rules = Rules::v1();
    let prices = *rules.schedule.dynamic();
    let first = 2 * prices.function_first
        + (8 + 2) * prices.function_first_per_operator
        + 3 * prices.function_first_per_target;
    let program = Program::under(&bytes, Arc::new(rules));
    assert_eq!(program.f(), (Stop::Return(None), sum + first));
}

/// One local and two operands; 10 iterations of 7 simple operators and a branch, taken or not.
#[test]
fn a_loop_pays_for_each_iteration() {
    let text = r#"(func (export "f") (local i32)
        (loop
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get 0) (i32.const 10)))))"#;
    assert_eq!(
        f(text),
        (Stop::Return(None), entry(3) + 10 * (7 * SIMPLE + BRANCH))
    );
}

#[test]
fn if_and_br_table_cost_the_same_on_every_path() {
    let program = Program::of_text(
        r#"(module (func (export "f") (param i32) (result i32)
            (block (block (br_table 0 1 0 (local.get 0))))
            (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))"#,
    );
    for argument in [0, 1, 2, 3, -1] {
        let result = program.run("f", &[Value::I32(argument)], PLENTY);
        assert_eq!(
            result.gas_used,
            entry(2) + 3 * SIMPLE + TABLE + BRANCH,
            "{argument}"
        );
    }
}

/// The operator that traps is paid, those after it are not.
#[test]
fn a_trap_consumes_the_gas_of_the_operators_that_ran() {
    let text = r#"(func (export "f") (result i32)
        (i32.add (i32.div_u (i32.const 1) (i32.const 0)) (i32.const 2)))"#;
    assert_eq!(
        f(text),
        (
            trap(Trap::IntegerDivideByZero),
            entry(2) + 2 * SIMPLE + DIVIDE
        )
    );
    let text = r#"(memory 1) (func (export "f") (result i32)
        (i32.load offset=65533 (i32.const 0)) (i32.const 2) i32.add)"#;
    assert_eq!(
        f(text),
        (trap(Trap::MemoryOutOfBounds), entry(2) + SIMPLE + ACCESS)
    );
}

/// The caller has one slot; each call pays `call` and the callee's entry.
#[test]
fn a_call_pays_the_entry_of_its_callee() {
    let text = r#"(func $g (param i32) (result i32) (local i64 i64) (local.get 0))
        (func (export "f") (result i32) (call $g (call $g (i32.const 4))))"#;
    let callee = entry(4) + SIMPLE;
    assert_eq!(f(text), (i32(4), entry(1) + SIMPLE + 2 * (CALL + callee)));
}

#[test]
fn unreachable_code_counts_for_slots_but_is_not_paid() {
    let text = r#"(func (export "f") (return)
        (drop (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.const 1)))))"#;
    assert_eq!(f(text), (Stop::Return(None), entry(3) + BRANCH));
}

/// Runs at every limit: below the total, the run consumes the limit and is out of gas.
fn sweep(text: &str, arguments: &[Value], expected: Stop) {
    let program = Program::of_text(&format!("(module {text})"));
    let full = program.run("f", arguments, PLENTY);
    assert_eq!(full.stop, expected);
    let total = full.gas_used;
    assert!(total < 20_000, "{total} is too much gas for a sweep");
    let engine = reference::Reference::new();
    for limit in 0..total {
        let result = program.run_on(&engine, program.invocation("f", arguments, limit));
        assert_eq!(
            (result.stop, result.gas_used),
            (Stop::OutOfGas, limit),
            "of {total}"
        );
    }
    for limit in total..total + 3 {
        let result = program.run_on(&engine, program.invocation("f", arguments, limit));
        assert_eq!(result, full, "limit {limit} of {total}");
    }
}

#[test]
fn every_limit_of_a_recursive_program() {
    let text = r#"(func $f (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.mul (local.get 0) (call $f (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 1))))"#;
    sweep(text, &[Value::I32(6)], i32(720));
}

#[test]
fn every_limit_of_a_program_with_memory_and_host_calls() {
    let text = r#"(import "lockstep" "block_height" (func $height (result i64)))
        (memory 1) (table 1 funcref) (elem (i32.const 0) $g) (start $g)
        (func $g (i64.store (i32.const 8) (call $height)))
        (func (export "f") (result i32)
            (memory.copy (i32.const 100) (i32.const 8) (i32.const 8))
            (memory.fill (i32.const 200) (i32.const 1) (i32.const 20))
            (call_indirect (i32.const 0))
            (drop (memory.grow (i32.const 0)))
            (i32.load (i32.const 100)))"#;
    sweep(text, &[], i32(crate::HEIGHT as i32));
}

#[test]
fn every_limit_of_a_program_that_traps() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (loop (result i32)
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (drop (i32.div_u (i32.const 7) (local.get 0)))
            (br 0)))"#;
    sweep(text, &[Value::I32(5)], trap(Trap::IntegerDivideByZero));
}

#[test]
fn gas_near_its_maximum_is_exact() {
    let program = Program::of_text(r#"(module (func (export "f") (result i32) (i32.const 1)))"#);
    let result = program.run("f", &[], i64::MAX.unsigned_abs());
    assert_eq!((result.stop, result.gas_used), (i32(1), entry(1) + SIMPLE));
}
