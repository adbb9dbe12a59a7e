//! Handlers of calls and returns. Frames overlap: the caller's arguments are the callee's first
//! slots.
//!
//! A call ends its metering block, so that callee and host see the exact remaining gas; the return
//! charges the next block, whose price is in the call instruction.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::{ABSENT, kinds};
use crate::execute::context::{Cell, ImportEntry};
use crate::execute::dispatch::{Dispatch, Operation, Registers, header};
use crate::execute::exit;
use crate::execute::header::{Header, IMPORTED, NO_TYPE};
use crate::limits::STACK_SLOTS_MAX;
use crate::translate::form;
use crate::translate::integer::Word;
use crate::translate::layout::OperandKinds;
use crate::trap::Trap;

/// The fields that all calls have at equal positions: a return reads the call before the return
/// address without knowing its kind.
pub(in crate::execute) const CALL: form::Call = form::Call::of(OperandKinds::NONE);

const _: () = {
    let (host, multiply) = (
        form::CallHost::of(OperandKinds::NONE),
        form::CallMultiply::of(OperandKinds::NONE),
    );
    assert!(host.cells == CALL.cells && multiply.cells == CALL.cells);
    assert!(host.frame.byte() == CALL.frame.byte() && host.cost.byte() == CALL.cost.byte());
    assert!(multiply.frame.byte() == CALL.frame.byte());
    assert!(multiply.cost.byte() == CALL.cost.byte());
    assert!(host.function.byte() == CALL.function.byte());
    assert!(multiply.function.byte() == CALL.function.byte());
    let (slot, acc) = (
        form::CallIndirect::of(kinds(super::SLOT, ABSENT, ABSENT)),
        form::CallIndirect::of(kinds(super::ACC, ABSENT, ABSENT)),
    );
    assert!(slot.cells == CALL.cells && acc.cells == CALL.cells);
    assert!(slot.frame.byte() == CALL.frame.byte() && slot.cost.byte() == CALL.cost.byte());
    assert!(acc.frame.byte() == CALL.frame.byte() && acc.cost.byte() == CALL.cost.byte());
    assert!(slot.weight.byte() == CALL.weight.byte() && acc.weight.byte() == CALL.weight.byte());
};

/// Makes the frame of a callee at `sp`, where its parameters are already.
///
/// # Safety
/// The frame is inside the stack.
#[inline(always)]
#[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
pub(in crate::execute) unsafe fn make_frame(
    callee: &Header,
    sp: *mut u8,
    back: *const Cell,
    weight: u64,
) {
    let linkage = sp.add(callee.linkage as usize).cast::<u64>();
    linkage.cast::<*const Cell>().write(back);
    linkage.add(1).write(weight);
    let mut local = linkage.add(2);
    let end = local.add(callee.zeroed as usize);
    // Four at a time, and at least four: slots beyond the locals are operands, which are written
    // before they are read, or spare slots of the frame.
    loop {
        for slot in 0..4 {
            // Volatile: LLVM would replace the loop, which seldom repeats, with a call of memset.
            local.add(slot).write_volatile(0);
        }
        local = local.add(4);
        if local >= end {
            break;
        }
    }
}

/// # Safety
/// The state contract, at a call of the function whose code or stub is at `code`. The new frame is
/// inside the stack since it passes the stack counter: `linear` reserves the limit of the counter
/// and the extra slots of every frame.
#[inline(always)]
pub(super) unsafe fn call<D: Dispatch>(r: Registers, code: *const Cell) -> u64 {
    let callee = header(code);
    // Only the counter decides: the stack has room for all frames that pass it.
    let weight = r.get(CALL.weight).wrapping_add(u64::from(callee.weight));
    if weight > u64::from(STACK_SLOTS_MAX) {
        (*r.context).overflowing = callee.function;
        return r.leave::<{ exit::OVERFLOW }>();
    }
    let sp = r.sp.add(r.distance(CALL.frame));
    make_frame(callee, sp, r.ip.add(CALL.cells), weight);
    Registers { sp, ..r }.enter_block::<D>(callee.charge, code)
}

/// Exits for the host call; in overdraft, the metering block ends out of gas.
///
/// # Safety
/// The state contract, at a call of `callee`.
#[inline(always)]
unsafe fn call_host(r: Registers, callee: *const ImportEntry) -> u64 {
    if r.gas < 0 {
        return r.leave::<{ exit::SHORT }>();
    }
    (*r.context).callee = callee;
    r.leave::<{ exit::HOST_CALL }>()
}

/// See [`form::Call`].
pub(in crate::execute) struct Call;

impl Operation for Call {
    // SAFETY: `link` replaced the index of a function of this module by its offset.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        call::<D>(r, r.code(CALL.function))
    }
}

/// See [`form::CallHost`].
pub(in crate::execute) struct CallHost;

impl Operation for CallHost {
    // SAFETY: `link` replaced the index of an import by its entry, and the module keeps its entries
    // as long as its code.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        call_host(r, r.import(CALL.function))
    }
}

/// See [`form::CallIndirect`].
pub(in crate::execute) struct CallIndirect<const A: u8>;

impl<const A: u8> Operation for CallIndirect<A> {
    // SAFETY: the index is first compared with the length of the table, and `table_of` wrote to it
    // only functions of this module; those with the type of an import are imports.
    #[inline(always)]
    #[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::CallIndirect::of(kinds(A, ABSENT, ABSENT)) };
        let index = u32::from_bits(r.operand::<A, _>(f.a));
        if u64::from(index) >= (*r.context).table_length {
            return r.leave::<{ exit::of_trap(Trap::TableOutOfBounds) }>();
        }
        let entry = (*r.context).table.add(index as usize).read();
        let function = entry.function as usize;
        if entry.type_index == r.number(f.type_index) {
            return call::<D>(r, (*r.context).codes.add(function).read());
        }
        if entry.type_index == NO_TYPE {
            return r.leave::<{ exit::of_trap(Trap::IndirectCallToNull) }>();
        }
        if entry.type_index != r.number(f.type_index) | IMPORTED {
            return r.leave::<{ exit::of_trap(Trap::IndirectCallTypeMismatch) }>();
        }
        call_host(r, (*r.context).imports.add(function))
    }
}

/// See [`form::Return`].
pub(in crate::execute) struct Return<const V: u8>;

impl<const V: u8> Operation for Return<V> {
    // SAFETY: `make_frame` wrote the address that follows a call, and no instruction writes to its
    // slot: `local_slot` and `stack_slot` never return it.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Return::of(kinds(V, ABSENT, ABSENT)) };
        let back = r.slot(f.address).cast::<*const Cell>().read();
        let mut acc = r.acc;
        if V != ABSENT {
            acc = r.operand::<V, _>(f.v);
            r.sp.cast::<u64>().write(acc);
        }
        let site = Registers {
            ip: back.sub(CALL.cells),
            ..r
        };
        let sp = r.sp.sub(site.distance(CALL.frame));
        let cost = site.cost(CALL.cost);
        Registers { sp, acc, ..r }.enter_block::<D>(cost, back)
    }
}

/// The instruction to which the outermost function returns.
pub(in crate::execute) struct StopInstruction;

impl Operation for StopInstruction {
    // SAFETY: it only exits to the driver.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::RETURN }>()
    }
}

/// The stub of a function that was not entered yet in this contract frame.
pub(in crate::execute) struct FirstEntry;

impl Operation for FirstEntry {
    // SAFETY: it only exits to the driver; `stubs` wrote the header before the instruction.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::FIRST_ENTRY }>()
    }
}
