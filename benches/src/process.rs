//! Reads processor time, memory and written bytes of this process.
#![expect(
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "figures become floats for statistics; no result of the VM"
)]

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::path::Path;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;
/// Size of a memory page in bytes, as on the machines used for published figures (Linux).
const PAGE_BYTES: f64 = 4096.0;

/// Processor time of all threads so far, in nanoseconds.
#[must_use]
pub fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * SECOND + time.tv_nsec as f64
}

/// Number of bytes passed to write calls so far, by all threads; 0 if not available.
#[must_use]
pub fn written() -> f64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// Resident memory in bytes; 0 if not available.
#[must_use]
pub fn resident() -> f64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse().ok())
        .map_or(0.0, |pages: f64| pages * PAGE_BYTES)
}

/// Total size of the files in a folder, in bytes.
#[must_use]
pub fn disk(folder: &Path) -> f64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .map(|metadata| metadata.len() as f64)
        .sum()
}

/// A count as a float.
#[must_use]
pub const fn float(count: u64) -> f64 {
    count as f64
}

/// `after - before`.
#[must_use]
pub const fn difference(after: f64, before: f64) -> f64 {
    after - before
}

/// `one + other`.
#[must_use]
pub const fn sum(one: f64, other: f64) -> f64 {
    one + other
}
