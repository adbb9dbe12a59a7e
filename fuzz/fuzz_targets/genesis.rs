//! Takes a genesis document: see `fuzzed::documents::genesis`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::documents::genesis, bytes));
