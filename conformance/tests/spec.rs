//! Runs the official suite: versions 1 to 3 of the standard and the proposals in the profile.
#![cfg(test)]

use conformance::golden;
use conformance::spec::{Suite, official};
use engine_wasmi::Wasmi;
use std::path::Path;
use std::sync::OnceLock;
use vm::Engine;

fn suite() -> &'static Suite {
    static SUITE: OnceLock<Suite> = OnceLock::new();
    SUITE.get_or_init(|| Suite::read(&official().unwrap()).unwrap())
}

#[test]
fn the_reference_passes_the_suite() {
    let failures = &suite().failures;
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn agrees(engine: &dyn Engine) {
    let differences = suite().run(engine).unwrap();
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} differences:\n{}",
        lines.len(),
        lines.join("\n")
    );
    println!(
        "{}: {} cases agree with the reference",
        engine.name(),
        suite().cases.len()
    );
}

#[test]
fn the_instrumented_module_in_wasmi_agrees_with_the_reference() {
    agrees(&Wasmi::new());
}

#[test]
fn the_instrumented_module_with_lowered_bulk_operators_agrees_too() {
    agrees(&Wasmi::with_lowered_bulk());
}

#[test]
fn counts_inside_and_outside_the_profile_are_frozen() {
    let suite = suite();
    let mut text = String::from("# Commands of the official suite, by reason where left out.\n");
    for (part, tally) in &suite.tallies {
        text.push_str(&format!("{part}\n{tally}"));
    }
    text.push_str(&format!("all\n{}", suite.total()));
    text.push_str("left out one by one\n");
    for (location, reason) in &suite.exceptions {
        text.push_str(&format!("  {location} {reason}\n"));
    }
    println!("{}", suite.total());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/spec.txt");
    golden::compare(&path, &text).unwrap();
}
