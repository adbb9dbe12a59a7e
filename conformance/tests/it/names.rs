//! Enforces that a type name means one thing within a crate.

use crate::tidy::{files, report};
use std::collections::BTreeMap;

/// The folder of the crate of a source file.
fn crate_of(name: &str) -> Option<&str> {
    let (folder, _) = name.split_once("/src/")?;
    Some(folder)
}

/// The type that a line at the left margin defines.
fn defined(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or_else(|| {
        let rest = line.strip_prefix("pub(");
        rest.and_then(|rest| rest.split_once(") "))
            .map_or(line, |(_, rest)| rest)
    });
    let (kind, rest) = line.split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "type", "union"].contains(&kind);
    let end = rest
        .find(|letter: char| !letter.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    is_type.then(|| rest.get(..end)).flatten()
}

#[test]
fn a_type_name_means_one_thing_within_a_crate() {
    let mut places: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (name, text) in files(".rs") {
        let Some(of) = crate_of(&name) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(found) = defined(line) {
                let key = (of.to_owned(), found.to_owned());
                let place = format!("{name}:{}", number + 1);
                places.entry(key).or_default().push(place);
            }
        }
    }
    assert!(
        places.len() > 500,
        "{} types: the reader is broken",
        places.len()
    );
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    report(
        twice
            .map(|((_, found), places)| format!("{found}: {}", places.join(", ")))
            .collect(),
    );
}

#[test]
fn a_definition_is_distinguished_from_other_lines() {
    assert_eq!(defined("pub(crate) struct Frame<'a> {"), Some("Frame"));
    assert_eq!(defined("pub enum Step {"), Some("Step"));
    assert_eq!(defined("type Handler = fn();"), Some("Handler"));
    assert_eq!(defined("    type Target = [u64];"), None);
    assert_eq!(defined("impl Frame {"), None);
}
