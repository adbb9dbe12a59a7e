//! Compares the instrumented module in wasmtime with R at every gas limit that matters.
#![cfg(test)]

mod samples;

use conformance::catalogue::{self, Case};
use conformance::differential::{campaign, failing, sweeps};
use lockstep_wasmtime::Wasmtime;
use std::num::NonZeroUsize;
use std::path::Path;
use vm::Engine;

fn agree(cases: &[Case]) {
    let engine = Wasmtime::new();
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/programs");
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

/// A few seeds and sweeps; the binary `differential` runs thousands.
#[test]
fn generated_modules_agree() {
    let threads = NonZeroUsize::new(2).unwrap();
    let engines = || -> Vec<Box<dyn Engine>> { vec![Box::new(Wasmtime::new())] };
    let report = campaign::seeds(0..100, threads, &engines);
    println!("{}", report.summary());
    let problems = report.problems().join("\n");
    let shown = failing::shown(&report, &engines).join("\n");
    assert!(problems.is_empty(), "{problems}\n{shown}");
    let swept = sweeps::sweep_programs(4, threads, &engines);
    println!("{}", swept.summary());
    assert!(swept.problems.is_empty(), "{}", swept.problems.join("\n"));
    assert_eq!(swept.programs, 4);
}
