//! Runs the official suite's cases on the emitted form in wasmtime.
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
    println!("wasmtime: {} cases as the reference", suite.cases.len());
}

/// The first half of the cases; the other runs beside it.
#[test]
fn the_emitted_form_in_wasmtime_does_what_the_reference_does() {
    let mut suite = suite();
    suite.cases.truncate(suite.cases.len().div_ceil(2));
    agrees(&suite);
}

#[test]
fn the_emitted_form_in_wasmtime_does_the_second_half_too() {
    let mut suite = suite();
    suite.cases = suite.cases.split_off(suite.cases.len().div_ceil(2));
    agrees(&suite);
}
