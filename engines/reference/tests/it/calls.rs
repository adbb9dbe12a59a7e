//! Calls functions directly, through the table, recursively and at the start.

use crate::{HEIGHT, PLENTY, Program, f, i32, i64, trap};
use vm::Trap;
use vm::unstable::execution::{Stop, Value};

#[test]
fn arguments_keep_their_order() {
    let text = r#"(func $sub (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
        (func (export "f") (result i32)
            (i32.const 100) (call $sub (i32.const 7) (i32.const 5)) (i32.add))"#;
    assert_eq!(f(text).0, i32(102));
}

#[test]
fn operands_of_the_caller_survive_a_call() {
    let text = r#"(func $mess (param i64) (i64.const 1) (i64.const 2) (return))
        (func $value (result i64) (i64.const 8) (i64.const 9) (return))
        (func (export "f") (result i64)
            (i64.const 5) (call $mess (i64.const 3)) (call $value) (i64.sub))"#;
    assert_eq!(f(text).0, i64(-4));
}

#[test]
fn recursion_computes() {
    let program = Program::of_text(
        r#"(module (func $fib (export "f") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                (then (local.get 0))
                (else (i32.add
                    (call $fib (i32.sub (local.get 0) (i32.const 1)))
                    (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#,
    );
    assert_eq!(program.value(&[Value::I32(15)]), i32(610));
}

/// The smallest frame size is 64 slots: 1,024 such frames have 65,536, the next one overflows after
/// its entry is charged: 1,025 entries of 40 and 1,024 calls of 60.
#[test]
fn the_1025th_function_overflows_the_stack() {
    let text = r#"(func $f (export "f") (call $f))"#;
    assert_eq!(
        f(text),
        (trap(Trap::StackOverflow), 1_025 * 40 + 1_024 * 60)
    );
}

/// The same depth without an overflow: `f(n)` has n + 1 functions active.
#[test]
fn the_1024th_function_does_not_overflow() {
    let program = Program::of_text(
        r#"(module (func $f (export "f") (param i32)
            (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))))"#,
    );
    assert_eq!(program.value(&[Value::I32(1_023)]), Stop::Return(None));
    assert_eq!(
        program.value(&[Value::I32(1_024)]),
        trap(Trap::StackOverflow)
    );
}

/// 65 frames of 1,000 slots fit, 66 do not.
#[test]
fn the_frame_size_of_a_wide_function_is_its_slots() {
    let locals = "i64 ".repeat(1_000);
    let text = format!(r#"(func $f (export "f") (local {locals}) (call $f))"#);
    let gas = 66 * (40 + 3 * 1_000) + 65 * 60;
    assert_eq!(f(&text), (trap(Trap::StackOverflow), gas));
}

#[test]
fn returning_removes_the_frame_size_from_the_stack_counter() {
    let text = r#"(func $g) (func (export "f") (local i32)
        (loop (call $g)
            (br_if 0 (i32.lt_u
                (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3000)))))"#;
    assert_eq!(f(text).0, Stop::Return(None));
}

const TABLE: &str = r#"
    (type $void (func)) (type $i32 (func (result i32))) (type $also_i32 (func (result i32)))
    (type $f32 (func (result f32)))
    (table 4 funcref) (elem (i32.const 1) $seven $nothing)
    (func $seven (type $i32) (i32.const 7))
    (func $nothing (type $void))"#;

/// Calls table entry `index` with type `type_index`: entry 43, constant 10, `call_indirect` 100.
fn indirect(index: i64, type_index: &str) -> (Stop, u64) {
    f(&format!(
        r#"{TABLE} (func (export "f") (call_indirect (type {type_index}) (i32.const {index}))
            {})"#,
        if type_index == "$void" { "" } else { "drop" }
    ))
}

#[test]
fn an_indirect_call_checks_bound_then_null_then_type() {
    let before = 43 + 10 + 100;
    assert_eq!(indirect(4, "$i32"), (trap(Trap::TableOutOfBounds), before));
    assert_eq!(
        indirect(-1, "$void"),
        (trap(Trap::TableOutOfBounds), before)
    );
    assert_eq!(
        indirect(0, "$i32"),
        (trap(Trap::IndirectCallToNull), before)
    );
    assert_eq!(
        indirect(3, "$void"),
        (trap(Trap::IndirectCallToNull), before)
    );
    assert_eq!(
        indirect(2, "$i32"),
        (trap(Trap::IndirectCallTypeMismatch), before)
    );
    assert_eq!(
        indirect(1, "$void"),
        (trap(Trap::IndirectCallTypeMismatch), before)
    );
}

#[test]
fn an_indirect_call_compares_lowered_types_by_structure() {
    // The callee: entry 43, constant 10; then the caller's drop.
    let gas = 43 + 10 + 100 + 43 + 10 + 10;
    assert_eq!(indirect(1, "$i32"), (Stop::Return(None), gas));
    assert_eq!(indirect(1, "$also_i32"), (Stop::Return(None), gas));
    assert_eq!(indirect(1, "$f32"), (Stop::Return(None), gas));
}

#[test]
fn later_element_segments_overwrite_earlier_ones() {
    let text = r#"(table 2 funcref) (elem (i32.const 0) $a $a) (elem (i32.const 1) $b)
        (func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2))
        (func (export "f") (result i32)
            (i32.add (i32.mul (i32.const 10) (call_indirect (result i32) (i32.const 0)))
                (call_indirect (result i32) (i32.const 1))))"#;
    assert_eq!(f(text).0, i32(12));
}

/// An imported function has no entry price and no frame, also through the table.
#[test]
fn an_imported_function_costs_its_call_alone() {
    let import = r#"(import "lockstep" "block_height" (func $height (result i64)))"#;
    let direct = format!(r#"{import} (func (export "f") (result i64) (call $height))"#);
    assert_eq!(f(&direct), (i64(HEIGHT), 43 + 60));
    let through = format!(
        r#"{import} (table 1 funcref) (elem (i32.const 0) $height)
        (func (export "f") (result i64) (call_indirect (result i64) (i32.const 0)))"#
    );
    assert_eq!(f(&through), (i64(HEIGHT), 43 + 10 + 100));
}

/// 1,024 functions are active, and the host can still be called.
#[test]
fn a_host_call_fits_above_a_full_stack() {
    let program = Program::of_text(
        r#"(module (import "lockstep" "block_height" (func $height (result i64)))
            (func $f (export "f") (param i32) (result i64)
                (if (result i64) (local.get 0)
                    (then (call $f (i32.sub (local.get 0) (i32.const 1))))
                    (else (call $height)))))"#,
    );
    assert_eq!(program.value(&[Value::I32(1_023)]), i64(HEIGHT));
    assert_eq!(
        program.value(&[Value::I32(1_024)]),
        trap(Trap::StackOverflow)
    );
}

const START: &str = r#"
    (global $g (mut i32) (i32.const 1))
    (start $start)
    (func $start (global.set $g (i32.mul (global.get $g) (i32.const 6))))
    (func (export "f") (result i32) (i32.add (global.get $g) (i32.const 1)))"#;

/// Start: entry 40 + 3 * 2, four operators of 10; then `f`: 46 + 30. Neither pays a `call`.
#[test]
fn the_start_function_runs_first_under_the_same_limit() {
    assert_eq!(f(START), (i32(7), 46 + 40 + 46 + 30));
    let program = Program::of_text(&format!("(module {START})"));
    for limit in [0, 45, 46, 85, 86, 131, 132, 161] {
        let result = program.run("f", &[], limit);
        assert_eq!((result.stop, result.gas_used), (Stop::OutOfGas, limit));
    }
}

#[test]
fn a_trap_in_the_start_function_ends_the_contract_frame() {
    let text = r#"(start $s) (func $s unreachable) (func (export "f"))"#;
    assert_eq!(f(text), (trap(Trap::Unreachable), 40 + 10));
}

#[test]
fn the_frame_of_the_start_function_is_gone_when_the_entry_point_begins() {
    let text = r#"(start $s) (func $s (local i64))
        (func $f (export "f") (call $f))"#;
    let start = 40 + 3;
    assert_eq!(
        f(text),
        (trap(Trap::StackOverflow), start + 1_025 * 40 + 1_024 * 60)
    );
}

#[test]
fn arguments_of_the_entry_are_its_first_locals() {
    let program = Program::of_text(
        r#"(module (func (export "f") (param i64 i32) (result i64)
            (i64.sub (local.get 0) (i64.extend_i32_s (local.get 1)))))"#,
    );
    let result = program.run("f", &[Value::I64(1 << 40), Value::I32(-1)], PLENTY);
    assert_eq!(result.stop, i64((1 << 40) + 1));
}

/// The committed artefact of `contracts/c/math.c`, compiled by clang.
#[test]
fn factorial_of_the_committed_math_module() {
    let bytes = include_bytes!("../../../../contracts/wasm/math.wasm");
    let program = Program::of_bytes(bytes);
    let parameter = program
        .module
        .function_type(program.module.exported_function("factorial").unwrap());
    let wide = parameter.unwrap().parameters == [vm::unstable::module::ValueType::I64];
    let five = if wide { Value::I64(5) } else { Value::I32(5) };
    let result = program.run("factorial", &[five], PLENTY);
    assert_eq!(result.stop, if wide { i64(120) } else { i32(120) });
}
