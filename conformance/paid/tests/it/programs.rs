//! Runs the programs of the differential on the interpreter, each in a frame of its own.

use crate::chains::engine;
use conformance::differential::{generate, single};
use std::sync::Arc;
use vectors::observation::observe;
use vectors::program::Program;
use vm::Rules;
use vm::unstable::frames::frame_price;
use vm::unstable::opcode::TABLE;
use work::double::{begin, end, take};

/// Gas that a transaction pays before its payload, without bytes and signature.
const PAID: u64 = 500_000;

/// What was found in one program.
fn findings(program: &Program) -> Vec<String> {
    let engine = engine();
    let price = frame_price(&program.module, &program.rules);
    begin(PAID + price).unwrap();
    let observation = observe(&engine, program, program.probe_gas).unwrap();
    end("the frame", PAID + price + observation.gas_used);
    let report = take();
    let findings = report.findings.iter();
    findings
        .map(|finding| format!("{}: {finding}", program.name))
        .collect()
}

#[test]
fn no_program_of_the_differential_does_work_that_was_not_paid() {
    let deep = std::env::var_os("DEEP").is_some();
    let rules = Arc::new(Rules::v1());
    let seeds = if deep { 3_000 } else { 150 };
    let mut found = Vec::new();
    for seed in 0..seeds {
        let program = generate::program(seed, &rules).unwrap();
        found.extend(findings(&program));
    }
    let groups = u64::try_from(TABLE.len()).unwrap() + 2;
    for group in (0..groups).filter(|group| deep || group % 16 == 0 || group + 2 >= groups) {
        for program in single::programs(group, single::Depth::Quick, &rules).unwrap() {
            found.extend(findings(&program));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
