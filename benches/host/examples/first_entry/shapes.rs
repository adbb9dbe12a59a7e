//! The modules: each represents a kind of code whose translation or loading takes time.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "small counts of what the texts contain"
)]

use std::fmt::Write as _;

/// A module whose functions are all defined.
pub(crate) struct Shape {
    /// Name in the table.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) wasm: Vec<u8>,
}

/// Operators of a body, about.
const OPERATORS: usize = 30_000;
/// Targets of a `br_table`, as many as a version 1 allows.
const TARGETS: usize = 1_024;
/// Branch tables of a module.
const TABLES: usize = 63;
/// Nesting of blocks.
const NESTING: usize = 1_000;

fn shape(name: &str, text: &str) -> Shape {
    let wasm = wat::parse_str(text);
    Shape {
        name: name.to_owned(),
        wasm: wasm.unwrap_or_else(|error| panic!("{name}: {error}")),
    }
}

/// One function with `part` again and again, which has `operators` operators.
fn repeated(name: &str, head: &str, part: &str, operators: usize) -> Shape {
    closed(name, head, part, operators, "")
}

/// The same, with `tail` after it.
fn closed(name: &str, head: &str, part: &str, operators: usize, tail: &str) -> Shape {
    let body = part.repeat(OPERATORS / operators);
    shape(name, &format!("(module {head} {body} {tail}))"))
}

/// A module of `count` functions.
fn many(name: &str, count: usize, function: &str) -> Shape {
    shape(name, &format!("(module {})", function.repeat(count)))
}

/// Every module.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut shapes = straight();
    shapes.extend(branches());
    shapes.extend(others());
    shapes.extend(exports());
    shapes
}

/// Straight code.
fn straight() -> Vec<Shape> {
    vec![
        repeated("nop", "(func", "nop ", 1),
        repeated(
            "local.get, drop",
            "(func (param i32)",
            "local.get 0 drop ",
            2,
        ),
        closed(
            "a sum in the accumulator",
            "(func (param i64 i64) local.get 0",
            "local.get 1 i64.add ",
            2,
            "drop",
        ),
        repeated(
            "64-bit constants",
            "(func (param i64)",
            "i64.const -9000000000000000 local.set 0 ",
            2,
        ),
        repeated(
            "locals changed while they are read",
            "(func (param i32)",
            &format!(
                "{} i32.const 1 local.set 0 {}",
                "local.get 0 ".repeat(60),
                "drop ".repeat(60)
            ),
            122,
        ),
        repeated(
            "loads and stores",
            "(memory 1) (func (param i32)",
            "local.get 0 local.get 0 i64.load offset=8 i64.store ",
            4,
        ),
        repeated(
            "divisions",
            "(func (param i32)",
            "local.get 0 local.get 0 i32.div_u local.set 0 ",
            4,
        ),
        repeated(
            "products of two words",
            "(func (param i64)",
            "local.get 0 local.get 0 i64.mul_wide_u local.set 0 local.set 0 ",
            5,
        ),
    ]
}

/// Branches and calls.
fn branches() -> Vec<Shape> {
    vec![
        repeated(
            "loops",
            "(func (param i32)",
            "loop local.get 0 br_if 0 end ",
            4,
        ),
        repeated(
            "if, else",
            "(func (param i32)",
            "local.get 0 if else end ",
            4,
        ),
        closed(
            "br_if that carries a value",
            "(func (param i32) block (result i32) i32.const 1",
            "i32.const 2 local.get 0 br_if 0 drop ",
            4,
            "end drop",
        ),
        repeated(
            "br_table of one label",
            "(func (param i32)",
            "block local.get 0 br_table 0 end ",
            4,
        ),
        repeated(
            "br_table that returns",
            "(func (param i32)",
            "block local.get 0 br_table 1 end ",
            4,
        ),
        repeated(
            "br_table of one label with a value",
            "(func (param i32)",
            "block (result i32) i32.const 1 i32.const 2 local.get 0 br_table 0 end drop ",
            7,
        ),
        calls(),
        repeated(
            "calls of a table",
            "(table 1 funcref) (func (param i32)",
            "local.get 0 call_indirect ",
            2,
        ),
        many_shapes(),
    ]
}

/// Branch tables in nested blocks, and many small items.
fn others() -> Vec<Shape> {
    vec![
        tables("br_table to one label", "", "", &"0 ".repeat(TARGETS)),
        tables(
            "br_table that carries a value past many blocks",
            "(result i32)",
            "i32.const 1 i32.const 2",
            &(0..TARGETS)
                .map(|depth| format!("{} ", depth % NESTING))
                .collect::<String>(),
        ),
        tables(
            "br_table out of many blocks",
            "",
            "",
            &(0..TARGETS)
                .map(|depth| format!("{} ", depth % NESTING))
                .collect::<String>(),
        ),
        many("10,000 empty functions", 10_000, "(func)"),
        many(
            "10,000 functions of a constant",
            10_000,
            "(func (result i32) i32.const 1)",
        ),
        many(
            "48 functions with 1,024 groups of locals",
            48,
            &format!("(func {})", "(local i32) (local i64)".repeat(512)),
        ),
        types(),
    ]
}

/// Calls with as many arguments as a function may have.
fn calls() -> Shape {
    let parameters = "i32 ".repeat(64);
    let arguments = "i32.const 7 ".repeat(64);
    let head = format!("(func $f (param {parameters})) (func");
    repeated(
        "calls with 64 arguments",
        &head,
        &format!("{arguments} call $f "),
        65,
    )
}

/// Operators in as many different forms as possible, so that no cache of handlers helps.
fn many_shapes() -> Shape {
    let mut part = String::new();
    let mut operators = 0;
    let names = [
        "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr",
    ];
    let compares = [
        "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u",
    ];
    for (word, local) in [("i32", 0), ("i64", 1)] {
        for first in names {
            for second in names {
                for operand in [
                    format!("{word}.const 77"),
                    format!("local.get {}", local + 2),
                ] {
                    // Writing to a string does not fail.
                    let _ = write!(
                        part,
                        "local.get {local} {operand} {word}.{first} {operand} {word}.{second}
                         local.set {local} "
                    );
                    operators += 6;
                }
            }
        }
        for compare in compares {
            for operand in [
                format!("{word}.const 77"),
                format!("local.get {}", local + 2),
            ] {
                let _ = write!(
                    part,
                    "block local.get {local} {operand} {word}.{compare} br_if 0 end
                     local.get {local} {operand} {word}.{compare} local.set 2 "
                );
                operators += 10;
            }
        }
    }
    repeated(
        "operators in many forms",
        "(func (param i32 i64 i32 i64)",
        &part,
        operators,
    )
}

/// Tables of branches inside nested blocks.
fn tables(name: &str, result: &str, before: &str, targets: &str) -> Shape {
    let open = format!("block {result} ").repeat(NESTING);
    let value = if result.is_empty() { "" } else { "drop" };
    let fill = if result.is_empty() { "" } else { "i32.const 3" };
    let table = format!("block {result} {before} local.get 0 br_table {targets} 0 end {value} ");
    let table = table.repeat(TABLES);
    let close = "end ".repeat(NESTING);
    shape(
        name,
        &format!("(module (func (param i32) {open} {table} {fill} {close} {value}))"),
    )
}

/// Types that are all different and as long as they may be.
fn types() -> Shape {
    let types: String = (0..1_023_u32)
        .map(|number| {
            let of = |bit: u32| {
                if number >> bit & 1 == 0 {
                    "i32 "
                } else {
                    "i64 "
                }
            };
            let ends: String = (0..10).map(of).collect();
            format!("(type (func (param {} {ends})))", "i32 ".repeat(54))
        })
        .collect();
    shape("1,023 long types", &format!("(module {types} (func))"))
}

/// Modules with many small items of other kinds.
fn exports() -> [Shape; 3] {
    let exports: String = (0..256)
        .map(|number| format!(r#"(export "{number}" (func 0))"#))
        .collect();
    let globals = "(global i32 (i32.const 0))".repeat(256);
    [
        shape(
            "1,023 short types",
            &format!("(module {} (func))", "(type (func))".repeat(1_023)),
        ),
        shape("256 exports", &format!("(module (func) {exports})")),
        shape("256 globals", &format!("(module (func) {globals})")),
    ]
}
