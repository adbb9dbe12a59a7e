//! Tests call chains: indirect calls, the start function, recursion.

use crate::assembled;
use debug_info::{CallStep, DebugInfo};

fn path(text: &str, target: u32) -> Option<Vec<(u32, bool)>> {
    let bytes = assembled(text);
    let steps = DebugInfo::of(&bytes).call_path(target)?;
    let plain = |step: CallStep| (step.function, step.through_table);
    Some(steps.into_iter().map(plain).collect())
}

#[test]
fn the_shortest_call_chain_begins_at_an_export() {
    let text = r#"(module
        (import "lockstep" "input" (func $input (param i32)))
        (func $leaf (call $input (i32.const 0)))
        (func $middle (call $leaf) (call $middle))
        (func (export "long") (call $middle))
        (func (export "short") (call $leaf)))"#;
    assert_eq!(path(text, 1), Some(vec![(4, false), (1, false)]));
    assert_eq!(
        path(text, 0),
        Some(vec![(4, false), (1, false), (0, false)])
    );
    assert_eq!(path(text, 3), Some(vec![(3, false)]));
}

#[test]
fn an_indirect_call_reaches_table_functions_of_its_type() {
    let text = r#"(module
        (type $unary (func (param i32) (result i32)))
        (type $same (func (param i32) (result i32)))
        (table 3 funcref)
        (elem (i32.const 0) $one $other)
        (func $one (type $same) (local.get 0))
        (func $other (result i32) (i32.const 0))
        (func $unlisted (type $unary) (local.get 0))
        (func (export "f") (result i32)
          (call_indirect (type $unary) (i32.const 1) (i32.const 0))))"#;
    assert_eq!(path(text, 0), Some(vec![(3, false), (0, true)]));
    assert_eq!(path(text, 1), None);
    assert_eq!(path(text, 2), None);
}

#[test]
fn the_start_function_is_a_root() {
    let text = "(module (func $inner) (func $start (call $inner)) (start $start))";
    assert_eq!(path(text, 0), Some(vec![(1, false), (0, false)]));
    assert_eq!(path("(module (func))", 0), None);
    assert_eq!(path("(module (func))", 7), None);
}

/// An export with an invalid function index is a root without calls.
#[test]
fn an_invalid_function_index_calls_nothing() {
    let mut bytes = assembled(r#"(module (func (export "f")) (func))"#);
    let export = bytes.windows(3).position(|window| window == *b"f\0\0");
    bytes[export.expect("an export") + 2] = 9;
    let info = DebugInfo::of(&bytes);
    assert_eq!(info.call_path(0), None);
    assert_eq!(info.call_path(9).map(|steps| steps.len()), Some(1));
}
