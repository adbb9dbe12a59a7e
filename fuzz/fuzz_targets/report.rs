//! Takes a report: see `fuzzed::documents::report`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::documents::report, bytes));
