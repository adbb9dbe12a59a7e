//! Tests that moves of floats keep their bits and that every other float operator traps.

use crate::{Program, f, i32, i64, trap};
use vm::Trap;
use vm::unstable::execution::{Stop, Value};
use vm::unstable::opcode::{Class, TABLE};

/// Signalling and quiet NaNs with payloads, signs and a negative zero.
#[test]
fn moves_keep_the_bits_of_f32() {
    for bits in [
        0x7fa0_0000_u32,
        0xffa0_1234,
        0x7fc0_0001,
        0xffff_ffff,
        0x8000_0000,
        0x7f80_0001,
    ] {
        let program = Program::of_text(
            r#"(module (memory 1) (global $g (mut f32) (f32.const 0))
                (func $same (param f32) (result f32) (local f32)
                    (local.set 1 (local.get 0)) (local.get 1))
                (func (export "f") (param i32) (result i32)
                    (global.set $g (f32.reinterpret_i32 (local.get 0)))
                    (f32.store (i32.const 4) (call $same (global.get $g)))
                    (i32.reinterpret_f32
                        (select (f32.load (i32.const 4)) (f32.const 1) (i32.const 1)))))"#,
        );
        let bits = bits.cast_signed();
        assert_eq!(program.value(&[Value::I32(bits)]), i32(bits), "{bits:#x}");
    }
}

#[test]
fn moves_keep_the_bits_of_f64() {
    for bits in [
        0x7ff4_0000_0000_0001_u64,
        0xfff0_dead_beef_0001,
        0x8000_0000_0000_0000,
        u64::MAX,
    ] {
        let program = Program::of_text(
            r#"(module (memory 1)
                (func (export "f") (param f64) (result f64)
                    (f64.store (i32.const 8) (local.get 0))
                    (block (result f64) (br 0 (f64.load (i32.const 8))))))"#,
        );
        let bits = bits.cast_signed();
        assert_eq!(program.value(&[Value::I64(bits)]), i64(bits), "{bits:#x}");
    }
}

#[test]
fn constants_keep_the_bits() {
    let single = r#"(func (export "f") (result f32) (f32.const -nan:0x200001))"#;
    assert_eq!(f(single).0, i32(0xffa0_0001_u32.cast_signed()));
    let double = r#"(func (export "f") (result f64) (f64.const nan:0x4000000000001))"#;
    assert_eq!(f(double).0, i64(0x7ff4_0000_0000_0001));
}

/// Entry 43, an address 10, a load 20, like that of an integer; reinterpretation is free.
#[test]
fn moves_cost_as_much_as_integer_moves() {
    let float = r#"(memory 1) (func (export "f") (result i32)
        (i32.reinterpret_f32 (f32.load (i32.const 0))))"#;
    let integer = r#"(memory 1) (func (export "f") (result i32) (i32.load (i32.const 0)))"#;
    assert_eq!(f(float), (i32(0), 43 + 10 + 20));
    assert_eq!(f(integer), (i32(0), 43 + 10 + 20));
}

fn operands(name: &str) -> String {
    let (own, operation) = name.split_once('.').unwrap();
    let of = ["f32", "f64", "i32", "i64"]
        .into_iter()
        .find(|of| operation.ends_with(&format!("_{of}")) || operation.contains(&format!("_{of}_")))
        .or_else(|| {
            operation
                .strip_prefix("demote_")
                .or(operation.strip_prefix("promote_"))
        })
        .unwrap_or(own);
    let unary = of != own
        || matches!(
            operation,
            "abs" | "neg" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt"
        );
    format!("({of}.const 1)").repeat(if unary { 1 } else { 2 })
}

/// Entry 40 + 3 for each slot, 10 for each constant, and 1 for the operator that traps.
#[test]
fn every_other_float_operator_traps_for_one_gas() {
    let rows: Vec<_> = TABLE
        .iter()
        .filter(|row| row.opcode.class() == Class::Float)
        .collect();
    assert_eq!(rows.len(), 12 + 28 + 8 + 10 + 8);
    for row in rows {
        let operands = operands(row.name);
        let count = operands.matches("const").count() as u64;
        let text = format!(r#"(func (export "f") (drop ({} {operands})))"#, row.name);
        let gas = 40 + 3 * count + 10 * count + 1;
        assert_eq!(
            f(&text),
            (trap(Trap::FloatInstruction), gas),
            "{}",
            row.name
        );
        let program = Program::of_text(&format!("(module {text})"));
        let short = program.run("f", &[], gas - 1);
        assert_eq!(
            (short.stop, short.gas_used),
            (Stop::OutOfGas, gas - 1),
            "{}",
            row.name
        );
    }
}

#[test]
fn a_float_operator_that_does_not_run_does_not_trap() {
    let text = r#"(func (export "f") (result i32)
        (if (i32.const 0) (then (drop (f64.sqrt (f64.const 2))))) (i32.const 3))"#;
    assert_eq!(f(text).0, i32(3));
}
