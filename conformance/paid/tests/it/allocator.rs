//! WorkCounts the allocations of each thread.
#![expect(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use vm::unstable::work::{WorkKind, add};

/// Size in bytes from which memory is reserved rather than used: who writes it counts it.
const RESERVED_BYTES: usize = 8 * 1024 * 1024;

/// The allocator of the system, with counters.
pub(crate) struct CountingAllocator;

fn count(bytes: usize) {
    add(WorkKind::Allocations, 1);
    if bytes < RESERVED_BYTES {
        add(WorkKind::Allocated, bytes);
    }
}

// SAFETY: each method is that of `System` with the same arguments.
unsafe impl GlobalAlloc for CountingAllocator {
    // SAFETY: the caller upholds the contract of `GlobalAlloc`, which is that of `System`.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: the caller upholds the contract of `GlobalAlloc`, which is that of `System`.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        add(WorkKind::Zeroed, layout.size());
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    // SAFETY: the caller upholds the contract of `GlobalAlloc`, which is that of `System`.
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    // SAFETY: the caller upholds the contract of `GlobalAlloc`, which is that of `System`.
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
