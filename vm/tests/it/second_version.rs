//! Tests the limit that version 2 adds: the part of its gas that a caller keeps.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

use crate::calls_script::{Op, ScriptedContracts, Scripts, address, world};
use std::sync::Arc;
use vm::Rules;
use vm::unstable::limits::HostLimits;
use vm::unstable::rules::Version;

/// Gas of a caller after a call whose callee consumed its whole limit.
fn kept(shift: u32) -> u64 {
    let everything = Op::Call {
        flags: 0,
        to: address(1),
        entry: 0,
        value: 0,
        gas: u64::MAX,
    };
    let scripts: Scripts = [((0, 0), vec![everything]), ((1, 0), vec![Op::OutOfGas])].into();
    let host_limits = HostLimits {
        call_gas_kept_shift: shift,
        ..HostLimits::V1
    };
    let version = Version {
        number: 2,
        host_limits,
        ..Version::v1()
    };
    let rules = Arc::new(Rules::of(version).expect("rules"));
    let limit = 1 << 40;
    limit
        - ScriptedContracts::new(scripts)
            .run_under(&rules, &world(), limit)
            .gas_used
            .0
}

#[test]
fn a_version_sets_the_part_of_its_gas_that_a_caller_keeps() {
    let half = kept(1);
    assert!(half > 1 << 38, "{half}");
    assert_eq!(kept(6), half >> 5);
    assert_eq!(kept(63), 0);
}
