//! Takes the lines of an engine that is another program: see `fuzzed::protocol::lines`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::protocol::lines, bytes));
