//! Branches; each edge carries the price of the run that it enters.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::arithmetic::pure;
use super::memory::{check, read};
use super::{ACC, SLOT};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::exit;
use crate::translate::fusion::LoadOperator;
use crate::translate::integer::{BinaryOperator, Word};
use crate::trap::Trap;
use std::marker::PhantomData;

// The conditional ones share this head: target@8 taken@16 else@20

/// Takes one of the two edges.
#[inline(always)]
unsafe fn choose<D: Dispatch>(r: Registers, holds: bool, cells: usize) -> u64 {
    if holds {
        r.enter_run::<D>(u64::from(r.u32(16)), r.target(8))
    } else {
        r.enter_run::<D>(u64::from(r.u32(20)), r.ip.add(cells))
    }
}

/// `target@8 cost@12`
pub(in crate::execute) struct Branch;

impl Operation for Branch {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.enter_run::<D>(u64::from(r.u32(12)), r.target(8))
    }
}

/// `target@8 a@12 b@14 taken@16 else@20`, immediate `u64@24`.
pub(in crate::execute) struct CompareBranch<O, const A: u8, const B: u8>(PhantomData<O>);

impl<O: BinaryOperator, const A: u8, const B: u8> Operation for CompareBranch<O, A, B> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let a = O::W::from_bits(match A {
            SLOT => r.get(12),
            ACC => r.acc,
            _ => r.u64(24),
        });
        let b = O::W::from_bits(match B {
            SLOT => r.get(14),
            ACC => r.acc,
            _ => r.u64(24),
        });
        let plain = A <= ACC && B <= ACC;
        choose::<D>(r, pure::<O>(a, b) != 0, if plain { 3 } else { 4 })
    }
}

/// `target@8 d@12 a@14 taken@16 else@20 i@24 b@32`, b a slot or `u64`: the end of a counted loop.
pub(in crate::execute) struct BinaryCompareBranch<O, P, const B: u8>(PhantomData<(O, P)>);

impl<O: BinaryOperator, P: BinaryOperator, const B: u8> Operation for BinaryCompareBranch<O, P, B> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let a = O::W::from_bits(r.get(14));
        let acc = pure::<O>(a, O::W::from_bits(r.u64(24)));
        r.put(12, acc);
        let b = P::W::from_bits(if B == SLOT { r.get(32) } else { r.u64(32) });
        let r = Registers { acc, ..r };
        choose::<D>(r, pure::<P>(P::W::from_bits(acc), b) != 0, 5)
    }
}

/// `target@8 a@12 b@14 taken@16 else@20 offset@24 index@28 d@30`, immediate b `u64@32`.
///
/// The one instruction that can both trap and end a run: the trap comes first.
pub(in crate::execute) struct LoadCompareBranch<
    T,
    O,
    const B: u8,
    const INDEXED: bool,
    const TO_SLOT: bool,
>(PhantomData<(T, O)>);

impl<T, O, const B: u8, const INDEXED: bool, const TO_SLOT: bool> Operation
    for LoadCompareBranch<T, O, B, INDEXED, TO_SLOT>
where
    T: LoadOperator,
    O: BinaryOperator,
{
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let mut a = u32::from_bits(r.get(12));
        if INDEXED {
            a = a.wrapping_add(u32::from_bits(r.get(28)));
        }
        let address = u64::from(a).wrapping_add(u64::from(r.u32(24)));
        if check::<T>(r, address) {
            return r.leave::<{ exit::of_trap(Trap::MemoryOutOfBounds) }>();
        }
        let acc = read::<T>(r, address);
        if TO_SLOT {
            r.put(30, acc);
        }
        let b = O::W::from_bits(if B == SLOT { r.get(14) } else { r.u64(32) });
        let r = Registers { acc, ..r };
        choose::<D>(r, pure::<O>(O::W::from_bits(acc), b) != 0, 5)
    }
}

/// `a@8 last@12 displacement@16`, then last + 1 entries of target and cost.
pub(in crate::execute) struct BranchTable<const A: u8>;

impl<const A: u8> Operation for BranchTable<A> {
    #[inline(always)]
    #[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let a = u32::from_bits(if A == SLOT { r.get(8) } else { r.acc });
        let index = a.wrapping_add(r.u32(16));
        let entry = 8_usize.wrapping_mul(index.min(r.u32(12)) as usize);
        let target = r.target(entry.wrapping_add(24));
        let cost = r.u32(entry.wrapping_add(28));
        r.enter_run::<D>(u64::from(cost), target)
    }
}

/// `cost@8`
pub(in crate::execute) struct Charge;

impl Operation for Charge {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.enter_run::<D>(u64::from(r.u32(8)), r.ip.add(2))
    }
}

/// Gives the driver control and goes on after it.
pub(in crate::execute) struct Pause;

impl Operation for Pause {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let ip = r.ip.add(1);
        Registers { ip, ..r }.leave::<{ exit::PAUSE }>()
    }
}

/// Traps.
pub(in crate::execute) struct Unreachable;

impl Operation for Unreachable {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::of_trap(Trap::Unreachable) }>()
    }
}

/// Traps.
pub(in crate::execute) struct Float;

impl Operation for Float {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::of_trap(Trap::FloatInstruction) }>()
    }
}
