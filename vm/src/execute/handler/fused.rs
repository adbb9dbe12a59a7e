//! Handlers of fused instructions that are frequent in profiles: stored values, copies before a
//! branch, updates of the stack pointer, 128-bit multiplication.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::arithmetic::pure;
use super::call::{CALL, call};
use super::memory::{OUT_OF_BOUNDS, check, global, outside, read, write_bytes};
use super::{ABSENT, kinds};
use crate::execute::dispatch::{Dispatch, Operation, Registers, header};
use crate::limits::STACK_SLOTS_MAX;
use crate::translate::form;
use crate::translate::fusion::LoadOperator;
use crate::translate::integer::{BinaryOperator, Word};
use crate::translate::layout::OperandKinds;
use std::marker::PhantomData;

/// See [`form::BinaryStore`]; the value goes to the accumulator too.
pub(in crate::execute) struct BinaryStore<
    O,
    const SIZE: usize,
    const X: u8,
    const Y: u8,
    const TO_SLOT: bool,
>(PhantomData<O>);

impl<O: BinaryOperator, const SIZE: usize, const X: u8, const Y: u8, const TO_SLOT: bool> Operation
    for BinaryStore<O, SIZE, X, Y, TO_SLOT>
{
    // SAFETY: `outside` comes before `write_bytes`; `can_fuse_store` lists no division, as `pure`
    // requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::BinaryStore::of(kinds(X, Y, ABSENT)) };
        let x = O::W::from_bits(r.operand::<X, _>(f.x));
        let y = O::W::from_bits(r.operand::<Y, _>(f.y));
        let value = pure::<O>(x, y);
        r.keep::<TO_SLOT>(f.d, value);
        let base = u64::from(u32::from_bits(r.get(f.a)));
        let address = base.wrapping_add(u64::from(r.number(f.offset)));
        if outside::<SIZE>(r, address) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        write_bytes::<SIZE>(r, address, value);
        r.go::<D>(f.cells, value)
    }
}

/// See [`form::LoadStore`].
pub(in crate::execute) struct LoadStore<T, const SIZE: usize>(PhantomData<T>);

impl<T: LoadOperator, const SIZE: usize> Operation for LoadStore<T, SIZE> {
    // SAFETY: `check` comes before `read`, `outside` before `write_bytes`; the second cell belongs
    // to this instruction.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::LoadStore::of(OperandKinds::NONE) };
        let base = u64::from(u32::from_bits(r.get(f.a)));
        let address = base.wrapping_add(u64::from(r.number(f.offset)));
        if check::<T>(r, address) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        let value = read::<T>(r, address);
        let base = u64::from(u32::from_bits(r.get(f.b)));
        let address = base.wrapping_add(u64::from(r.number(f.offset2)));
        if outside::<SIZE>(r, address) {
            // The trap site of the store is the second cell.
            let ip = r.ip.add(1);
            return Registers { ip, ..r }.leave::<OUT_OF_BOUNDS>();
        }
        write_bytes::<SIZE>(r, address, value);
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::CopyFourSlots`]; the copies are made in order.
pub(in crate::execute) struct CopyFourSlots;

impl Operation for CopyFourSlots {
    // SAFETY: `Translator::copy_with_last` moves the slots of up to four copies.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopyFourSlots::of(OperandKinds::NONE) };
        r.put(f.d, r.get(f.a));
        r.put(f.d2, r.get(f.a2));
        r.put(f.d3, r.get(f.a3));
        r.put(f.d4, r.get(f.a4));
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::CopyBranch`].
pub(in crate::execute) struct CopyBranch;

impl Operation for CopyBranch {
    // SAFETY: as for `CopySlot` and `Branch`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CopyBranch::of(OperandKinds::NONE) };
        r.put(f.d, r.get(f.a));
        r.enter_block::<D>(r.cost(f.cost), r.target(f.target))
    }
}

/// See [`form::GlobalAdd`].
pub(in crate::execute) struct GlobalAdd<const A: u8, const TO_SLOT: bool>;

impl<const A: u8, const TO_SLOT: bool> Operation for GlobalAdd<A, TO_SLOT> {
    // SAFETY: `check` proved the index of the global, see `global`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::GlobalAdd::of(kinds(A, ABSENT, ABSENT)) };
        let global = global(r, f.global);
        let a = u32::from_bits(if A == ABSENT {
            global.read()
        } else {
            r.operand::<A, _>(f.a)
        });
        let value = u64::from(a.wrapping_add(r.number(f.i)));
        global.write(value);
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}

/// See [`form::CallMultiply`]: a call of `__multi3`, whose parameters are an address and two
/// numbers of two words, low word first.
///
/// If stack, gas or memory do not suffice, or the function was not entered yet in this contract
/// frame, calls it.
pub(in crate::execute) struct CallMultiply;

impl Operation for CallMultiply {
    // SAFETY: as for `Call`; `is_multi3` has checked the signature, so the frame of the callee has
    // five parameters, and `outside` comes before the writes.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let code = r.code(CALL.function);
        let callee = header(code);
        let charge = callee.charge;
        let weight = r.get(CALL.weight).wrapping_add(u64::from(callee.weight));
        // In overdraft the register is negative before, and so after.
        let cost = if D::METERED {
            charge.wrapping_add(r.cost(CALL.cost))
        } else {
            0
        };
        let gas = r.gas.wrapping_sub(cost.cast_signed());
        let slots = r.slot(CALL.frame);
        let address = u64::from(u32::from_bits(slots.read()));
        let above = address.wrapping_add(8);
        let suffices = weight <= u64::from(STACK_SLOTS_MAX) && gas >= 0;
        // The price of a stub is 0.
        if charge == 0 || !suffices || outside::<8>(r, above) {
            return call::<D>(r, code);
        }
        let (a_low, a_high) = (slots.add(1).read(), slots.add(2).read());
        let (b_low, b_high) = (slots.add(3).read(), slots.add(4).read());
        let (low, carried) = a_low.widening(b_low);
        let cross = a_low
            .wrapping_mul(b_high)
            .wrapping_add(a_high.wrapping_mul(b_low));
        write_bytes::<8>(r, address, low);
        write_bytes::<8>(r, above, carried.wrapping_add(cross));
        let ip = r.ip.add(CALL.cells);
        D::next(Registers { ip, gas, ..r })
    }
}

/// The product of two words as two words, low word first.
trait Widening: Sized {
    fn widening(self, other: Self) -> (Self, Self);
}

impl Widening for u64 {
    #[inline(always)]
    #[expect(clippy::as_conversions, reason = "truncation is the definition")]
    fn widening(self, other: Self) -> (Self, Self) {
        let product = u128::from(self).wrapping_mul(u128::from(other));
        (product as Self, (product >> 64) as Self)
    }
}
