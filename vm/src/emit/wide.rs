//! Lowers wide arithmetic to added functions, for engines and decoders that lack it.
//!
//! A function of the MVP has one result, so each of these returns the low word of its result and
//! leaves the high word in the global `$high`, which the caller reads right after the call. They
//! neither trap nor charge gas, so gas is that of the operator.

use super::indices::WideIndices;
use crate::opcode::Opcode;
use wasm_encoder::{Function, Instruction as I, ValType};

/// Bits of the low half of a word.
const HALF: i64 = 0xffff_ffff;

/// The functions, in the order of their indices.
pub(super) fn functions(indices: &WideIndices) -> [Function; 4] {
    [
        add(indices.high),
        subtract(indices.high),
        multiply_signed(indices),
        multiply(indices.high),
    ]
}

/// The function that replaces an operator, relative to the first one.
pub(super) const fn position(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::I64Add128 => 0,
        Opcode::I64Sub128 => 1,
        Opcode::I64MulWideS => 2,
        _ => 3,
    }
}

/// `(low, high, low, high)`: the sum; a carry makes its low word less than that of the first one.
fn add(high: u32) -> Function {
    written(
        0,
        &[
            I::LocalGet(0),
            I::LocalGet(2),
            I::I64Add,
            I::LocalTee(2),
            I::LocalGet(1),
            I::LocalGet(3),
            I::I64Add,
            I::LocalGet(2),
            I::LocalGet(0),
            I::I64LtU,
            I::I64ExtendI32U,
            I::I64Add,
            I::GlobalSet(high),
            I::End,
        ],
    )
}

/// `(low, high, low, high)`: the difference; a low word less than the subtracted one borrows.
fn subtract(high: u32) -> Function {
    written(
        0,
        &[
            I::LocalGet(0),
            I::LocalGet(2),
            I::I64Sub,
            I::LocalGet(1),
            I::LocalGet(3),
            I::I64Sub,
            I::LocalGet(0),
            I::LocalGet(2),
            I::I64LtU,
            I::I64ExtendI32U,
            I::I64Sub,
            I::GlobalSet(high),
            I::End,
        ],
    )
}

/// `(a, b)`: the unsigned product, from products of halves. With m = high(a) * low(b) + carry of
/// low(a) * low(b), which fits a word, the high word is high(a) * high(b) + high(m) + the high half
/// of low(a) * high(b) + low(m), which fits a word too.
fn multiply(high: u32) -> Function {
    /// Local m.
    const MIDDLE: u32 = 2;
    let halves = |local: u32| {
        [
            [I::LocalGet(local), I::I64Const(HALF), I::I64And],
            [I::LocalGet(local), I::I64Const(32), I::I64ShrU],
        ]
    };
    let ([a_low, a_high], [b_low, b_high], [m_low, m_high]) =
        (halves(0), halves(1), halves(MIDDLE));
    let parts: [&[I<'_>]; 15] = [
        &a_high,
        &b_low,
        &[I::I64Mul],
        &a_low,
        &b_low,
        &[I::I64Mul, I::I64Const(32), I::I64ShrU, I::I64Add],
        &[I::LocalSet(MIDDLE)],
        &a_high,
        &b_high,
        &[I::I64Mul],
        &m_high,
        &[I::I64Add],
        &a_low,
        &b_high,
        &[I::I64Mul],
    ];
    let rest: [&[I<'_>]; 3] = [
        &m_low,
        &[
            I::I64Add,
            I::I64Const(32),
            I::I64ShrU,
            I::I64Add,
            I::GlobalSet(high),
        ],
        &[I::LocalGet(0), I::LocalGet(1), I::I64Mul, I::End],
    ];
    written(1, &[parts.concat(), rest.concat()].concat())
}

/// `(a, b)`: the signed product: from the unsigned high word, b is subtracted if a is negative, and
/// a if b is.
fn multiply_signed(indices: &WideIndices) -> Function {
    let high = indices.high;
    let correction = |sign: u32, other: u32| {
        [
            I::LocalGet(sign),
            I::I64Const(63),
            I::I64ShrS,
            I::LocalGet(other),
            I::I64And,
            I::I64Sub,
        ]
    };
    let multiply = indices.function(Opcode::I64MulWideU);
    let parts: [&[I<'_>]; 4] = [
        &[
            I::LocalGet(0),
            I::LocalGet(1),
            I::Call(multiply),
            I::GlobalGet(high),
        ],
        &correction(0, 1),
        &correction(1, 0),
        &[I::GlobalSet(high), I::End],
    ];
    written(0, &parts.concat())
}

/// A function with this number of locals besides its parameters.
fn written(locals: u32, instructions: &[I<'_>]) -> Function {
    let groups = (locals > 0).then_some((locals, ValType::I64));
    let mut function = Function::new(groups);
    for instruction in instructions {
        function.instruction(instruction);
    }
    function
}
