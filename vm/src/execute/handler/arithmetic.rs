//! Handlers of arithmetic, copies and selects, on slots, accumulator and immediates.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::{ABSENT, kinds};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::exit;
use crate::translate::integer::{BinaryOperator, UnaryOperator, Word};
use crate::translate::{form, layout::OperandKinds};
use crate::trap::Trap;
use std::hint::{select_unpredictable, unreachable_unchecked};
use std::marker::PhantomData;

/// The result of an operator that cannot trap.
///
/// # Safety
/// `O` is not a division.
#[inline(always)]
pub(super) unsafe fn pure<O: BinaryOperator>(left: O::W, right: O::W) -> u64 {
    match O::apply(left, right) {
        Some(value) => value,
        None => unreachable_unchecked(),
    }
}

/// See [`form::Binary`].
pub(in crate::execute) struct Binary<O, const A: u8, const B: u8, const TO_SLOT: bool>(
    PhantomData<O>,
);

impl<O: BinaryOperator, const A: u8, const B: u8, const TO_SLOT: bool> Operation
    for Binary<O, A, B, TO_SLOT>
{
    // SAFETY: every slot comes from `Translator::binary`, which gets it from `local_slot` and
    // `stack_slot`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Binary::of(kinds(A, B, ABSENT).wide(O::WIDE)) };
        let a = O::W::from_bits(r.operand::<A, _>(f.a));
        let b = O::W::from_bits(r.operand::<B, _>(f.b));
        match O::apply(a, b) {
            Some(value) => r.result::<D, TO_SLOT>(f.d, f.cells, value),
            None if b.is_zero() => r.leave::<{ exit::of_trap(Trap::IntegerDivideByZero) }>(),
            None => r.leave::<{ exit::of_trap(Trap::IntegerOverflow) }>(),
        }
    }
}

/// See [`form::Unary`].
pub(in crate::execute) struct Unary<O, const A: u8, const TO_SLOT: bool>(PhantomData<O>);

impl<O: UnaryOperator, const A: u8, const TO_SLOT: bool> Operation for Unary<O, A, TO_SLOT> {
    // SAFETY: the slots are what `Translator::unary` took from `local_slot` and `stack_slot`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Unary::of(kinds(A, ABSENT, ABSENT)) };
        let value = O::apply(r.operand::<A, _>(f.a));
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}

/// See [`form::BinaryBinary`].
pub(in crate::execute) struct BinaryBinary<
    O,
    P,
    const A: u8,
    const B: u8,
    const C: u8,
    const TO_SLOT: bool,
>(PhantomData<(O, P)>);

impl<O, P, const A: u8, const B: u8, const C: u8, const TO_SLOT: bool> Operation
    for BinaryBinary<O, P, A, B, C, TO_SLOT>
where
    O: BinaryOperator,
    P: BinaryOperator,
{
    // SAFETY: `Translator::fuse_binary` moves the slots of two instructions; `can_fuse_binary`
    // lists no division, as `pure` requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::BinaryBinary::of(kinds(A, B, C)) };
        let a = O::W::from_bits(r.operand::<A, _>(f.a));
        let b = O::W::from_bits(r.operand::<B, _>(f.b));
        let c = P::W::from_bits(r.operand::<C, _>(f.c));
        let value = pure::<P>(P::W::from_bits(pure::<O>(a, b)), c);
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}

/// See [`form::AddAdd`].
pub(in crate::execute) struct AddAdd;

impl Operation for AddAdd {
    // SAFETY: `Translator::fuse_two_additions` moves the slots of two instructions.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::AddAdd::of(OperandKinds::NONE) };
        let first = u32::from_bits(r.get(f.a)).wrapping_add(r.number(f.i));
        r.put(f.d, u64::from(first));
        let second = u32::from_bits(r.get(f.a2)).wrapping_add(r.number(f.i2));
        r.put(f.d2, u64::from(second));
        r.go::<D>(f.cells, u64::from(second))
    }
}

// Copies do not change the accumulator: the translator relies on it.

/// See [`form::CopySlot`].
pub(in crate::execute) struct CopySlot;

impl Operation for CopySlot {
    // SAFETY: all callers of `Translator::copy_slot` pass slots of this frame.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopySlot::of(OperandKinds::NONE) };
        r.put(f.d, r.get(f.a));
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::CopyTwoSlots`]; the second may read what the first wrote.
pub(in crate::execute) struct CopyTwoSlots;

impl Operation for CopyTwoSlots {
    // SAFETY: `Translator::copy_with_last` moves the slots of two copies.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopyTwoSlots::of(OperandKinds::NONE) };
        r.put(f.d, r.get(f.a));
        r.put(f.d2, r.get(f.a2));
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::CopyAcc`].
pub(in crate::execute) struct CopyAcc;

impl Operation for CopyAcc {
    // SAFETY: all callers of `Translator::copy_acc` pass a slot of this frame.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopyAcc::of(OperandKinds::NONE) };
        r.put(f.d, r.acc);
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::CopyImmediate`].
pub(in crate::execute) struct CopyImmediate;

impl Operation for CopyImmediate {
    // SAFETY: all callers of `Translator::copy_immediate` pass a slot of this frame.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopyImmediate::of(OperandKinds::NONE) };
        r.put(f.d, r.number(f.i));
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::CopyTwoImmediates`].
pub(in crate::execute) struct CopyTwoImmediates;

impl Operation for CopyTwoImmediates {
    // SAFETY: `Translator::copy_immediate` moves the slots of two instructions.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopyTwoImmediates::of(OperandKinds::NONE) };
        r.put(f.d, u64::from(r.number(f.i)));
        r.put(f.d2, u64::from(r.number(f.i2)));
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::Select`].
pub(in crate::execute) struct Select<const C: u8, const TO_SLOT: bool>;

impl<const C: u8, const TO_SLOT: bool> Operation for Select<C, TO_SLOT> {
    // SAFETY: `Translator::select` has moved both values to slots of this frame.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Select::of(kinds(C, ABSENT, ABSENT)) };
        let condition = u32::from_bits(r.operand::<C, _>(f.c));
        let value = select_unpredictable(condition != 0, r.get(f.a), r.get(f.b));
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}

/// See [`form::CompareSelect`].
pub(in crate::execute) struct CompareSelect<O, const A: u8, const B: u8, const TO_SLOT: bool>(
    PhantomData<O>,
);

impl<O: BinaryOperator, const A: u8, const B: u8, const TO_SLOT: bool> Operation
    for CompareSelect<O, A, B, TO_SLOT>
{
    // SAFETY: as for `Select`; `take_back_compare` accepts only comparisons, as `pure` requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CompareSelect::of(kinds(A, B, ABSENT)) };
        let a = O::W::from_bits(r.operand::<A, _>(f.a));
        let b = O::W::from_bits(r.operand::<B, _>(f.b));
        let condition = pure::<O>(a, b) != 0;
        let value = select_unpredictable(condition, r.get(f.x), r.get(f.y));
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}
