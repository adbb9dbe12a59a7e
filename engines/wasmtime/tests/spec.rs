//! Runs the cases of the official test suite as instrumented modules in wasmtime.
#![cfg(test)]

use conformance::spec::{Suite, official};
use lockstep_wasmtime::Wasmtime;

fn suite() -> Suite {
    Suite::read(&official().unwrap()).unwrap()
}

fn agrees(suite: &Suite) {
    let differences = suite.run(&Wasmtime::new()).unwrap();
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} differences:\n{}",
        lines.len(),
        lines.join("\n")
    );
    assert!(!suite.cases.is_empty());
    println!(
        "wasmtime: {} cases agree with the reference",
        suite.cases.len()
    );
}

/// The first half of the cases; the test of the second half runs in parallel.
#[test]
fn the_instrumented_module_in_wasmtime_agrees_with_the_reference() {
    let mut suite = suite();
    suite.cases.truncate(suite.cases.len().div_ceil(2));
    agrees(&suite);
}

#[test]
fn the_instrumented_module_in_wasmtime_agrees_in_the_second_half() {
    let mut suite = suite();
    suite.cases = suite.cases.split_off(suite.cases.len().div_ceil(2));
    agrees(&suite);
}
