//! Checks any bytes under both float policies: no panic, and verdicts that differ only by floats.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::Rules;

fuzz_target!(|bytes: &[u8]| {
    let lower = vm::check(bytes, &Rules::v1());
    let reject = vm::check(bytes, &Rules::new(FloatPolicy::Reject, Schedule::v1()));
    // A module that the stricter policy accepts has no float operators, and the other accepts it
    // too.
    if let Ok(module) = reject {
        assert_eq!(module.floats().operators, 0);
        assert!(lower.is_ok());
    }
});
