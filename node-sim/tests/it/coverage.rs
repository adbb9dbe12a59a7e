//! Compares the table of statements with docs/spec, and its counts with the default run.

use node_sim::coverage::{Coverage, Covered, Reach, rows};
use node_sim::simulate::{BLOCKS_DEFAULT, NoProgress, Plan, run, standard};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Blocks and seed of `lockstep sim` without arguments.
const DEFAULT: (u64, u64) = (BLOCKS_DEFAULT, 1);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn covered((blocks, seed): (u64, u64)) -> Coverage {
    let coverage = Coverage::new();
    let executors = standard(1).into_iter().chain([coverage.executor()]);
    let report = run(
        &Plan::new(blocks, seed),
        executors.collect(),
        &mut NoProgress,
    )
    .unwrap();
    assert!(report.agreed, "{:#?}", report.first_difference);
    coverage
}

/// The id of each sentence of the specification.
fn ids() -> BTreeSet<String> {
    let pages = fs::read_dir(root().join("docs/spec")).unwrap();
    let pages = pages.map(|page| page.unwrap().path());
    let texts = pages.map(|page| fs::read_to_string(page).unwrap());
    let mut ids = BTreeSet::new();
    for text in texts {
        for line in text.lines() {
            let item = line.trim().trim_start_matches(|letter: char| {
                letter.is_ascii_digit() || ". -*".contains(letter)
            });
            let id = item
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("] "));
            let is_id = |id: &str| id.ends_with(|last: char| last.is_ascii_digit());
            ids.extend(id.map(|(id, _)| id.to_owned()).filter(|id| is_id(id)));
        }
    }
    assert!(ids.len() > 900, "{} ids: the reader is broken", ids.len());
    ids
}

#[test]
fn each_sentence_of_the_specification_has_one_row() {
    let rows = rows();
    let named: BTreeSet<String> = rows.iter().map(|row| row.id.to_owned()).collect();
    assert_eq!(named.len(), rows.len(), "an id has two rows");
    let ids = ids();
    let missing: Vec<&String> = ids.difference(&named).collect();
    let gone: Vec<&String> = named.difference(&ids).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "without a row: {missing:?}; gone: {gone:?}"
    );
}

#[test]
fn each_row_that_no_run_reaches_says_why_and_names_tests_that_exist() {
    let mut sources = String::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let vectors = root().join("conformance/vectors/data");
    let exists = |place: &str| match place.strip_prefix("vectors:") {
        Some(file) => vectors.join(file).exists(),
        None => sources.contains(&format!("fn {place}(")),
    };
    let mut wrong = Vec::new();
    for row in rows() {
        match row.reach {
            Reach::Facts(facts) if facts.is_empty() => wrong.push(format!("{}: nothing", row.id)),
            Reach::Elsewhere { why: "", .. } => wrong.push(format!("{}: no reason", row.id)),
            Reach::Elsewhere { places, .. } => {
                let lost = places.into_iter().filter(|place| !exists(place));
                wrong.extend(lost.map(|place| format!("{}: no test {place}", row.id)));
            }
            Reach::Facts(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_default_run_reaches_every_row_that_a_run_can_reach() {
    let coverage = covered(DEFAULT);
    for (fact, count) in coverage.facts() {
        println!("{count:8} {fact}");
    }
    let is_missed = |covered: &Covered| covered.count == Some(0);
    let missed: Vec<&str> = coverage
        .report()
        .iter()
        .filter(|covered| is_missed(covered))
        .map(|covered| covered.id)
        .collect();
    assert!(
        missed.is_empty(),
        "{} not reached: {missed:#?}",
        missed.len()
    );
}

#[test]
fn a_shorter_run_reaches_less() {
    let report = covered((3, 1)).report();
    let of = |id: &str| {
        report
            .iter()
            .find(|covered| covered.id == id)
            .unwrap()
            .count
    };
    assert_eq!(of("host-block-hash-9"), Some(0));
    assert!(of("transactions-encoding-5") > Some(0));
    assert_eq!(of("rules-id-1"), None);
}
