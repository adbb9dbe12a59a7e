//! Handlers of arithmetic on 128 bits: the low word goes to a slot, the high word to the
//! accumulator.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::{ABSENT, kinds};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::translate::form;
use crate::translate::layout::{At, Destination, IsOperand, Write};
use crate::translate::wide::{number, product, signed_product, words};

/// Writes the low word, then continues with the high word as the result.
///
/// # Safety
/// As for `Registers::result`; `low` is a field with a slot of the frame.
#[inline(always)]
unsafe fn finish<D: Dispatch, const TO_SLOT: bool>(
    r: Registers,
    d: At<Destination>,
    low: At<Write>,
    cells: usize,
    result: u128,
) -> u64 {
    let (low_word, high_word) = words(result);
    r.put(low, low_word);
    r.result::<D, TO_SLOT>(d, cells, high_word)
}

/// The word of an operand, 0 if it is absent.
///
/// # Safety
/// As for `Registers::operand`.
#[inline(always)]
unsafe fn word<const KIND: u8, H: IsOperand>(r: Registers, at: At<H>) -> u64 {
    if KIND == ABSENT {
        return 0;
    }
    r.operand::<KIND, _>(at)
}

/// See [`form::MultiplyWide`] and [`form::MultiplyWideSigned`], which have the same fields.
pub(in crate::execute) struct MultiplyWide<
    const SIGNED: bool,
    const A: u8,
    const B: u8,
    const TO_SLOT: bool,
>;

impl<const SIGNED: bool, const A: u8, const B: u8, const TO_SLOT: bool> Operation
    for MultiplyWide<SIGNED, A, B, TO_SLOT>
{
    // SAFETY: `Translator::multiply_wide` takes the slots from `local_slot` and `stack_slot`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::MultiplyWide::of(kinds(A, B, ABSENT)) };
        let (a, b) = (r.operand::<A, _>(f.a), r.operand::<B, _>(f.b));
        let result = if SIGNED {
            signed_product(a, b)
        } else {
            product(a, b)
        };
        finish::<D, TO_SLOT>(r, f.d, f.low, f.cells, result)
    }
}

/// See [`form::MultiplyAdd`].
pub(in crate::execute) struct MultiplyAdd<
    const A: u8,
    const B: u8,
    const C: u8,
    const TO_SLOT: bool,
>;

impl<const A: u8, const B: u8, const C: u8, const TO_SLOT: bool> Operation
    for MultiplyAdd<A, B, C, TO_SLOT>
{
    // SAFETY: `Translator::fuse_product` moves the slots of two instructions.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::MultiplyAdd::of(kinds(A, B, C)) };
        let (a, b) = (r.operand::<A, _>(f.a), r.operand::<B, _>(f.b));
        let addend = number(r.get(f.x), word::<C, _>(r, f.y));
        let result = product(a, b).wrapping_add(addend);
        finish::<D, TO_SLOT>(r, f.d, f.low, f.cells, result)
    }
}

/// See [`form::MultiplyAddTwo`].
pub(in crate::execute) struct MultiplyAddTwo<
    const A: u8,
    const B: u8,
    const C: u8,
    const TO_SLOT: bool,
>;

impl<const A: u8, const B: u8, const C: u8, const TO_SLOT: bool> Operation
    for MultiplyAddTwo<A, B, C, TO_SLOT>
{
    // SAFETY: `Translator::fuse_product` moves the slots of three instructions.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::MultiplyAddTwo::of(kinds(A, B, C)) };
        let (a, b) = (r.operand::<A, _>(f.a), r.operand::<B, _>(f.b));
        let (x, y) = (u128::from(r.get(f.x)), u128::from(r.operand::<C, _>(f.y)));
        let result = product(a, b).wrapping_add(x).wrapping_add(y);
        finish::<D, TO_SLOT>(r, f.d, f.low, f.cells, result)
    }
}

/// See [`form::AddWide`] and [`form::SubtractWide`], which have the same fields.
pub(in crate::execute) struct AddWide<
    const SUBTRACT: bool,
    const A: u8,
    const B: u8,
    const C: u8,
    const TO_SLOT: bool,
>;

impl<const SUBTRACT: bool, const A: u8, const B: u8, const C: u8, const TO_SLOT: bool> Operation
    for AddWide<SUBTRACT, A, B, C, TO_SLOT>
{
    // SAFETY: `Translator::emit_sum` takes the slots from `local_slot` and `stack_slot`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::AddWide::of(kinds(A, B, C)) };
        let a = number(r.get(f.a), word::<A, _>(r, f.a2));
        let b = number(r.operand::<B, _>(f.b), word::<C, _>(r, f.b2));
        let result = if SUBTRACT {
            a.wrapping_sub(b)
        } else {
            a.wrapping_add(b)
        };
        finish::<D, TO_SLOT>(r, f.d, f.low, f.cells, result)
    }
}

/// See [`form::AddThree`].
pub(in crate::execute) struct AddThree<const A: u8, const TO_SLOT: bool>;

impl<const A: u8, const TO_SLOT: bool> Operation for AddThree<A, TO_SLOT> {
    // SAFETY: `Translator::fuse_sum` moves the slots of two instructions.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::AddThree::of(kinds(A, ABSENT, ABSENT)) };
        let words = [r.operand::<A, _>(f.a), r.get(f.b), r.get(f.c)];
        let [a, b, c] = words.map(u128::from);
        let result = a.wrapping_add(b).wrapping_add(c);
        finish::<D, TO_SLOT>(r, f.d, f.low, f.cells, result)
    }
}
