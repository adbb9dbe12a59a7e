//! Computes: operators on slots, accumulator and immediates, copies, selects.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::{ACC, IMM, SLOT};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::exit;
use crate::translate::integer::{BinaryOperator, UnaryOperator, Word};
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

/// `d@8`, first slot `@10`, second slot `@12`; immediate `u32@12`, or `u64@16` where operands are
/// wide.
pub(in crate::execute) struct Binary<O, const A: u8, const B: u8, const TO_SLOT: bool>(
    PhantomData<O>,
);

impl<O: BinaryOperator, const A: u8, const B: u8, const TO_SLOT: bool> Operation
    for Binary<O, A, B, TO_SLOT>
{
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let immediate = || {
            if O::WIDE {
                r.u64(16)
            } else {
                u64::from(r.u32(12))
            }
        };
        let a = O::W::from_bits(match A {
            SLOT => r.get(10),
            ACC => r.acc,
            _ => immediate(),
        });
        let b = O::W::from_bits(match B {
            SLOT => r.get(if A == SLOT { 12 } else { 10 }),
            ACC => r.acc,
            _ => immediate(),
        });
        let cells = if (A == IMM || B == IMM) && O::WIDE {
            3
        } else {
            2
        };
        match O::apply(a, b) {
            Some(value) => r.result::<D, TO_SLOT>(cells, value),
            None if b.is_zero() => r.leave::<{ exit::of_trap(Trap::IntegerDivideByZero) }>(),
            None => r.leave::<{ exit::of_trap(Trap::IntegerOverflow) }>(),
        }
    }
}

/// `d@8 a@10`
pub(in crate::execute) struct Unary<O, const A: u8, const TO_SLOT: bool>(PhantomData<O>);

impl<O: UnaryOperator, const A: u8, const TO_SLOT: bool> Operation for Unary<O, A, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let a = if A == SLOT { r.get(10) } else { r.acc };
        r.result::<D, TO_SLOT>(2, O::apply(a))
    }
}

/// `d@8 a@10 b@12 c@14`, immediates `u64@16`, b's first.
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
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let a = O::W::from_bits(if A == SLOT { r.get(10) } else { r.acc });
        let b = O::W::from_bits(if B == SLOT { r.get(12) } else { r.u64(16) });
        let c = P::W::from_bits(match (C, B) {
            (SLOT, _) => r.get(14),
            (_, IMM) => r.u64(24),
            _ => r.u64(16),
        });
        let value = pure::<P>(P::W::from_bits(pure::<O>(a, b)), c);
        let cells = match (B == IMM, C == IMM) {
            (true, true) => 4,
            (false, false) => 2,
            _ => 3,
        };
        r.result::<D, TO_SLOT>(cells, value)
    }
}

/// `d@8 a@10 d2@12 a2@14 i@16 i2@20`, 32 bits.
pub(in crate::execute) struct AddAdd;

impl Operation for AddAdd {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let first = u32::from_bits(r.get(10)).wrapping_add(r.u32(16));
        r.put(8, u64::from(first));
        let second = u32::from_bits(r.get(14)).wrapping_add(r.u32(20));
        r.put(12, u64::from(second));
        r.go::<D>(3, u64::from(second))
    }
}

// Copies leave the accumulator alone: the translator counts on it.

/// `d@8 a@10`
pub(in crate::execute) struct CopySlot;

impl Operation for CopySlot {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(8, r.get(10));
        r.go::<D>(2, r.acc)
    }
}

/// `d@8 a@10 d2@12 a2@14`; the second may read what the first wrote.
pub(in crate::execute) struct CopyTwoSlots;

impl Operation for CopyTwoSlots {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(8, r.get(10));
        r.put(12, r.get(14));
        r.go::<D>(2, r.acc)
    }
}

/// `d@8`
pub(in crate::execute) struct CopyAcc;

impl Operation for CopyAcc {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(8, r.acc);
        r.go::<D>(2, r.acc)
    }
}

/// `d@8 i@16`
pub(in crate::execute) struct CopyImmediate;

impl Operation for CopyImmediate {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(8, r.u64(16));
        r.go::<D>(3, r.acc)
    }
}

/// `d@8 d2@10 i@16 i2@20`
pub(in crate::execute) struct CopyTwoImmediates;

impl Operation for CopyTwoImmediates {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(8, u64::from(r.u32(16)));
        r.put(10, u64::from(r.u32(20)));
        r.go::<D>(3, r.acc)
    }
}

/// `d@8 condition@10 a@12 b@14`
pub(in crate::execute) struct Select<const C: u8, const TO_SLOT: bool>;

impl<const C: u8, const TO_SLOT: bool> Operation for Select<C, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let condition = u32::from_bits(if C == SLOT { r.get(10) } else { r.acc });
        let value = select_unpredictable(condition != 0, r.get(12), r.get(14));
        r.result::<D, TO_SLOT>(2, value)
    }
}

/// `d@8 a@10 b@12 x@14 y@16`, immediate b `u64@24`.
pub(in crate::execute) struct CompareSelect<O, const A: u8, const B: u8, const TO_SLOT: bool>(
    PhantomData<O>,
);

impl<O: BinaryOperator, const A: u8, const B: u8, const TO_SLOT: bool> Operation
    for CompareSelect<O, A, B, TO_SLOT>
{
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let a = O::W::from_bits(if A == SLOT { r.get(10) } else { r.acc });
        let b = O::W::from_bits(match B {
            SLOT => r.get(12),
            ACC => r.acc,
            _ => r.u64(24),
        });
        let holds = pure::<O>(a, b) != 0;
        let value = select_unpredictable(holds, r.get(14), r.get(16));
        r.result::<D, TO_SLOT>(4, value)
    }
}
