//! Takes a module, or the seed of one: see `fuzzed::modules::differential`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::modules::differential, bytes));
