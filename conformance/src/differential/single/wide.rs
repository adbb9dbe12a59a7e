//! Writes the module of an operator with two results: operands from every place in which an engine
//! keeps them, results in every use that an engine fuses with the operator.

use super::{Depth, constant};
use std::fmt::Write;

/// Sources of one number of two words, and of the two words of a product.
const NUMBERS: [&str; 7] = [
    "(local.get 0) (local.get 1)",
    "(local.get 0) (i64.const 0)",
    "(i64.const 0) (local.get 1)",
    "(local.get 1) (local.get 1)",
    "(i64.add (local.get 0) (i64.const 3)) (local.get 0)",
    "(local.get 1) (i64.add (local.get 0) (i64.const 3))",
    "(i64.add (local.get 0) (i64.const 3)) (i64.const 0)",
];

/// A module with a function for each source of the operands and each use of the results.
pub(super) fn text(name: &str, operands: usize, depth: Depth) -> String {
    let mut text = String::from("(module (memory 1)\n");
    let mut numbers: Vec<String> = NUMBERS.map(str::to_owned).into();
    for bits in depth.constants() {
        let turned = constant("i64", bits.rotate_left(1).wrapping_add(2));
        let bits = constant("i64", bits);
        numbers.push(format!("(local.get 0) {bits}"));
        numbers.push(format!("{bits} (local.get 1)"));
        numbers.push(format!("{bits} {turned}"));
        numbers.push(format!("{bits} (i64.const 0)"));
    }
    let first: &[String] = if operands == 2 { &[] } else { &numbers };
    for (at, second) in numbers.iter().enumerate() {
        if first.is_empty() {
            uses(&mut text, &format!("{at}"), &format!("{second} {name}"));
        }
        for (other, first) in first.iter().enumerate() {
            // All pairs of sources, but all uses only for some of them.
            let operator = format!("{first} {second} {name}");
            if at == other || at.min(other) < 2 {
                uses(&mut text, &format!("{other} {at}"), &operator);
            } else {
                store(&mut text, &format!("{other} {at} kept"), &operator);
            }
        }
    }
    text.push(')');
    text
}

/// A function that stores the two words that `code` pushes.
fn store(text: &mut String, name: &str, code: &str) {
    let _ = writeln!(
        text,
        "(func (export \"{name}\") (param i64 i64) (local $l i64) (local $h i64) \
         {code} local.set $h local.set $l \
         (i64.store (i32.const 8) (local.get $l)) (i64.store (i32.const 16) (local.get $h)))"
    );
}

/// A function that returns the word that `code` pushes.
fn returned(text: &mut String, name: &str, code: &str) {
    let _ = writeln!(
        text,
        "(func (export \"{name}\") (param i64 i64) (result i64) (local $l i64) (local $h i64) {code})"
    );
}

fn uses(text: &mut String, source: &str, operator: &str) {
    store(text, &format!("{source} kept"), operator);
    let results = [
        ("low", "drop"),
        ("high", "local.set $h drop local.get $h"),
        ("sum", "i64.add"),
        ("one local", "local.set $l local.set $l local.get $l"),
        (
            "onto a parameter",
            "local.set 0 local.set 1 (i64.sub (local.get 0) (local.get 1))",
        ),
        (
            "teed",
            "local.tee $h i64.sub local.get $h i64.rotl",
        ),
        (
            "low teed",
            "local.set $h local.tee $l local.get $h i64.xor local.get $l i64.sub",
        ),
        (
            "condition",
            "local.set $h local.set $l \
             (select (local.get $l) (local.get $h) (i64.eqz (local.get $h)))",
        ),
    ];
    for (name, rest) in results {
        returned(text, &format!("{source} {name}"), &format!("{operator} {rest}"));
    }
    returned(
        text,
        &format!("{source} old value"),
        &format!(
            "(local.set $l (i64.const 5)) local.get $l {operator} \
             local.set $h local.set $l local.get $l i64.sub local.get $h i64.sub"
        ),
    );
    let fused = [
        ("with carry", "(local.get 1) (i64.const 0) i64.add128"),
        ("with number", "(local.get 1) (local.get 0) i64.add128"),
        ("with constant", "(i64.const 9) (i64.const 8) i64.add128"),
        ("with product", "(local.get 1) (local.get 0) i64.mul_wide_u i64.add128"),
        ("with signed", "(local.get 1) (local.get 0) i64.mul_wide_s i64.add128"),
        ("less product", "(local.get 1) (i64.const -3) i64.mul_wide_u i64.sub128"),
    ];
    for (name, rest) in fused {
        store(text, &format!("{source} {name}"), &format!("{operator} {rest}"));
    }
    let before = [
        ("after carry", "(local.get 1) (i64.const 0)", ""),
        ("after number", "(local.get 1) (local.get 0)", ""),
        ("after constant", "(i64.const 9) (i64.const 0)", ""),
        (
            "after sum",
            "(local.get 1) (i64.const 0) (local.get 0) (i64.const 0) i64.add128",
            "",
        ),
        (
            "after loaded sum",
            "(i64.load (i32.const 3)) (i64.const 0) (local.get 0) (i64.const 0) i64.add128",
            "",
        ),
        (
            "after teed sum",
            "(local.get 1) (i64.const 0) (local.get 0) (i64.const 0) i64.add128 local.tee 1",
            "",
        ),
        ("after product", "(local.get 1) (local.get 0) i64.mul_wide_u", ""),
        (
            "between",
            "(local.get 1) (i64.const 0)",
            "(local.get 1) (i64.const 0) i64.add128",
        ),
    ];
    for (name, first, rest) in before {
        let code = format!("{first} {operator} i64.add128 {rest}");
        store(text, &format!("{source} {name}"), &code);
    }
}
