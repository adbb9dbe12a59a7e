//! Takes a chunk of a snapshot: see `fuzzed::stores::chunk`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::stores::chunk, bytes));
