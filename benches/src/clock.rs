//! Reads the clock: the one place where this crate does.
#![expect(
    clippy::disallowed_types,
    clippy::as_conversions,
    reason = "a bench measures time; durations become floats for statistics"
)]

use std::hint::black_box;
use std::time::Instant;

/// Nanoseconds that `work` takes, and its answer.
pub fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let answer = black_box(work());
    (start.elapsed().as_nanos() as f64, answer)
}
