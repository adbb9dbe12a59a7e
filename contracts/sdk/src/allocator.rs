//! Allocates memory with a bump allocator that frees only the last block; traps on a panic.
//!
//! A contract runs for one call and its memory is dropped with it, so an allocator that never
//! searches is the smallest and the cheapest. The last block can grow, shrink and be freed in
//! place, which covers a `Vec` that is being filled.
//!
//! # Invariants
//! * `NEXT` is at or above the heap's start and at or below the end of memory.
//! * No live block has a byte at or above `NEXT`.
#![expect(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; each block has its argument"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Bump;

#[global_allocator]
static ALLOCATOR: Bump = Bump;

/// The first free byte; 0 until the first allocation. Atomic for the type system alone: a
/// contract has one thread, and without the threads proposal these are plain loads and stores.
static NEXT: AtomicUsize = AtomicUsize::new(0);

const PAGE_BYTES: usize = 65_536;

unsafe extern "C" {
    /// The linker places this symbol after the stack and the data.
    static __heap_base: u8;
}

/// The first free byte.
fn next() -> usize {
    match NEXT.load(Relaxed) {
        0 => (&raw const __heap_base).addr(),
        next => next,
    }
}

/// Moves the first free byte to `end` and grows memory up to it; false if it cannot grow.
fn advance(end: usize) -> bool {
    let pages = end.div_ceil(PAGE_BYTES);
    let missing = pages.saturating_sub(wasm32::memory_size(0));
    if missing > 0 && wasm32::memory_grow(0, missing) == usize::MAX {
        return false;
    }
    NEXT.store(end, Relaxed);
    true
}

// SAFETY: a block is between two values of `NEXT` and below the end of memory, and `NEXT` goes
// back only over a block that is freed or shrunk: blocks never overlap. Starts are aligned.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(start) = next().checked_next_multiple_of(layout.align()) else {
            return core::ptr::null_mut();
        };
        match start.checked_add(layout.size()) {
            Some(end) if advance(end) => core::ptr::with_exposed_provenance_mut(start),
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block.addr().checked_add(layout.size()) == Some(next()) {
            NEXT.store(block.addr(), Relaxed);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let is_last = block.addr().checked_add(layout.size()) == Some(next());
        if is_last || size <= layout.size() {
            let end = block.addr().checked_add(size);
            let fits = !is_last || end.is_some_and(advance);
            return if fits { block } else { core::ptr::null_mut() };
        }
        // SAFETY: `size` is above that of a valid layout and was checked by the caller
        // (`GlobalAlloc::realloc`) not to overflow when rounded up to the alignment.
        let larger = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the size is above `layout.size()`, so it is not 0.
        let moved = unsafe { self.alloc(larger) };
        if !moved.is_null() {
            // SAFETY: both blocks are live, do not overlap, and are at least `layout.size()` long.
            unsafe { core::ptr::copy_nonoverlapping(block, moved, layout.size()) };
        }
        moved
    }
}

/// Traps without a text: a contract reports errors by codes, and a text costs bytes and gas.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
