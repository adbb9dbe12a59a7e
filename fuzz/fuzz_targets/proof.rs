//! Takes a proof: see `fuzzed::chains::proof`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::chains::proof, bytes));
