//! Takes sections with DWARF: see `fuzzed::modules::lines`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::modules::lines, bytes));
