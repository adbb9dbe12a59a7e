//! Reads the clock; no other file of this crate does.
#![expect(
    clippy::disallowed_types,
    clippy::as_conversions,
    reason = "benchmarks measure time; durations become floats for statistics"
)]

use std::hint::black_box;
use std::time::Instant;

/// Runs `work`; returns its time in nanoseconds and its result.
pub fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_nanos() as f64, result)
}
