//! Enforces that a type name means one thing within a crate, and that pages stay short.

use crate::tidy::{files, report};
use std::collections::BTreeMap;

/// Lines of a page at most; a generated or recorded table may be longer in a file of its own.
const PAGE_LINES_MAX: usize = 600;

/// Names of files that do not say what is inside.
const VAGUE_FILES: [&str; 7] = ["odd", "act", "pace", "survey", "steps", "works", "thing"];

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
fn files_say_what_is_inside() {
    let is_vague = |name: &String| {
        name.trim_end_matches(".rs")
            .split('/')
            .any(|part| VAGUE_FILES.contains(&part))
    };
    let names = files(".rs").into_iter().map(|(name, _)| name);
    report(names.filter(is_vague).collect());
}

#[test]
fn pages_are_short() {
    let lines = |(name, text): (String, String)| (name, text.lines().count());
    let long = files(".md").into_iter().map(lines);
    report(
        long.filter(|(_, lines)| *lines > PAGE_LINES_MAX)
            .map(|(name, lines)| format!("{name}: {lines} lines, at most {PAGE_LINES_MAX}"))
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
