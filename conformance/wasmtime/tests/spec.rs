//! Runs the official suite's cases on the emitted form in wasmtime.
#![cfg(test)]

use conformance::spec::{Suite, official};
use emitted_wasmtime::Wasmtime;

#[test]
fn the_emitted_form_in_wasmtime_does_what_the_reference_does() {
    let suite = Suite::read(&official().unwrap()).unwrap();
    let differences = suite.run(&Wasmtime::new().unwrap()).unwrap();
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} differences:\n{}",
        lines.len(),
        lines.join("\n")
    );
    println!("wasmtime: {} cases as the reference", suite.cases.len());
}
