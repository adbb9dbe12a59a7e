//! Holds the emitted module in wasmtime against the reference at every gas limit that matters.
#![cfg(test)]

use conformance::catalogue::{self, Case};
use emitted_wasmtime::Wasmtime;
use std::path::Path;

fn agree(cases: &[Case]) {
    let engine = Wasmtime::new().unwrap();
    let problems = conformance::problems(&[&engine], cases);
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn text_programs_agree_at_every_limit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs");
    let cases = catalogue::texts(&folder).unwrap();
    assert!(cases.len() >= 100, "{}", cases.len());
    agree(&cases);
}

#[test]
fn contracts_agree_at_every_limit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/wasm");
    let cases = catalogue::contracts(&folder).unwrap();
    assert!(!cases.is_empty());
    agree(&cases);
}
