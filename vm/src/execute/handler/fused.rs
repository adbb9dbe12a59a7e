//! Does at once what profiles show one after the other: values that are stored, copies before a
//! branch, the stack pointer of a frame, the product of two words.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::arithmetic::pure;
use super::call::{CALL_CELLS, call};
use super::memory::{OUT_OF_BOUNDS, check, global, outside, read, write_bytes};
use super::{ABSENT, ACC, IMM, SLOT};
use crate::execute::dispatch::{Dispatch, Operation, Registers, price_of};
use crate::limits::STACK_SLOTS_MAX;
use crate::translate::fusion::LoadOperator;
use crate::translate::integer::{BinaryOperator, Word};
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

/// `d@8 x@10 y@12 a@14 offset@16`, immediate y `u64@24`: the value goes to memory, to the
/// accumulator, and to d where `TO_SLOT` says so.
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
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let x = O::W::from_bits(if X == SLOT { r.get(10) } else { r.acc });
        let y = O::W::from_bits(match Y {
            SLOT => r.get(12),
            ACC => r.acc,
            _ => r.u64(24),
        });
        let value = pure::<O>(x, y);
        if TO_SLOT {
            r.put(8, value);
        }
        let base = u64::from(u32::from_bits(r.get(14)));
        let address = base.wrapping_add(u64::from(r.u32(16)));
        if outside::<SIZE>(r, address) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        write_bytes::<SIZE>(r, address, value);
        r.go::<D>(if Y == IMM { 4 } else { 3 }, value)
    }
}

/// `a@8 b@10 offset@12 offset2@16`: from a to b.
pub(in crate::execute) struct LoadStore<T, const SIZE: usize>(PhantomData<T>);

impl<T: LoadOperator, const SIZE: usize> Operation for LoadStore<T, SIZE> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let base = u64::from(u32::from_bits(r.get(8)));
        let address = base.wrapping_add(u64::from(r.u32(12)));
        if check::<T>(r, address) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        let value = read::<T>(r, address);
        let base = u64::from(u32::from_bits(r.get(10)));
        let address = base.wrapping_add(u64::from(r.u32(16)));
        if outside::<SIZE>(r, address) {
            // The site of the store is that of the second cell.
            let ip = r.ip.add(1);
            return Registers { ip, ..r }.leave::<OUT_OF_BOUNDS>();
        }
        write_bytes::<SIZE>(r, address, value);
        r.go::<D>(3, r.acc)
    }
}

/// `d@8 a@10 d2@12 a2@14 d3@16 a3@18 d4@20 a4@22`, one after the other.
pub(in crate::execute) struct CopyFourSlots;

impl Operation for CopyFourSlots {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(8, r.get(10));
        r.put(12, r.get(14));
        r.put(16, r.get(18));
        r.put(20, r.get(22));
        r.go::<D>(3, r.acc)
    }
}

/// `target@8 cost@12 d@16 a@18`
pub(in crate::execute) struct CopyBranch;

impl Operation for CopyBranch {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.put(16, r.get(18));
        r.enter_run::<D>(u64::from(r.u32(12)), r.target(8))
    }
}

/// `d@8 a@10 global@12 i@16`, 32 bits; without a, the global itself is advanced.
pub(in crate::execute) struct GlobalAdd<const A: u8, const TO_SLOT: bool>;

impl<const A: u8, const TO_SLOT: bool> Operation for GlobalAdd<A, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let global = global(r);
        let a = u32::from_bits(match A {
            SLOT => r.get(10),
            ABSENT => global.read(),
            _ => r.acc,
        });
        let value = u64::from(a.wrapping_add(r.u32(16)));
        global.write(value);
        r.result::<D, TO_SLOT>(3, value)
    }
}

/// `frame@8 weight@10 cost@12 entry@16`: a call of `__multi3`, whose parameters are an address and
/// two numbers of two words, low word first.
///
/// Where something does not suffice, or the function was not translated, it is called.
pub(in crate::execute) struct CallMultiply;

impl Operation for CallMultiply {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let entry = (*r.ip.add(2)).entry;
        let callee = &*entry;
        let charge = price_of(callee.code.load(Ordering::Acquire).cast_const());
        let weight = r.get(10).wrapping_add(u64::from(callee.weight));
        // In debt the register is negative before, and so after.
        let cost = if D::METERED {
            charge.wrapping_add(u64::from(r.u32(12)))
        } else {
            0
        };
        let gas = r.gas.wrapping_sub(cost.cast_signed());
        let slots = r.slot(8);
        let address = u64::from(u32::from_bits(slots.read()));
        let above = address.wrapping_add(8);
        let suffices = weight <= u64::from(STACK_SLOTS_MAX) && gas >= 0;
        // The price of a stub is 0.
        if charge == 0 || !suffices || outside::<8>(r, above) {
            return call::<D>(r, entry);
        }
        let (a_low, a_high) = (slots.add(1).read(), slots.add(2).read());
        let (b_low, b_high) = (slots.add(3).read(), slots.add(4).read());
        let (low, carried) = a_low.widening(b_low);
        let cross = a_low
            .wrapping_mul(b_high)
            .wrapping_add(a_high.wrapping_mul(b_low));
        write_bytes::<8>(r, address, low);
        write_bytes::<8>(r, above, carried.wrapping_add(cross));
        let ip = r.ip.add(CALL_CELLS);
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
