//! Takes a case file: see `fuzzed::chains::case`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::chains::case, bytes));
