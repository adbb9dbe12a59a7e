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

/// A word that is added as a number.
const CARRY: &str = "(local.get 1) (i64.const 0)";
/// Uses that make one word of the two results.
const USES: [&str; 9] = [
    "drop",
    "local.set $h drop local.get $h",
    "i64.add",
    "local.set $l local.set $l local.get $l",
    "local.set 0 local.set 1 (i64.sub (local.get 0) (local.get 1))",
    "local.set 0 local.get 1 i64.sub (local.get 0) i64.rotl",
    "local.tee $h i64.sub local.get $h i64.rotl",
    "local.set $h local.tee $l local.get $h i64.xor local.get $l i64.sub",
    "local.set $h local.set $l \
     (select (local.get $l) (local.get $h) (i64.eqz (local.get $h)))",
];
/// Operators that take both results as their first number.
const THEN: [&str; 6] = [
    "(local.get 1) (i64.const 0) i64.add128",
    "(local.get 1) (local.get 0) i64.add128",
    "(i64.const 9) (i64.const 8) i64.add128",
    "(local.get 1) (local.get 0) i64.mul_wide_u i64.add128",
    "(local.get 1) (local.get 0) i64.mul_wide_s i64.add128",
    "(local.get 1) (i64.const -3) i64.mul_wide_u i64.sub128",
];
/// First numbers of an addition whose second number is both results.
const BEFORE: [&str; 8] = [
    "(local.get 1) (i64.const 0)",
    "(local.get 1) (local.get 0)",
    "(i64.const 9) (i64.const 0)",
    "(local.get 1) (i64.const 0) (local.get 0) (i64.const 0) i64.add128",
    "(local.get 1) (i64.const 0) (local.get 0) (i64.const 1) i64.add128",
    "(i64.load (i32.const 3)) (i64.const 0) (local.get 0) (i64.const 0) i64.add128",
    "(local.get 1) (i64.const 0) (local.get 0) (i64.const 0) i64.add128 local.tee 1",
    "(local.get 1) (local.get 0) i64.mul_wide_u",
];

/// A module with an exported function for each source of the second number, which calls a function
/// for each source of the first one and each use of the results.
pub(super) fn text(name: &str, operands: usize, depth: Depth) -> String {
    let mut numbers: Vec<String> = NUMBERS.map(str::to_owned).into();
    // Pairs of sources make a function each, and an engine instantiates all of them for every run.
    let depth = if operands == 2 { depth } else { Depth::Quick };
    for bits in depth.constants() {
        let turned = constant("i64", bits.rotate_left(1).wrapping_add(2));
        let bits = constant("i64", bits);
        numbers.push(format!("(local.get 0) {bits}"));
        numbers.push(format!("{bits} (local.get 1)"));
        numbers.push(format!("{bits} {turned}"));
        numbers.push(format!("{bits} (i64.const 0)"));
    }
    let mut module = WideModule::default();
    for (at, second) in numbers.iter().enumerate() {
        if operands == 2 {
            module.uses(&format!("{second} {name}"));
        } else {
            for (other, first) in numbers.iter().enumerate() {
                // All pairs of sources, but all uses only for some of them.
                let operator = format!("{first} {second} {name}");
                if at == other || at.min(other) < 2 {
                    module.uses(&operator);
                } else {
                    module.store(&operator);
                }
            }
        }
        module.export(at);
    }
    format!("(module (memory 1)\n{})", module.text)
}

#[derive(Default)]
struct WideModule {
    text: String,
    /// Number of functions that no exported function calls yet.
    open: usize,
    /// Number of functions.
    functions: usize,
}

impl WideModule {
    /// A function that stores the two words that `code` pushes, each in bytes of its own.
    fn store(&mut self, code: &str) {
        let address = self.open.saturating_mul(16);
        let _ = writeln!(
            self.text,
            "(func $f{} (param i64 i64) (local $l i64) (local $h i64) \
             {code} local.set $h local.set $l \
             (i64.store offset={address} (i32.const 0) (local.get $l)) \
             (i64.store offset={address} (i32.const 8) (local.get $h)))",
            self.functions
        );
        self.open = self.open.saturating_add(1);
        self.functions = self.functions.saturating_add(1);
    }

    /// The same for code that pushes one word.
    fn store_one(&mut self, code: &str) {
        self.store(&format!("{code} (i64.const 7)"));
    }

    fn export(&mut self, number: usize) {
        let _ = writeln!(self.text, "(func (export \"{number}\") (param i64 i64)");
        let open = std::mem::take(&mut self.open);
        for function in self.functions.saturating_sub(open)..self.functions {
            let _ = writeln!(self.text, "(call $f{function} (local.get 0) (local.get 1))");
        }
        self.text.push_str(")\n");
    }

    fn uses(&mut self, operator: &str) {
        self.store(operator);
        for rest in USES {
            self.store_one(&format!("{operator} {rest}"));
        }
        self.store_one(&format!(
            "(local.set $l (i64.const 5)) local.get $l {operator} \
             local.set $h local.set $l local.get $l i64.sub local.get $h i64.sub"
        ));
        for rest in THEN {
            self.store(&format!("{operator} {rest}"));
        }
        for first in BEFORE {
            self.store(&format!("{first} {operator} i64.add128"));
        }
        self.store(&format!("{CARRY} {operator} i64.add128 {CARRY} i64.add128"));
    }
}
