//! Checks that the tests named in docs/determinism.md exist, and that its lints are on.

use super::tidy::{files, root};
use std::collections::BTreeSet;
use std::fs;

/// Lints of the workspace on which the page relies.
const LINTS: [&str; 8] = [
    "float_arithmetic",
    "host_endian_bytes",
    "big_endian_bytes",
    "iter_over_hash_type",
    "disallowed_types",
    "disallowed_methods",
    "arithmetic_side_effects",
    "as_conversions",
];
/// Types and functions that `clippy.toml` disallows.
const DISALLOWED: [&str; 6] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::env::var",
    "std::thread::spawn",
];

/// Names of all functions under `#[test]`, and of those in `proptest!`.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, text) in files(".rs") {
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line == "#[test]" {
                is_test = true;
            } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
                let name = rest.split('(').next().unwrap_or_default();
                names.insert(name.to_owned());
                is_test = false;
            }
        }
    }
    names
}

fn page() -> String {
    fs::read_to_string(root().join("docs/determinism.md")).unwrap()
}

/// The names between backquotes that look like names of tests.
fn named(text: &str) -> Vec<&str> {
    let is_name = |word: &&str| {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        word.matches('_').count() >= 2 && word.bytes().all(is_allowed)
    };
    text.split('`').skip(1).step_by(2).filter(is_name).collect()
}

#[test]
fn every_test_that_the_page_names_exists() {
    let tests = tests();
    let page = page();
    let missing: Vec<&str> = named(&page)
        .into_iter()
        .filter(|name| !tests.contains(*name))
        .collect();
    assert!(missing.is_empty(), "no such test: {missing:#?}");
    let lines = page.lines().zip(page.lines().skip(1));
    let rows = lines.filter(|(line, _)| line.starts_with("| "));
    let is_header = |next: &str| next.starts_with("|---");
    let empty: Vec<&str> = rows
        .filter(|(_, next)| !is_header(next))
        .map(|(row, _)| row)
        .filter(|row| {
            let tests = row.rsplit('|').nth(1);
            tests.is_none_or(|tests| named(tests).is_empty())
        })
        .collect();
    assert!(empty.is_empty(), "no test is named in: {empty:#?}");
}

/// Without this test, a page whose names are not recognised would pass.
#[test]
fn a_name_that_is_no_test_is_found() {
    assert_eq!(
        named("a `no_such_test_here` b `Trap` c `x_y`"),
        ["no_such_test_here"]
    );
    assert!(named(&page()).len() > 80);
    assert!(!tests().contains("no_such_test_here"));
}

#[test]
fn the_lints_for_determinism_are_on() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in LINTS {
        assert!(manifest.contains(&format!("\n{lint} = \"deny\"")), "{lint}");
    }
    let clippy = fs::read_to_string(root().join("clippy.toml")).unwrap();
    for path in DISALLOWED {
        assert!(clippy.contains(&format!("path = \"{path}\"")), "{path}");
    }
    let without: Vec<String> = files("Cargo.toml")
        .into_iter()
        .filter(|(name, text)| text.contains("[package]") && !name.starts_with("contracts/"))
        .filter(|(name, text)| {
            name != "fuzz/Cargo.toml" && !text.contains("[lints]\nworkspace = true")
        })
        .map(|(name, _)| name)
        .collect();
    assert!(
        without.is_empty(),
        "without the lints of the workspace: {without:?}"
    );
}
