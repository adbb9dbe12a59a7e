//! Handlers of branches; each edge has the price of the metering block that it enters.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::arithmetic::pure;
use super::memory::{check, read};
use super::{ABSENT, SLOT, kinds};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::exit;
use crate::translate::form;
use crate::translate::fusion::LoadOperator;
use crate::translate::integer::{BinaryOperator, Word};
use crate::translate::layout::OperandKinds;
use crate::trap::Trap;
use std::marker::PhantomData;

// Takes one of the two edges: to the target or to the next instruction.
macro_rules! choose {
    ($D:ident, $r:ident, $condition:expr, $f:ident) => {
        if $condition {
            $r.enter_block::<$D>($r.cost($f.taken), $r.target($f.target))
        } else {
            $r.enter_block::<$D>($r.cost($f.otherwise), $r.ip.add($f.cells))
        }
    };
}

/// See [`form::Branch`].
pub(in crate::execute) struct Branch;

impl Operation for Branch {
    // SAFETY: `Translator::close` and `target` write only targets in this function.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Branch::of(OperandKinds::NONE) };
        r.enter_block::<D>(r.cost(f.cost), r.target(f.target))
    }
}

/// See [`form::CompareBranch`].
pub(in crate::execute) struct CompareBranch<O, const A: u8, const B: u8>(PhantomData<O>);

impl<O: BinaryOperator, const A: u8, const B: u8> Operation for CompareBranch<O, A, B> {
    // SAFETY: as for `Branch`; `condition` returns only comparisons, as `pure` requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CompareBranch::of(kinds(A, B, ABSENT)) };
        let a = O::W::from_bits(r.operand::<A, _>(f.a));
        let b = O::W::from_bits(r.operand::<B, _>(f.b));
        choose!(D, r, pure::<O>(a, b) != 0, f)
    }
}

/// See [`form::BinaryCompareBranch`].
pub(in crate::execute) struct BinaryCompareBranch<O, P, const B: u8>(PhantomData<(O, P)>);

impl<O: BinaryOperator, P: BinaryOperator, const B: u8> Operation for BinaryCompareBranch<O, P, B> {
    // SAFETY: as for `Branch`; `can_fuse_step` lists only additions and comparisons, as `pure`
    // requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::BinaryCompareBranch::of(kinds(ABSENT, B, ABSENT)) };
        let a = O::W::from_bits(r.get(f.a));
        let acc = pure::<O>(a, O::W::from_bits(r.number(f.i)));
        r.put(f.d, acc);
        let b = P::W::from_bits(r.operand::<B, _>(f.b));
        let r = Registers { acc, ..r };
        choose!(D, r, pure::<P>(P::W::from_bits(acc), b) != 0, f)
    }
}

/// See [`form::LoadCompareBranch`].
///
/// The only instruction that can both trap and end a metering block: the trap comes first.
pub(in crate::execute) struct LoadCompareBranch<
    T,
    O,
    const B: u8,
    const INDEX: u8,
    const TO_SLOT: bool,
>(PhantomData<(T, O)>);

impl<T, O, const B: u8, const INDEX: u8, const TO_SLOT: bool> Operation
    for LoadCompareBranch<T, O, B, INDEX, TO_SLOT>
where
    T: LoadOperator,
    O: BinaryOperator,
{
    // SAFETY: as for `Branch`; `check` comes before `read`, and `can_fuse_load_compare` lists
    // only comparisons, as `pure` requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::LoadCompareBranch::of(kinds(ABSENT, B, INDEX)) };
        let mut a = u32::from_bits(r.get(f.a));
        if INDEX == SLOT {
            a = a.wrapping_add(u32::from_bits(r.operand::<INDEX, _>(f.index)));
        }
        let address = u64::from(a).wrapping_add(u64::from(r.number(f.offset)));
        if check::<T>(r, address) {
            return r.leave::<{ exit::of_trap(Trap::MemoryOutOfBounds) }>();
        }
        let acc = read::<T>(r, address);
        r.keep::<TO_SLOT>(f.d, acc);
        let b = O::W::from_bits(r.operand::<B, _>(f.b));
        let r = Registers { acc, ..r };
        choose!(D, r, pure::<O>(O::W::from_bits(acc), b) != 0, f)
    }
}

/// See [`form::BranchTable`].
pub(in crate::execute) struct BranchTable<const A: u8>;

impl<const A: u8> Operation for BranchTable<A> {
    // SAFETY: `Translator::branch_table` writes last + 1 edges, and the index is at most last.
    #[inline(always)]
    #[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::BranchTable::of(kinds(A, ABSENT, ABSENT)) };
        let a = u32::from_bits(r.operand::<A, _>(f.a));
        let index = a.wrapping_add(r.number(f.displacement));
        let edge = index.min(r.number(f.last)) as usize;
        let (target, cost) = f.edge(edge);
        r.enter_block::<D>(r.cost(cost), r.target(target))
    }
}

/// See [`form::Charge`].
pub(in crate::execute) struct Charge;

impl Operation for Charge {
    // SAFETY: another instruction follows, by `Translator::cut_block`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Charge::of(OperandKinds::NONE) };
        r.enter_block::<D>(r.cost(f.cost), r.ip.add(f.cells))
    }
}

/// Traps with `Unreachable`.
pub(in crate::execute) struct Unreachable;

impl Operation for Unreachable {
    // SAFETY: it only exits to the driver, which ends the execution.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::of_trap(Trap::Unreachable) }>()
    }
}

/// Traps with `FloatInstruction`.
pub(in crate::execute) struct Float;

impl Operation for Float {
    // SAFETY: it only exits to the driver, which ends the execution.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::of_trap(Trap::FloatInstruction) }>()
    }
}
