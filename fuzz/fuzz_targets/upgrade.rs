//! Takes an upgrade document: see `fuzzed::documents::upgrade`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::documents::upgrade, bytes));
