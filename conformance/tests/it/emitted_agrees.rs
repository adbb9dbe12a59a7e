//! Holds the emitted module in wasmi against the reference at every gas limit that matters.

use conformance::catalogue::{self, Case, describe};
use conformance::sweep;
use emitted::Wasmi;
use std::path::Path;
use vm::frames::FrameExit;
use vm::{Engine, Trap};
use wasmparser::{Validator, WasmFeatures};

fn folder(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Sweeps every case; all differences of all programs in one message.
fn agree(cases: &[Case], engines: &[&dyn Engine]) {
    let mut problems = Vec::new();
    for Case { program, expected } in cases {
        match sweep(engines, program) {
            Ok(found) => {
                problems.extend(found.differences.iter().map(ToString::to_string));
                let end = describe(&found.exit);
                if expected.as_ref().is_some_and(|expected| *expected != end) {
                    problems.push(format!("{}: ended with {end}, {expected:?}", program.name));
                }
            }
            Err(fault) => problems.push(format!("{}: {fault}", program.name)),
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn text_programs_end_as_they_say_and_agree_at_every_limit() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    assert!(cases.len() >= 100, "{}", cases.len());
    agree(&cases, &[&Wasmi::new()]);
}

#[test]
fn contracts_agree_at_every_limit() {
    let cases = catalogue::contracts(&folder("../contracts/wasm")).unwrap();
    assert!(!cases.is_empty());
    agree(&cases, &[&Wasmi::new()]);
}

#[test]
fn a_cache_changes_nothing() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    let few: Vec<Case> = cases.into_iter().step_by(17).collect();
    agree(&few, &[&Wasmi::without_cache()]);
}

/// Every emitted module is plain: no floats, nothing beyond the MVP but three small proposals.
#[test]
fn every_emitted_module_is_valid_in_the_smallest_feature_set() {
    let features = WasmFeatures::WASM1.difference(WasmFeatures::FLOATS)
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY;
    let mut cases = catalogue::texts(&folder("programs")).unwrap();
    cases.extend(catalogue::contracts(&folder("../contracts/wasm")).unwrap());
    for Case { program, .. } in &cases {
        let bytes = vm::emit::emit(&program.module, &program.rules);
        let valid = Validator::new_with_features(features).validate_all(&bytes).map(|_| ());
        assert!(valid.is_ok(), "{}: {valid:?}", program.name);
    }
}

/// The catalogue reaches every trap that a guest can raise by itself, and every other end.
#[test]
fn the_catalogue_covers_every_end() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    let promised: Vec<&str> = cases.iter().filter_map(|case| case.expected.as_deref()).collect();
    let host_only = [Trap::StaticViolation, Trap::OutputLength, Trap::UnknownFlag, Trap::ValueLength];
    for trap in Trap::ALL.iter().filter(|trap| !host_only.contains(trap)) {
        let end = describe(&FrameExit::Trap(*trap));
        assert!(promised.contains(&end.as_str()), "no program ends with {end}");
    }
    for end in ["return", "revert", "out-of-gas"] {
        assert!(promised.contains(&end), "no program ends with {end}");
    }
}
