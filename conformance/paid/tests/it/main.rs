//! WorkCounts the work of programs and of chains, and compares it with the gas that was paid.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

mod allocator;

mod cases;

mod chains;

mod programs;

#[global_allocator]
static ALLOCATOR: allocator::CountingAllocator = allocator::CountingAllocator;
