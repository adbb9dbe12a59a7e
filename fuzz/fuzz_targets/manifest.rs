//! Takes the manifest of a snapshot: see `fuzzed::stores::manifest`.
#![no_main]

use fuzz::timed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| timed(fuzzed::stores::manifest, bytes));
