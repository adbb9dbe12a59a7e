//! Takes a log file: see `fuzzed::stores::log`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::stores::log, bytes));
