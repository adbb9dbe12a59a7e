//! Takes records of the state tree: see `fuzzed::stores::tree`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::stores::tree, bytes));
