//! Takes a module: see `fuzzed::modules::check`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::modules::check, bytes));
