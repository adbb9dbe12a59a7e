//! Reports the slowest input of a run, which libFuzzer does in whole seconds only.
#![forbid(unsafe_code)]

use cpu_time::ThreadTime;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest time of any input so far, in microseconds.
static SLOWEST_MICROS: AtomicU64 = AtomicU64::new(0);

/// Calls a target. An input that takes longer than all before is reported on standard error with
/// its processor time, which does not depend on what else the machine does.
pub fn timed(target: fuzzed::Target, bytes: &[u8]) {
    let began = ThreadTime::now();
    target(bytes);
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    if SLOWEST_MICROS.fetch_max(micros, Ordering::Relaxed) < micros {
        eprintln!("slowest input: {micros} us, {} bytes", bytes.len());
    }
}
