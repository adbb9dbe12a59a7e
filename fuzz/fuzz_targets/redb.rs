//! Takes damages of a redb file: see `fuzzed::stores::redb`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::stores::redb, bytes));
