//! Handlers of linear memory and globals: loads and stores with fused addresses, bulk, growth.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "operations work on raw frames and memory under the state contract of `dispatch`"
)]

use super::arithmetic::pure;
use super::{ABSENT, kinds};
use crate::execute::dispatch::{Dispatch, Operation, Registers};
use crate::execute::{exit, linear};
use crate::limits::PAGE_BYTES;
use crate::translate::form;
use crate::translate::fusion::LoadOperator;
use crate::translate::integer::{BinaryOperator, Word};
use crate::translate::layout::{At, OperandKinds};
use crate::trap::Trap;
use std::marker::PhantomData;
use std::ptr;

pub(super) const OUT_OF_BOUNDS: u64 = exit::of_trap(Trap::MemoryOutOfBounds);

/// True if an access of `SIZE` bytes at `address` (below 2^33) is out of bounds.
///
/// # Safety
/// The state contract: the context lives.
#[inline(always)]
pub(super) unsafe fn outside<const SIZE: usize>(r: Registers, address: u64) -> bool {
    let context = &*r.context;
    let limit = match SIZE {
        1 => context.limit1,
        2 => context.limit2,
        4 => context.limit4,
        _ => context.limit8,
    };
    // Signed: a memory shorter than the access has a negative limit, so every address is outside.
    address.cast_signed() > limit
}

/// # Safety
/// `address` is in memory: the caller has called [`outside`] or compared with the length.
#[inline(always)]
#[expect(
    clippy::as_conversions,
    reason = "checked against a memory of 16 MiB at most"
)]
unsafe fn at(r: Registers, address: u64) -> *mut u8 {
    r.memory.add(address as usize)
}

/// True if a load at `address` is out of bounds.
///
/// # Safety
/// The state contract: the context lives.
#[inline(always)]
pub(super) unsafe fn check<T: LoadOperator>(r: Registers, address: u64) -> bool {
    match T::SIZE {
        1 => outside::<1>(r, address),
        2 => outside::<2>(r, address),
        4 => outside::<4>(r, address),
        _ => outside::<8>(r, address),
    }
}

/// The result of a load at `address`, which was checked.
///
/// # Safety
/// The caller has called [`check`] for this address.
#[inline(always)]
pub(super) unsafe fn read<T: LoadOperator>(r: Registers, address: u64) -> u64 {
    let start = at(r, address);
    T::extend(match T::SIZE {
        1 => u64::from(start.read()),
        2 => u64::from(u16::from_le(start.cast::<u16>().read_unaligned())),
        4 => u64::from(u32::from_le(start.cast::<u32>().read_unaligned())),
        _ => u64::from_le(start.cast::<u64>().read_unaligned()),
    })
}

// The common part of all loads. A fused addition to the base has wrapped at 2^32; the offset is
// added in 64 bits.
macro_rules! load_at {
    ($T:ident, $D:ident, $TO_SLOT:ident, $r:ident, $base:expr, $f:ident) => {{
        let address = u64::from($base).wrapping_add(u64::from($r.number($f.offset)));
        if check::<$T>($r, address) {
            return $r.leave::<OUT_OF_BOUNDS>();
        }
        let value = read::<$T>($r, address);
        $r.result::<$D, $TO_SLOT>($f.d, $f.cells, value)
    }};
}

/// See [`form::Load`].
pub(in crate::execute) struct Load<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for Load<T, A, TO_SLOT> {
    // SAFETY: `load_at` checks the address before it reads.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Load::of(kinds(A, ABSENT, ABSENT)) };
        let base = u32::from_bits(r.operand::<A, _>(f.a));
        load_at!(T, D, TO_SLOT, r, base, f)
    }
}

/// See [`form::LoadIndexed`].
pub(in crate::execute) struct LoadIndexed<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for LoadIndexed<T, A, TO_SLOT> {
    // SAFETY: `load_at` checks the address before it reads.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::LoadIndexed::of(kinds(A, ABSENT, ABSENT)) };
        let a = u32::from_bits(r.operand::<A, _>(f.a));
        let base = a.wrapping_add(u32::from_bits(r.get(f.b)));
        load_at!(T, D, TO_SLOT, r, base, f)
    }
}

/// See [`form::LoadDisplaced`].
pub(in crate::execute) struct LoadDisplaced<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for LoadDisplaced<T, A, TO_SLOT> {
    // SAFETY: `load_at` checks the address before it reads.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::LoadDisplaced::of(kinds(A, ABSENT, ABSENT)) };
        let a = u32::from_bits(r.operand::<A, _>(f.a));
        let base = a.wrapping_add(r.number(f.displacement));
        load_at!(T, D, TO_SLOT, r, base, f)
    }
}

/// See [`form::LoadScaled`].
pub(in crate::execute) struct LoadScaled<T, const A: u8, const TO_SLOT: bool>(PhantomData<T>);

impl<T: LoadOperator, const A: u8, const TO_SLOT: bool> Operation for LoadScaled<T, A, TO_SLOT> {
    // SAFETY: `load_at` checks the address before it reads.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::LoadScaled::of(kinds(A, ABSENT, ABSENT)) };
        let a = u32::from_bits(r.operand::<A, _>(f.a));
        let scaled = a.wrapping_shl(u32::from(r.number(f.shift)));
        let base = scaled.wrapping_add(u32::from_bits(r.get(f.b)));
        load_at!(T, D, TO_SLOT, r, base, f)
    }
}

/// See [`form::LoadBinary`]; the displacement is 0 if there is none.
pub(in crate::execute) struct LoadBinary<T, O, const X: u8, const TO_SLOT: bool>(
    PhantomData<(T, O)>,
);

impl<T: LoadOperator, O: BinaryOperator, const X: u8, const TO_SLOT: bool> Operation
    for LoadBinary<T, O, X, TO_SLOT>
{
    // SAFETY: `check` comes before `read`; `can_fuse_load` lists no division, as `pure` requires.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::LoadBinary::of(kinds(X, ABSENT, ABSENT)) };
        let base = u32::from_bits(r.get(f.a)).wrapping_add(r.number(f.displacement));
        let address = u64::from(base).wrapping_add(u64::from(r.number(f.offset)));
        if check::<T>(r, address) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        let loaded = O::W::from_bits(read::<T>(r, address));
        let x = O::W::from_bits(r.operand::<X, _>(f.x));
        let value = pure::<O>(x, loaded);
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}

// The common part of all stores.
macro_rules! store_at {
    ($D:ident, $SIZE:ident, $V:ident, $r:ident, $base:expr, $f:ident) => {{
        let address = u64::from($base).wrapping_add(u64::from($r.number($f.offset)));
        if outside::<$SIZE>($r, address) {
            return $r.leave::<OUT_OF_BOUNDS>();
        }
        write_bytes::<$SIZE>($r, address, $r.operand::<$V, _>($f.v));
        $r.go::<$D>($f.cells, $r.acc)
    }};
}

/// Writes the low `SIZE` bytes of `value` at `address`, which was checked.
///
/// # Safety
/// The caller has called [`outside`] for this address and size.
#[inline(always)]
pub(super) unsafe fn write_bytes<const SIZE: usize>(r: Registers, address: u64, value: u64) {
    let start = at(r, address);
    match SIZE {
        1 => write(start, value.to_le_bytes()[0]),
        2 => write(start, u16::from_bits16(value).to_le()),
        4 => write(start, u32::from_bits(value).to_le()),
        _ => write(start, value.to_le()),
    }
}

/// # Safety
/// The memory at `start` has as many bytes as a `T`; only `write_bytes` calls it, after a check.
#[inline(always)]
unsafe fn write<T>(start: *mut u8, value: T) {
    start.cast::<T>().write_unaligned(value);
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

/// See [`form::Store`].
pub(in crate::execute) struct Store<const SIZE: usize, const A: u8, const V: u8>;

impl<const SIZE: usize, const A: u8, const V: u8> Operation for Store<SIZE, A, V> {
    // SAFETY: `store_at` checks the address before it writes.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::Store::of(kinds(A, V, ABSENT)) };
        let base = u32::from_bits(r.operand::<A, _>(f.a));
        store_at!(D, SIZE, V, r, base, f)
    }
}

/// See [`form::StoreIndexed`].
pub(in crate::execute) struct StoreIndexed<const N: usize, const A: u8, const V: u8, const B: u8>;

impl<const SIZE: usize, const A: u8, const V: u8, const B: u8> Operation
    for StoreIndexed<SIZE, A, V, B>
{
    // SAFETY: `store_at` checks the address before it writes.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::StoreIndexed::of(kinds(A, V, B)) };
        let b = u32::from_bits(r.operand::<B, _>(f.b));
        let base = u32::from_bits(r.operand::<A, _>(f.a)).wrapping_add(b);
        store_at!(D, SIZE, V, r, base, f)
    }
}

/// # Safety
/// The field is that of a global: `check` proved its index, and the instance has all globals.
#[inline(always)]
#[expect(clippy::as_conversions, reason = "usize has at least 32 bits")]
pub(super) unsafe fn global(r: Registers, at: At<u32>) -> *mut u64 {
    (*r.context).globals.add(r.number(at) as usize)
}

/// See [`form::GlobalGet`].
pub(in crate::execute) struct GlobalGet<const TO_SLOT: bool>;

impl<const TO_SLOT: bool> Operation for GlobalGet<TO_SLOT> {
    // SAFETY: `check` proved the index of the global, see `global`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::GlobalGet::of(OperandKinds::NONE) };
        let value = global(r, f.global).read();
        r.result::<D, TO_SLOT>(f.d, f.cells, value)
    }
}

/// See [`form::GlobalSet`].
pub(in crate::execute) struct GlobalSet<const V: u8>;

impl<const V: u8> Operation for GlobalSet<V> {
    // SAFETY: `check` proved the index of the global, see `global`.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::GlobalSet::of(kinds(V, ABSENT, ABSENT)) };
        global(r, f.global).write(r.operand::<V, _>(f.v));
        r.go::<D>(f.cells, r.acc)
    }
}

/// See [`form::MemorySize`].
pub(in crate::execute) struct MemorySize<const TO_SLOT: bool>;

impl<const TO_SLOT: bool> Operation for MemorySize<TO_SLOT> {
    // SAFETY: the context is the instance's, which lives while handlers run.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::MemorySize::of(OperandKinds::NONE) };
        let pages = (*r.context).memory_pages;
        r.result::<D, TO_SLOT>(f.d, f.cells, pages)
    }
}

/// Gas left of the slice after the price `per_unit * units`; `None` if the slice does not suffice,
/// and then the driver must decide. A price per unit is below 2^31 by the schedule's constructor,
/// so the product cannot wrap.
///
/// # Safety
/// The state contract: the context is alive and not used elsewhere.
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

/// Exits when the slice cannot pay a price: in overdraft out of gas, else the driver pays.
///
/// # Safety
/// The state contract.
#[inline(always)]
unsafe fn unpaid(r: Registers) -> u64 {
    if r.gas < 0 {
        r.leave::<{ exit::SHORT }>()
    } else {
        r.leave::<{ exit::PRICE }>()
    }
}

/// Adds `delta` zeroed pages. Out of line, as [`bulk`].
///
/// # Safety
/// The state contract; the sum is at most the maximum of the memory.
#[inline(never)]
unsafe fn grow(r: Registers, delta: u32) {
    let context = &mut *r.context;
    let old = context.memory_bytes();
    context.set_pages(context.memory_pages.wrapping_add(u64::from(delta)));
    linear::grow(r.memory, old, context.memory_bytes());
}

/// See [`form::MemoryGrow`].
pub(in crate::execute) struct MemoryGrow;

impl Operation for MemoryGrow {
    // SAFETY: only this handler uses the context; a memory has room for its maximum, and the new
    // length is at most that.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::MemoryGrow::of(OperandKinds::NONE) };
        let delta = u32::from_bits(r.get(f.a));
        let old = (*r.context).memory_pages;
        // What cannot be granted costs no more than the operator.
        let (mut acc, mut gas) = (u64::from(u32::MAX), r.gas);
        if old.wrapping_add(u64::from(delta)) <= (*r.context).memory_pages_max {
            let Some(rest) = pay::<D>(r, (*r.context).grow_per_page, delta) else {
                return unpaid(r);
            };
            grow(r, delta);
            (acc, gas) = (old, rest);
        }
        r.put(f.d, acc);
        let r = Registers { acc, gas, ..r };
        r.enter_block::<D>(r.cost(f.cost), r.ip.add(f.cells))
    }
}

/// Copies or fills, if the ranges are in memory; false if not. Out of line: inlined code with a
/// call that is no tail call would make the handler save registers on entry.
///
/// # Safety
/// The state contract; the ranges are checked here.
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

/// See [`form::MemoryCopy`] and [`form::MemoryFill`], which have the same fields; with `FILL`, s is
/// the byte.
pub(in crate::execute) struct MemoryBulk<const FILL: bool>;

impl<const FILL: bool> Operation for MemoryBulk<FILL> {
    // SAFETY: `bulk` checks both ranges before it accesses them.
    #[inline(always)]
    unsafe fn run<D: Dispatch>(r: Registers) -> u64 {
        let f = const { form::MemoryCopy::of(OperandKinds::NONE) };
        let length = u32::from_bits(r.get(f.n));
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
            u32::from_bits(r.get(f.d)),
            u32::from_bits(r.get(f.s)),
            length,
        ) {
            return r.leave::<OUT_OF_BOUNDS>();
        }
        r.enter_block::<D>(r.cost(f.cost), r.ip.add(f.cells))
    }
}
