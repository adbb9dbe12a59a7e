//! Follows structured control: which operators run, and what is left on the stack.

use crate::{PLENTY, Program, f, i32, i64, trap};
use vm::Trap;
use vm::unstable::execution::{Stop, Value};

fn returns(text: &str, expected: &[(i32, i32)]) {
    let program = Program::of_text(&format!("(module {text})"));
    for (argument, result) in expected {
        assert_eq!(
            program.value(&[Value::I32(*argument)]),
            i32(*result),
            "of {argument}"
        );
    }
}

#[test]
fn falling_off_the_end_returns() {
    assert_eq!(f(r#"(func (export "f"))"#).0, Stop::Return(None));
    assert_eq!(
        f(r#"(func (export "f") (result i64) i64.const -9)"#).0,
        i64(-9)
    );
}

#[test]
fn a_branch_leaves_as_many_blocks_as_it_says() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (local i32)
        (block
            (block
                (block
                    (br_table 0 1 2 (local.get 0)))
                (local.set 1 (i32.add (local.get 1) (i32.const 1))))
            (local.set 1 (i32.add (local.get 1) (i32.const 10))))
        (i32.add (local.get 1) (i32.const 100)))"#;
    returns(
        text,
        &[
            (0, 111),
            (1, 110),
            (2, 100),
            (3, 100),
            (-1, 100),
            (i32::MIN, 100),
        ],
    );
}

#[test]
fn br_table_without_targets_takes_the_default() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (block (br_table 0 (local.get 0))) (i32.const 5))"#;
    returns(text, &[(0, 5), (1, 5), (-1, 5)]);
}

#[test]
fn br_table_to_the_function_returns() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (block (result i32) (br_table 0 1 (i32.const 3) (local.get 0)))
        (i32.add (i32.const 1)))"#;
    returns(text, &[(0, 4), (1, 3), (9, 3)]);
}

#[test]
fn a_branch_with_a_value_drops_the_operands_under_it() {
    let text = r#"(func (export "f") (param i32) (result i32)
        i32.const 1000
        (block (result i32)
            i32.const 1 i32.const 2 i32.const 3
            (block (result i32)
                i32.const 4 i32.const 5 i32.const 6
                (br_if 1 (local.get 0))
                drop drop)
            drop drop drop)
        i32.add)"#;
    // Taken: 6 on 1000. Not taken: the innermost leaves 4, dropped with 3 and 2; 1 remains.
    returns(text, &[(1, 1006), (0, 1001), (-1, 1006)]);
}

#[test]
fn a_branch_without_a_value_drops_all_of_its_block() {
    let text = r#"(func (export "f") (param i32) (result i32)
        i32.const 7
        (block i32.const 1 i32.const 2 (br_if 0 (local.get 0)) drop drop)
        i32.const 8
        (loop i64.const 1 drop)
        i32.sub)"#;
    returns(text, &[(0, -1), (1, -1)]);
}

#[test]
fn each_iteration_of_a_loop_starts_at_its_height() {
    // Each of 100 iterations has operands at the branch: none of them stays.
    let text = r#"(func (export "f") (param i32) (result i32)
        i32.const 7
        (loop (result i32)
            i32.const 11 i32.const 12
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (local.get 0))
            drop)
        i32.add)"#;
    returns(text, &[(1, 18), (100, 18)]);
}

#[test]
fn a_loop_left_at_its_end_leaves_its_value() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (loop (result i32) (local.get 0)) (i32.add (i32.const 1)))"#;
    returns(text, &[(41, 42)]);
}

#[test]
fn if_chooses_its_arm() {
    let with_else = r#"(func (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))))"#;
    returns(with_else, &[(0, 2), (1, 1), (-1, 1), (256, 1)]);
    let without = r#"(func (export "f") (param i32) (result i32)
        (if (local.get 0) (then (local.set 0 (i32.const 9)))) (local.get 0))"#;
    returns(without, &[(0, 0), (5, 9)]);
}

#[test]
fn if_is_a_label_in_both_arms() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (br 0 (i32.const 1)) unreachable)
            (else i64.const 3 (br 0 (i32.const 2)) unreachable)))"#;
    returns(text, &[(0, 2), (1, 1)]);
}

#[test]
fn nested_if_in_both_arms() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (if (result i32) (i32.and (local.get 0) (i32.const 1))
            (then (if (result i32) (i32.and (local.get 0) (i32.const 2))
                (then (i32.const 3)) (else (i32.const 1))))
            (else (if (i32.and (local.get 0) (i32.const 2)) (then (return (i32.const 2))))
                (i32.const 0))))"#;
    returns(text, &[(0, 0), (1, 1), (2, 2), (3, 3)]);
}

#[test]
fn return_leaves_from_inside_a_loop() {
    let text = r#"(func (export "f") (param i32) (result i32)
        i64.const 5
        (loop (result i32)
            i64.const 6
            (block (br_if 0 (local.get 0)) (return (i32.const 77)))
            drop
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br 0))
        drop drop i32.const 0)"#;
    returns(text, &[(0, 77), (1, 77), (50, 77)]);
}

/// The open blocks of a callee are closed at its return: the caller's labels are valid again.
#[test]
fn returning_from_inside_blocks_closes_them() {
    for leave in ["return", "br 3", "(br_table 3 3 (i32.const 0))"] {
        let text = format!(
            r#"(func $g (block (loop (block {leave}) unreachable)) unreachable)
            (func (export "f") (param i32) (result i32)
                (block (block (call $g) (br_if 1 (local.get 0))) (return (i32.const 3)))
                (call $g)
                (i32.const 4))"#
        );
        returns(&text, &[(0, 3), (1, 4)]);
    }
}

#[test]
fn code_after_a_branch_does_not_run() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (block (br 0) unreachable (drop (i32.div_s (i32.const 1) (i32.const 0))))
        (block (result i32) (br 0 (i32.const 3)) i32.add drop (i32.const 4)
            (if (then unreachable)) (i32.const 5)))"#;
    returns(text, &[(0, 3)]);
}

#[test]
fn unreachable_traps_and_only_where_it_runs() {
    let text = r#"(func (export "f") (param i32) (if (local.get 0) (then unreachable)))"#;
    let program = Program::of_text(&format!("(module {text})"));
    assert_eq!(program.value(&[Value::I32(0)]), Stop::Return(None));
    assert_eq!(program.value(&[Value::I32(1)]), trap(Trap::Unreachable));
}

#[test]
fn select_and_drop() {
    let text = r#"(func (export "f") (param i32) (result i32)
        (i32.const 99) (select (i32.const 1) (i32.const 2) (local.get 0)) (drop (i32.const 3))
        (i32.add))"#;
    returns(text, &[(0, 101), (1, 100), (-1, 100)]);
}

#[test]
fn locals_begin_at_zero_at_each_call() {
    let text = r#"(func $g (param i32) (result i32) (local i32 i64 i32)
            (local.set 3 (i32.add (local.get 3) (local.get 0)))
            (local.set 2 (i64.const -1))
            (local.get 3))
        (func (export "f") (param i32) (result i32)
            (drop (call $g (local.get 0))) (drop (call $g (local.get 0)))
            (call $g (local.get 0)))"#;
    returns(text, &[(5, 5)]);
}

#[test]
fn tee_keeps_its_operand() {
    let text = r#"(func (export "f") (param i32) (result i32) (local i32)
        (i32.add (local.tee 1 (local.get 0)) (local.get 1)))"#;
    returns(text, &[(21, 42)]);
}

#[test]
fn globals_are_kept_between_functions_and_reported() {
    let program = Program::of_text(
        r#"(module
            (global $a (mut i32) (i32.const -3)) (global i64 (i64.const 1_000_000_000_000))
            (global $c (mut i64) (i64.add (i64.const 40) (i64.const 2)))
            (func $g (global.set $a (i32.add (global.get $a) (i32.const 1))))
            (func (export "f") (result i32)
                (call $g) (call $g) (global.set $c (i64.const -1)) (global.get $a)))"#,
    );
    let result = program.run("f", &[], PLENTY);
    assert_eq!(result.stop, i32(-1));
    let expected = [
        Value::I32(-1),
        Value::I64(1_000_000_000_000),
        Value::I64(-1),
    ];
    assert_eq!(result.globals, expected);
}

#[test]
fn deep_nesting_needs_no_native_stack() {
    let depth = 900;
    let text = format!(
        r#"(func (export "f") (result i32) {} (br {}) {} (i32.const 1))"#,
        "(block ".repeat(depth),
        depth - 1,
        ")".repeat(depth)
    );
    assert_eq!(f(&text).0, i32(1));
}
