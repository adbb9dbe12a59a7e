//! Runs an accepted module, or the module of a seed, on all engines: equal outcome and gas.
#![no_main]

use conformance::differential::compare::compare;
use conformance::differential::random::Random;
use conformance::differential::{engines, generate};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use vm::{Engine, Rules};

/// Gas limit of a run, so that no input takes seconds.
const GAS: u64 = 200_000;

fuzz_target!(|bytes: &[u8]| {
    let rules = Arc::new(Rules::v1());
    let seed = bytes.iter().fold(0_u64, |seed, byte| seed.rotate_left(8) ^ u64::from(*byte));
    let module = match vm::check(bytes, &rules) {
        Ok(module) => module,
        Err(_) => {
            let generated = generate::bytes(seed).expect("the generator succeeds");
            vm::check(&generated, &rules).expect("a generated module is accepted")
        }
    };
    let mut program = generate::program_of(seed, Arc::new(module), &rules);
    if program.module.function(program.entry).is_none() {
        return;
    }
    program.probe_gas = GAS;
    let engines = engines::engines();
    let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
    let found = compare(&[program], &engines, 3, &mut Random::new(seed));
    let found = found.expect("the reference has no fault");
    assert!(found.differences.is_empty(), "{:#?}", found.differences);
});
