//! Meters and emits every accepted module: no panic, and wasmi accepts the instrumented module.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use vm::Rules;

fuzz_target!(|bytes: &[u8]| {
    let rules = Arc::new(Rules::v1());
    let Ok(module) = vm::check(bytes, &rules) else { return };
    let module = Arc::new(module);
    let instance = (engines::WASMI.make_uncached)().instantiate(&module, &rules);
    assert!(instance.is_ok(), "{:?}", instance.err());
});
