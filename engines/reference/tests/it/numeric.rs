//! Compares every integer operator with a model in exact arithmetic, over a table of edge cases.

use crate::{PLENTY, Program};
use vm::Trap;
use vm::unstable::execution::{Stop, Value};
use vm::unstable::opcode::{Row, TABLE};

/// Operands; an `i32` operator takes the low half.
const EDGES: &[i64] = &[
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    31,
    32,
    33,
    63,
    64,
    65,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i32::MIN as i64,
    0x0123_4567_89ab_cdef,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
];

/// True for integer operators, by their encoding in WebAssembly's "Index of Instructions".
fn is_numeric(row: &Row) -> bool {
    matches!(row.encoding, 0x45..=0x5a | 0x67..=0x8a | 0xa7 | 0xac | 0xad | 0xc0..=0xc4)
}

/// A two's complement integer of `width` bits.
#[derive(Clone, Copy)]
struct Word {
    width: u32,
    bits: u128,
}

impl Word {
    fn new(width: u32, value: i128) -> Self {
        Self {
            width,
            bits: value.rem_euclid(1 << width) as u128,
        }
    }

    fn unsigned(self) -> i128 {
        self.bits as i128
    }

    fn signed(self) -> i128 {
        let half = 1 << (self.width - 1);
        if self.unsigned() >= half {
            self.unsigned() - 2 * half
        } else {
            self.unsigned()
        }
    }

    /// Bit `index`, counted from the lowest.
    fn bit(self, index: u32) -> bool {
        self.bits / (1 << index) % 2 == 1
    }

    fn of_bits(width: u32, bit: impl Fn(u32) -> bool) -> i128 {
        (0..width)
            .map(|index| if bit(index) { 1_i128 << index } else { 0 })
            .sum()
    }
}

/// The result of the operator `name`, to be taken modulo its width.
fn model(name: &str, left: Word, right: Word) -> Result<i128, Trap> {
    let width = left.width;
    let (a, b, sa, sb) = (
        left.unsigned(),
        right.unsigned(),
        left.signed(),
        right.signed(),
    );
    let count = (b % i128::from(width)) as u32;
    let divisor = |value: i128| {
        if value == 0 {
            Err(Trap::IntegerDivideByZero)
        } else {
            Ok(value)
        }
    };
    let extend = |bits: u32| Word::new(bits, left.unsigned()).signed();
    Ok(match name {
        "eqz" => i128::from(a == 0),
        "eq" => i128::from(a == b),
        "ne" => i128::from(a != b),
        "lt_s" => i128::from(sa < sb),
        "lt_u" => i128::from(a < b),
        "gt_s" => i128::from(sa > sb),
        "gt_u" => i128::from(a > b),
        "le_s" => i128::from(sa <= sb),
        "le_u" => i128::from(a <= b),
        "ge_s" => i128::from(sa >= sb),
        "ge_u" => i128::from(a >= b),
        "clz" => (0..width)
            .rev()
            .take_while(|index| !left.bit(*index))
            .count() as i128,
        "ctz" => (0..width).take_while(|index| !left.bit(*index)).count() as i128,
        "popcnt" => (0..width).filter(|index| left.bit(*index)).count() as i128,
        "add" => a + b,
        "sub" => a - b,
        "mul" => sa * sb,
        "div_s" => {
            let quotient = sa / divisor(sb)?;
            if quotient == 1 << (width - 1) {
                return Err(Trap::IntegerOverflow);
            }
            quotient
        }
        "div_u" => a / divisor(b)?,
        "rem_s" => sa % divisor(sb)?,
        "rem_u" => a % divisor(b)?,
        "and" => Word::of_bits(width, |index| left.bit(index) && right.bit(index)),
        "or" => Word::of_bits(width, |index| left.bit(index) || right.bit(index)),
        "xor" => Word::of_bits(width, |index| left.bit(index) != right.bit(index)),
        "shl" => Word::of_bits(width, |index| index >= count && left.bit(index - count)),
        "shr_u" => Word::of_bits(width, |index| {
            index + count < width && left.bit(index + count)
        }),
        "shr_s" => Word::of_bits(width, |index| left.bit((index + count).min(width - 1))),
        "rotl" => Word::of_bits(width, |index| left.bit((index + width - count) % width)),
        "rotr" => Word::of_bits(width, |index| left.bit((index + count) % width)),
        "wrap_i64" | "extend_i32_u" => a,
        "extend_i32_s" => sa,
        "extend8_s" => extend(8),
        "extend16_s" => extend(16),
        "extend32_s" => extend(32),
        other => panic!("{other} has no model"),
    })
}

/// Operator, width of its operands, width of its result, number of operands.
fn shape(row: &Row) -> (&'static str, u32, u32, usize) {
    let (own, name) = row.name.split_once('.').unwrap();
    let own = if own == "i32" { 32 } else { 64 };
    let operand = match name {
        "wrap_i64" => 64,
        "extend_i32_s" | "extend_i32_u" => 32,
        _ => own,
    };
    let test = matches!(name, "eqz" | "eq" | "ne")
        || ["lt_", "gt_", "le_", "ge_"]
            .iter()
            .any(|comparison| name.starts_with(comparison));
    let unary =
        matches!(name, "eqz" | "clz" | "ctz" | "popcnt" | "wrap_i64") || name.starts_with("extend");
    (
        name,
        operand,
        if test { 32 } else { own },
        if unary { 1 } else { 2 },
    )
}

fn value(width: u32, value: i128) -> Value {
    let bits = Word::new(width, value).unsigned();
    if width == 32 {
        Value::I32(bits as u32 as i32)
    } else {
        Value::I64(bits as u64 as i64)
    }
}

fn program(row: &Row) -> Program {
    let (_, operand, result, operands) = shape(row);
    let parameters = format!("i{operand} ").repeat(operands);
    let gets: String = (0..operands)
        .map(|index| format!("(local.get {index})"))
        .collect();
    Program::of_text(&format!(
        r#"(module (func (export "f") (param {parameters}) (result i{result}) ({} {gets})))"#,
        row.name
    ))
}

#[test]
fn every_integer_operator_agrees_with_exact_arithmetic() {
    let rows: Vec<&Row> = TABLE.iter().filter(|row| is_numeric(row)).collect();
    assert_eq!(rows.len(), 66);
    for row in rows {
        let (name, operand, result, operands) = shape(row);
        let program = program(row);
        for left in EDGES {
            let rights = if operands == 2 { EDGES } else { &[0] };
            for right in rights {
                let (left, right) = (i128::from(*left), i128::from(*right));
                let expected = model(name, Word::new(operand, left), Word::new(operand, right));
                let expected = match expected {
                    Ok(exact) => Stop::Return(Some(value(result, exact))),
                    Err(trap) => Stop::Trap(trap),
                };
                let arguments = [value(operand, left), value(operand, right)];
                let invocation = program.invocation("f", &arguments[..operands], PLENTY);
                let run = program.run_on(&reference::Reference::new(), invocation);
                assert_eq!(run.stop, expected, "{} {left:#x} {right:#x}", row.name);
            }
        }
    }
}

/// Explicit cases that a model could have wrong in the same way as the code.
#[test]
fn known_answers() {
    let least = i64::from(i32::MIN);
    let known: &[(&str, i64, i64, i64)] = &[
        ("i32.rem_s", least, -1, 0),
        ("i64.rem_s", i64::MIN, -1, 0),
        ("i32.div_s", -7, 2, -3),
        ("i32.rem_s", -7, 2, -1),
        ("i32.div_u", -1, 2, 0x7fff_ffff),
        ("i32.shl", 1, 33, 2),
        ("i32.shr_s", least, 31, -1),
        ("i32.shr_u", least, 31, 1),
        ("i64.shl", 1, 65, 2),
        ("i64.rotl", i64::MIN, 1, 1),
        ("i32.rotr", 1, 32, 1),
        ("i32.clz", 0, 0, 32),
        ("i64.ctz", 0, 0, 64),
        ("i32.extend8_s", 0x80, 0, -128),
        ("i64.extend32_s", 0x8000_0000, 0, least),
        ("i64.extend_i32_u", -1, 0, 0xffff_ffff),
        ("i32.wrap_i64", 0x1_0000_0005, 0, 5),
    ];
    for (name, left, right, returned) in known {
        let row = TABLE.iter().find(|row| row.name == *name).unwrap();
        let (_, operand, result, operands) = shape(row);
        let arguments = [*left, *right].map(|bits| value(operand, i128::from(bits)));
        let expected = Stop::Return(Some(value(result, i128::from(*returned))));
        assert_eq!(
            program(row).value(&arguments[..operands]),
            expected,
            "{name}"
        );
    }
}
