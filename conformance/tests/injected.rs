//! Checks that two checks find every injected bug, and that none finds anything in R.
#![cfg(test)]

use conformance::catalogue::{self, Case};
use conformance::injected::bugs::{Bug, bugs};
use conformance::injected::checks::{CHECKS, find, table, without_host};
use reference::Reference;
use std::path::Path;

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    without_host(catalogue::texts(&folder).unwrap())
}

#[test]
fn every_injected_bug_is_found_by_two_checks() {
    let cases = cases();
    let bugs = bugs();
    assert!(bugs.len() >= 18, "{}", bugs.len());
    let findings: Vec<_> = bugs.iter().map(|bug| find(bug, &cases, 2)).collect();
    let escaped: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.evidence.len() < 2)
        .map(|finding| finding.bug)
        .collect();
    assert!(
        escaped.is_empty(),
        "{escaped:?}\n{}\n{findings:#?}",
        table(&findings)
    );
}

/// Bugs that must be among them, each with the name of its entry.
const LIST: [(&str, &str); 7] = [
    (
        "a missing refund",
        "what was not executed after a trap stays paid",
    ),
    ("an entry charge skipped", "an entry charge skipped"),
    ("a limit off by one", "a gas limit off by one"),
    (
        "a stale memory limit after grow",
        "a stale memory limit after grow",
    ),
    ("a 33-bit address", "a 33-bit address wrapped to 32"),
    ("a wrong float bit", "a wrong float bit: NaN made quiet"),
    ("an unstable order", "an unstable order of data segments"),
];

#[test]
fn every_bug_of_the_list_is_injected() {
    let bugs = bugs();
    for (bug, entry) in LIST {
        assert!(bugs.iter().any(|injected| injected.name == entry), "{bug}");
    }
}

/// Without this test, a check that always fails would look like a good one.
#[test]
fn no_check_finds_a_bug_where_there_is_none() {
    let none = Bug {
        name: "none",
        engine: Box::new(Reference::new()),
    };
    let finding = find(&none, &cases(), CHECKS.len());
    assert!(finding.evidence.is_empty(), "{finding:?}");
}
