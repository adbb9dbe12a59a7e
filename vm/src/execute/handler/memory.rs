//! Works on linear memory and globals: loads and stores with fused addresses, bulk, growth.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::arithmetic::pure;
use super::{ACC, SLOT};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::exit;
use crate::limits::PAGE_BYTES;
use crate::translate::fusion::LoadOperator;
use crate::translate::integer::{BinaryOperator, Word};
use crate::trap::Trap;
use std::marker::PhantomData;
use std::ptr;

pub(super) const OUT_OF_BOUNDS: u64 = exit::of_trap(Trap::MemoryOutOfBounds);

/// True if an access of `SIZE` bytes at `address` (below 2^33) leaves memory.
#[inline(always)]
pub(super) unsafe fn outside<const SIZE: usize>(r: Registers, address: u64) -> bool {
    let context = &*r.context;
    let limit = match SIZE {
        1 => context.limit1,
        2 => context.limit2,
        4 => context.limit4,
        _ => context.limit8,
    };
    // Signed: a memory shorter than the access has a negative limit, which refuses everything.
    address.cast_signed() > limit
}

#[inline(always)]
#[expect(
    clippy::as_conversions,
    reason = "checked against a memory of 16 MiB at most"
)]
unsafe fn at(r: Registers, address: u64) -> *mut u8 {
    r.memory.add(address as usize)
}

/// True if a load at `address` leaves memory.
#[inline(always)]
pub(super) unsafe fn check<T: LoadOperator>(r: Registers, address: u64) -> bool {
    match T::SIZE {
        1 => outside::<1>(r, address),
        2 => outside::<2>(r, address),
        4 => outside::<4>(r, address),
        _ => outside::<8>(r, address),
    }
}

/// What a load finds at `address`, which was checked.
#[inline(always)]
pub(super) unsafe fn read<T: LoadOperator>(r: Registers, address: u64) -> u64 {
    let place = at(r, address);
    T::extend(match T::SIZE {
        1 => u64::from(place.read()),
        2 => u64::from(u16::from_le(place.cast::<u16>().read_unaligned())),
        4 => u64::from(u32::from_le(place.cast::<u32>().read_unaligned())),
        _ => u64::from_le(place.cast::<u64>().read_unaligned()),
    })
}

#[inline(always)]
unsafe fn address<const A: u8>(r: Registers) -> u32 {
    u32::from_bits(if A == SLOT { r.get(10) } else { r.acc })
}

#[inline(always)]
unsafe fn load_at<T: LoadOperator, D: Dispatch, const TO_SLOT: bool>(
    r: Registers,
    base: u32,
    offset: u32,
    cells: usize,
) -> u64 {
    // A folded addition has wrapped at 2^32; the offset is added in 64 bits.
    let address = u64::from(base).wrapping_add(u64::from(offset));
    if check::<T>(r, address) {
        return r.leave::<OUT_OF_BOUNDS>();
    }
    let value = read::<T>(r, address);
    r.result::<D, TO_SLOT>(cells, value)
}

/// `d@8 a@10 offset@12`
pub(in crate::execute) struct Load<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for Load<T, A, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        load_at::<T, D, TO_SLOT>(r, address::<A>(r), r.u32(12), 2)
    }
}

/// `d@8 a@10 b@12 offset@16`
pub(in crate::execute) struct LoadIndexed<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for LoadIndexed<T, A, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let index = u32::from_bits(r.get(12));
        load_at::<T, D, TO_SLOT>(r, address::<A>(r).wrapping_add(index), r.u32(16), 3)
    }
}

/// `d@8 a@10 displacement@12 offset@16`
pub(in crate::execute) struct LoadDisplaced<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for LoadDisplaced<T, A, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let base = address::<A>(r).wrapping_add(r.u32(12));
        load_at::<T, D, TO_SLOT>(r, base, r.u32(16), 3)
    }
}

/// `d@8 a@10 b@12 shift@14 offset@16`
pub(in crate::execute) struct LoadScaled<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for LoadScaled<T, A, TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let scaled = address::<A>(r).wrapping_shl(u32::from(r.u16(14)));
        let base = scaled.wrapping_add(u32::from_bits(r.get(12)));
        load_at::<T, D, TO_SLOT>(r, base, r.u32(16), 3)
    }
}

/// `d@8 a@10 offset@12 x@16 displacement@20` (0 where there is none).
pub(in crate::execute) struct LoadBinary<T, O, const X: u8, const TO_SLOT: bool>(
    PhantomData<(T, O)>,
);

impl<T: LoadOperator, O: BinaryOperator, const X: u8, const TO_SLOT: bool> Operation
    for LoadBinary<T, O, X, TO_SLOT>
{
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let base = u32::from_bits(r.get(10)).wrapping_add(r.u32(20));
        let address = u64::from(base).wrapping_add(u64::from(r.u32(12)));
        if check::<T>(r, address) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        let loaded = O::W::from_bits(read::<T>(r, address));
        let x = O::W::from_bits(if X == SLOT { r.get(16) } else { r.acc });
        let value = pure::<O>(x, loaded);
        r.result::<D, TO_SLOT>(3, value)
    }
}

#[inline(always)]
unsafe fn store_at<D: Dispatch, const SIZE: usize, const V: u8>(
    r: Registers,
    base: u32,
    cells: usize,
) -> u64 {
    let address = u64::from(base).wrapping_add(u64::from(r.u32(12)));
    if outside::<SIZE>(r, address) {
        return r.leave::<OUT_OF_BOUNDS>();
    }
    let value = match V {
        SLOT => r.get(8),
        ACC => r.acc,
        _ => r.u64(cells.wrapping_mul(8)),
    };
    write_bytes::<SIZE>(r, address, value);
    let cells = if V > ACC {
        cells.wrapping_add(1)
    } else {
        cells
    };
    r.go::<D>(cells, r.acc)
}

/// Writes the low `SIZE` bytes of `value` at `address`, which was checked.
#[inline(always)]
pub(super) unsafe fn write_bytes<const SIZE: usize>(r: Registers, address: u64, value: u64) {
    let place = at(r, address);
    match SIZE {
        1 => write(place, value.to_le_bytes()[0]),
        2 => write(place, u16::from_bits16(value).to_le()),
        4 => write(place, u32::from_bits(value).to_le()),
        _ => write(place, value.to_le()),
    }
}

#[inline(always)]
unsafe fn write<T>(place: *mut u8, value: T) {
    place.cast::<T>().write_unaligned(value);
}

/// The low 16 bits.
trait Bits16 {
    fn from_bits16(bits: u64) -> Self;
}

impl Bits16 for u16 {
    #[inline(always)]
    #[expect(clippy::as_conversions, reason = "truncation is the definition")]
    fn from_bits16(bits: u64) -> Self {
        bits as Self
    }
}

/// `v@8 a@10 offset@12`, immediate v `u64@16`.
pub(in crate::execute) struct Store<const SIZE: usize, const A: u8, const V: u8>;

impl<const SIZE: usize, const A: u8, const V: u8> Operation for Store<SIZE, A, V> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        store_at::<D, SIZE, V>(r, address::<A>(r), 2)
    }
}

/// `v@8 a@10 offset@12 b@16`, or `displacement@20`; immediate v `u64@24`.
pub(in crate::execute) struct StoreIndexed<
    const SIZE: usize,
    const A: u8,
    const V: u8,
    const DISPLACED: bool,
>;

impl<const SIZE: usize, const A: u8, const V: u8, const DISPLACED: bool> Operation
    for StoreIndexed<SIZE, A, V, DISPLACED>
{
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let b = if DISPLACED {
            r.u32(20)
        } else {
            u32::from_bits(r.get(16))
        };
        store_at::<D, SIZE, V>(r, address::<A>(r).wrapping_add(b), 3)
    }
}

#[inline(always)]
#[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
pub(super) unsafe fn global(r: Registers) -> *mut u64 {
    (*r.context).globals.add(r.u32(12) as usize)
}

/// `d@8 global@12`
pub(in crate::execute) struct GlobalGet<const TO_SLOT: bool>;

impl<const TO_SLOT: bool> Operation for GlobalGet<TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let value = global(r).read();
        r.result::<D, TO_SLOT>(2, value)
    }
}

/// `v@8 global@12`, immediate `u64@16`.
pub(in crate::execute) struct GlobalSet<const V: u8>;

impl<const V: u8> Operation for GlobalSet<V> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let (value, cells) = match V {
            SLOT => (r.get(8), 2),
            ACC => (r.acc, 2),
            _ => (r.u64(16), 3),
        };
        global(r).write(value);
        r.go::<D>(cells, r.acc)
    }
}

/// `d@8`
pub(in crate::execute) struct MemorySize<const TO_SLOT: bool>;

impl<const TO_SLOT: bool> Operation for MemorySize<TO_SLOT> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let pages = (*r.context).memory_pages;
        r.result::<D, TO_SLOT>(2, pages)
    }
}

/// What is left after `per_unit * units`; `None` if the slice does not hold it, and then the driver
/// must look. A price per unit is below 2^31 by the schedule's constructor, so the product does not
/// wrap.
#[inline(always)]
unsafe fn pay<D: Dispatch>(r: Registers, per_unit: u64, units: u32) -> Option<i64> {
    let Registers { context, gas, .. } = r;
    if !D::METERED {
        return Some(gas);
    }
    let price = per_unit.wrapping_mul(u64::from(units));
    (*context).price = price;
    let rest = gas.wrapping_sub(price.cast_signed());
    (gas >= 0 && rest >= 0).then_some(rest)
}

/// A price that the slice does not hold: in debt the run has ended, else the driver pays.
#[inline(always)]
unsafe fn unpaid(r: Registers) -> u64 {
    if r.gas < 0 {
        r.leave::<{ exit::SHORT }>()
    } else {
        r.leave::<{ exit::PRICE }>()
    }
}

/// `d@8 a@10 cost@12`
pub(in crate::execute) struct MemoryGrow;

impl Operation for MemoryGrow {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let delta = u32::from_bits(r.get(10));
        let Some(gas) = pay::<D>(r, (*r.context).grow_per_page, delta) else {
            return unpaid(r);
        };
        let context = &mut *r.context;
        let old = context.memory_pages;
        let pages = old.wrapping_add(u64::from(delta));
        let acc = if pages > context.memory_pages_max {
            u64::from(u32::MAX)
        } else {
            context.set_pages(pages);
            old
        };
        r.put(8, acc);
        let r = Registers { acc, gas, ..r };
        r.enter_run::<D>(u64::from(r.u32(12)), r.ip.add(2))
    }
}

/// True if both ranges are inside. Out of line: a call that is no sibling call would make its
/// handler save registers on entry.
#[inline(never)]
#[expect(
    clippy::as_conversions,
    reason = "ranges inside a memory of 16 MiB at most"
)]
unsafe fn bulk<const FILL: bool>(r: Registers, to: u32, from: u32, length: u32) -> bool {
    let bytes = (*r.context)
        .memory_pages
        .wrapping_mul(u64::from(PAGE_BYTES));
    let inside = |start: u32| u64::from(start).wrapping_add(u64::from(length)) <= bytes;
    if !inside(to) || (!FILL && !inside(from)) {
        return false;
    }
    let target = at(r, u64::from(to));
    if FILL {
        ptr::write_bytes(target, from.to_le_bytes()[0], length as usize);
    } else {
        ptr::copy(at(r, u64::from(from)), target, length as usize);
    }
    true
}

/// `d@8 s@10 n@12 cost@16`; `FILL` takes the byte from s.
pub(in crate::execute) struct MemoryBulk<const FILL: bool>;

impl<const FILL: bool> Operation for MemoryBulk<FILL> {
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let length = u32::from_bits(r.get(12));
        let per_byte = if FILL {
            (*r.context).fill_per_byte
        } else {
            (*r.context).copy_per_byte
        };
        let Some(gas) = pay::<D>(r, per_byte, length) else {
            return unpaid(r);
        };
        let r = Registers { gas, ..r };
        if !bulk::<FILL>(
            r,
            u32::from_bits(r.get(8)),
            u32::from_bits(r.get(10)),
            length,
        ) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        r.enter_run::<D>(u64::from(r.u32(16)), r.ip.add(3))
    }
}
