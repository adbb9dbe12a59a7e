//! Takes a vector file: see `fuzzed::documents::vectors`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::documents::vectors, bytes));
