//! Takes a name section: see `fuzzed::modules::names`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::modules::names, bytes));
