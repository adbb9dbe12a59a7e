//! Enforces that each sentence of docs/spec has an id, and that every citation leads somewhere.

use crate::tidy::{files, report, root, text_lines};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const SPEC: &str = "docs/spec/";

/// Phrases that cite what is not in this repository.
const OUTSIDE: [&str; 5] = [
    "consensus.md",
    "design.md",
    "(consensus: ",
    "(issue ",
    "(issues ",
];

/// Stem and text of each chapter.
fn chapters() -> Vec<(String, String)> {
    files(".md")
        .into_iter()
        .filter_map(|(name, text)| {
            let stem = name.strip_prefix(SPEC)?.strip_suffix(".md")?.to_owned();
            (stem != "README").then_some((stem, text))
        })
        .collect()
}

/// The lines of a page that are prose: no heading, table, code or empty line; with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let lines = text_lines(text).into_iter();
    let trimmed = lines.map(|(number, line)| (number, line.trim()));
    trimmed
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', '|']))
        .collect()
}

/// A line of prose without the mark of a list item.
fn item(line: &str) -> &str {
    let digits = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let numbered = (digits.len() < line.len()).then(|| digits.strip_prefix(". "));
    numbered
        .flatten()
        .or_else(|| line.strip_prefix("- "))
        .or_else(|| line.strip_prefix("* "))
        .unwrap_or(line)
}

/// The id that a sentence begins with.
fn id_of(line: &str) -> Option<&str> {
    let rest = item(line).strip_prefix('[')?;
    let (id, after) = rest.split_once(']')?;
    after.starts_with(' ').then_some(id)
}

/// True for `CHAPTER-SECTION-N`.
fn is_id(id: &str, chapter: &str) -> bool {
    let Some(rest) = id
        .strip_prefix(chapter)
        .and_then(|rest| rest.strip_prefix('-'))
    else {
        return false;
    };
    let Some((section, number)) = rest.rsplit_once('-') else {
        return false;
    };
    let is_slug =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_number = !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit());
    !section.is_empty() && section.chars().all(is_slug) && is_number && !number.starts_with('0')
}

/// True if a second sentence begins inside the line.
fn has_two_sentences(line: &str) -> bool {
    line.split(". ")
        .skip(1)
        .any(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

/// Breaches of one chapter, and its ids.
fn read_chapter(chapter: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let mut breaches = Vec::new();
    let mut ids = Vec::new();
    for (number, line) in prose(text) {
        let place = format!("{SPEC}{chapter}.md:{number}");
        match id_of(line) {
            Some(id) if is_id(id, chapter) => ids.push(id.to_owned()),
            Some(id) => breaches.push(format!("{place}: `{id}` is not {chapter}-SECTION-NUMBER")),
            None => breaches.push(format!("{place}: a sentence without an id: {line}")),
        }
        if has_two_sentences(item(line)) {
            breaches.push(format!("{place}: two sentences with one id: {line}"));
        }
    }
    (breaches, ids)
}

fn all_ids() -> BTreeSet<String> {
    chapters()
        .iter()
        .flat_map(|(chapter, text)| read_chapter(chapter, text).1)
        .collect()
}

#[test]
fn each_sentence_of_the_specification_has_an_id_of_its_own() {
    let mut breaches = Vec::new();
    let mut seen = BTreeMap::new();
    for (chapter, text) in chapters() {
        let (of_chapter, ids) = read_chapter(&chapter, &text);
        breaches.extend(of_chapter);
        for id in ids {
            *seen.entry(id).or_insert(0_usize) += 1;
        }
    }
    assert!(seen.len() > 100, "{} ids: the reader is broken", seen.len());
    breaches.extend(
        seen.iter()
            .filter(|(_, times)| **times > 1)
            .map(|(id, times)| format!("{id} names {times} sentences")),
    );
    report(breaches);
}

/// What looks like an id of a sentence in a line.
fn cited_ids<'t>(line: &'t str, chapters: &[String]) -> Vec<&'t str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    line.split(|letter: char| !is_part(letter))
        .filter(|word| chapters.iter().any(|chapter| is_id(word, chapter)))
        .collect()
}

/// The sections that a line cites, as (page, heading): `docs/spec/gas.md, "The frame"`.
fn cited_sections(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (start, _) in line.match_indices("docs/") {
        let Some(rest) = line.get(start..) else {
            continue;
        };
        let Some((page, after)) = rest.split_once(".md") else {
            continue;
        };
        let is_path = |letter: char| letter.is_ascii_alphanumeric() || "/-_".contains(letter);
        if !page.chars().all(is_path) {
            continue;
        }
        let after = after.trim_start_matches(['`', ')', ']']);
        let heading = after
            .strip_prefix(", \"")
            .and_then(|quoted| quoted.split_once('"'));
        if let Some((heading, _)) = heading {
            found.push((page, heading));
        }
    }
    found
}

/// Why a line's citations lead nowhere.
fn dead(line: &str, ids: &BTreeSet<String>, stems: &[String]) -> Vec<String> {
    let mut breaches = Vec::new();
    for id in cited_ids(line, stems) {
        if !ids.contains(id) {
            breaches.push(format!("no sentence has the id {id}"));
        }
    }
    for (page, heading) in cited_sections(line) {
        let text = fs::read_to_string(root().join(format!("{page}.md"))).unwrap_or_default();
        let is_it = |line: &str| line.starts_with('#') && line.trim_matches(['#', ' ']) == heading;
        if !text.lines().any(is_it) {
            breaches.push(format!("{page}.md has no section \"{heading}\""));
        }
    }
    for phrase in OUTSIDE.iter().filter(|phrase| line.contains(*phrase)) {
        breaches.push(format!("`{phrase}` is not in this repository"));
    }
    breaches
}

#[test]
fn every_citation_leads_to_a_section_or_sentence() {
    let ids = all_ids();
    let stems: Vec<String> = chapters().into_iter().map(|(stem, _)| stem).collect();
    let mut breaches = Vec::new();
    for extension in [".rs", ".md", ".toml", ".sh", ".json"] {
        for (name, text) in files(extension) {
            // Examples of this test; vectors, which are data.
            if name.ends_with("it/citations.rs") || name.starts_with("conformance/vectors/data") {
                continue;
            }
            for (number, line) in text.lines().enumerate() {
                let found = dead(line, &ids, &stems);
                breaches.extend(
                    found
                        .iter()
                        .map(|why| format!("{name}:{}: {why}", number + 1)),
                );
            }
        }
    }
    report(breaches);
}

#[test]
fn a_sentence_without_an_id_and_a_dead_citation_are_found() {
    let page = "# Gas\n\n[gas-scope-1] One.\n1. [gas-scope-2] Two. Three.\nFour.\n| [x] |\n";
    let (breaches, ids) = read_chapter("gas", page);
    assert_eq!(ids, ["gas-scope-1", "gas-scope-2"]);
    assert_eq!(breaches.len(), 2, "{breaches:?}");
    assert!(is_id("frames-before-4", "frames") && !is_id("frames-before-04", "frames"));
    assert!(!is_id("frames-4", "frames") && !is_id("gas-before-4", "frames"));
    let stems = ["gas".to_owned()];
    let known = BTreeSet::from(["gas-r-1".to_owned()]);
    assert_eq!(dead("see gas-r-1", &known, &stems).len(), 0);
    assert_eq!(dead("see gas-r-2", &known, &stems).len(), 1);
    assert_eq!(
        dead("docs/spec/gas.md, \"No such heading\".", &known, &stems).len(),
        1
    );
    assert_eq!(dead("as in consensus.md 6", &known, &stems).len(), 1);
}
