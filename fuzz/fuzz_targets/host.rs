//! Takes a host function with arguments and memory: see `fuzzed::modules::host`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::modules::host, bytes));
