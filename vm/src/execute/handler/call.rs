//! Calls and returns. Frames overlap: the caller's arguments are the callee's first slots.
//!
//! A call ends its run, so that callee and host see the exact rest of the gas; the run after it is
//! charged by the return, from the call instruction.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::{ABSENT, SLOT};
use crate::execute::context::{Cell, Entry};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::exit;
use crate::limits::STACK_SLOTS_MAX;
use crate::translate::integer::Word;
use crate::trap::Trap;
use std::sync::atomic::Ordering;

/// Length of every call instruction: a return finds it before the return address.
pub(in crate::execute) const CALL_CELLS: usize = 3;

/// Makes the frame of a callee at `sp`; its parameters are there.
///
/// # Safety
/// The frame is inside the stack.
#[inline(always)]
#[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
pub(in crate::execute) unsafe fn make_frame(
    entry: &Entry,
    sp: *mut u8,
    back: *const Cell,
    weight: u64,
) {
    let linkage = sp.add(entry.linkage as usize).cast::<u64>();
    linkage.cast::<*const Cell>().write(back);
    linkage.add(1).write(weight);
    let mut local = linkage.add(2);
    let end = local.add(entry.zeroed as usize);
    // Four at a time, and four in any case: what is written beyond the locals are operands, which
    // nobody reads before they are written, or spare slots of the frame.
    loop {
        for place in 0..4 {
            // Volatile: LLVM would make a call to memset of a loop that seldom runs three times.
            local.add(place).write_volatile(0);
        }
        local = local.add(4);
        if local >= end {
            break;
        }
    }
}

#[inline(always)]
pub(super) unsafe fn call<D: Dispatch>(r: Registers, entry: *const Entry) -> u64 {
    let callee = &*entry;
    // The counter decides, never the layout: the stack holds whatever the counter admits.
    let weight = r.get(10).wrapping_add(u64::from(callee.weight));
    if weight > u64::from(STACK_SLOTS_MAX) {
        (*r.context).callee = entry;
        return r.leave::<{ exit::OVERFLOW }>();
    }
    let sp = r.sp.add(usize::from(r.u16(8)));
    make_frame(callee, sp, r.ip.add(CALL_CELLS), weight);
    let code = callee.code.load(Ordering::Acquire).cast_const();
    let charge = (*code.sub(1)).bits;
    Registers { sp, ..r }.enter_run::<D>(charge, code)
}

/// The host runs outside of handlers. In debt the run has ended.
#[inline(always)]
unsafe fn call_host(r: Registers, entry: *const Entry) -> u64 {
    if r.gas < 0 {
        return r.leave::<{ exit::SHORT }>();
    }
    (*r.context).callee = entry;
    r.leave::<{ exit::HOST_CALL }>()
}

/// `frame@8 weight@10 cost@12 entry@16`
pub(in crate::execute) struct Call;

impl Operation for Call {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        call::<D>(r, (*r.ip.add(2)).entry)
    }
}

/// `frame@8 weight@10 cost@12 entry@16`
pub(in crate::execute) struct CallHost;

impl Operation for CallHost {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        call_host(r, (*r.ip.add(2)).entry)
    }
}

/// `frame@8 weight@10 cost@12 a@16 type@20`
pub(in crate::execute) struct CallIndirect<const A: u8>;

impl<const A: u8> Operation for CallIndirect<A> {
    #[inline(always)]
    #[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let index = u32::from_bits(if A == SLOT { r.get(16) } else { r.acc });
        if u64::from(index) >= (*r.context).table_length {
            return r.leave::<{ exit::of_trap(Trap::TableOutOfBounds) }>();
        }
        let entry = (*r.context).table.add(index as usize).read();
        if entry.is_null() {
            return r.leave::<{ exit::of_trap(Trap::IndirectCallToNull) }>();
        }
        if (*entry).type_index != r.u32(20) {
            return r.leave::<{ exit::of_trap(Trap::IndirectCallTypeMismatch) }>();
        }
        if (*entry).host.is_some() {
            return call_host(r, entry);
        }
        call::<D>(r, entry)
    }
}

/// `address@8 v@10`, immediate `u64@16`.
pub(in crate::execute) struct Return<const V: u8>;

impl<const V: u8> Operation for Return<V> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let back = r.slot(8).cast::<*const Cell>().read();
        let acc = match V {
            SLOT => r.get(10),
            super::IMM => r.u64(16),
            _ => r.acc,
        };
        if V != ABSENT {
            r.sp.cast::<u64>().write(acc);
        }
        let site = Registers {
            ip: back.sub(CALL_CELLS),
            ..r
        };
        let sp = r.sp.sub(usize::from(site.u16(8)));
        let cost = u64::from(site.u32(12));
        Registers { sp, acc, ..r }.enter_run::<D>(cost, back)
    }
}

/// Where the outermost function returns to.
pub(in crate::execute) struct Stop;

impl Operation for Stop {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::RETURN }>()
    }
}

/// The code of a function that was not called before.
pub(in crate::execute) struct Translate;

impl Operation for Translate {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        r.leave::<{ exit::TRANSLATE }>()
    }
}
