//! Takes an interface section: see `fuzzed::modules::interface`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::modules::interface, bytes));
