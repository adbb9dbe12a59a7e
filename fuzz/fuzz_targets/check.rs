//! Checks any bytes under both float policies: a verdict, no panic, equal but for floats.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::Rules;

fuzz_target!(|bytes: &[u8]| {
    let lower = vm::check(bytes, &Rules::v1());
    let reject = vm::check(bytes, &Rules::new(FloatPolicy::Reject, Schedule::v1()));
    // What the stricter policy accepts, the other accepts, and it holds no floats.
    if let Ok(module) = reject {
        assert_eq!(module.floats().operators, 0);
        assert!(lower.is_ok());
    }
});
