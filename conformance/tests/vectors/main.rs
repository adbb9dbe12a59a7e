//! Generates the golden vectors, compares them with the frozen ones, and runs these on all engines.
//!
//! `BLESS=1 cargo test -p conformance --test vectors` updates `conformance/vectors/data`. It keeps
//! the inputs as long as they work: built contracts under `modules/contracts` and archives under
//! `chains`. To generate one of these again, delete its file first.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

mod calls;
mod chains;
mod checks;
mod coverage;
mod cryptography;
mod messages;
mod probes;
mod windows;

use conformance::golden::{self, blesses};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use vectors::format::{Part, Vector, VectorCase};
use vectors::report::Report;
use vectors::run::{EngineKind, Runner};
use vectors::source::Set;

/// Most bytes of all files together, since every clone and the binary contain them.
const BYTES_MAX: usize = 3_700_000;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn data() -> PathBuf {
    project("conformance/vectors/data")
}

/// Files of a folder with this extension, by name.
fn files(folder: &Path, ending: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == ending)
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// A vector file under construction, with the files that it names.
struct Draft {
    part: Part,
    files: BTreeMap<String, Vec<u8>>,
}

impl Draft {
    fn new(about: &str) -> Self {
        Self {
            part: Part::new(about),
            files: BTreeMap::new(),
        }
    }

    /// Adds a file.
    fn file(&mut self, name: &str, bytes: Vec<u8>) {
        let hash = hex::encode(Sha256::digest(&bytes));
        self.part.files.insert(name.to_owned(), hash);
        self.files.insert(name.to_owned(), bytes);
    }

    /// Adds a vector; `finish` fills in its result.
    fn add(&mut self, name: &str, case: VectorCase) {
        self.part.vectors.push(Vector {
            name: name.to_owned(),
            case,
            expected: BTreeMap::new(),
        });
    }

    /// The vector file with the results of the reference, and all files that it names.
    fn finish(mut self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files;
        let text = self.part.render().unwrap();
        files.insert(name.to_owned(), text.into_bytes());
        let set = Set::of_files(files.clone()).unwrap();
        let mut runner = Runner::new(&set, &[EngineKind::of(&engines::REFERENCE)]);
        let observed = runner.run(&mut |_, _| ()).unwrap();
        for (vector, seen) in self.part.vectors.iter_mut().zip(observed) {
            assert!(!seen.fields.is_empty(), "{}: no result", vector.name);
            vector.expected = seen.fields;
        }
        let text = self.part.render().unwrap();
        files.insert(name.to_owned(), text.into_bytes());
        files
    }
}

/// All generated files, by name.
fn made() -> BTreeMap<String, Vec<u8>> {
    let parts = [
        ("calls.json", calls::programs()),
        ("contracts.json", calls::contracts()),
        ("checks.json", checks::draft()),
        ("rules.json", checks::rules()),
        ("cryptography.json", cryptography::draft()),
        ("messages.json", messages::draft()),
        ("chains.json", chains::draft()),
        ("probes.json", probes::draft()),
        ("windows.json", windows::draft()),
    ];
    let finished = parts.map(|(name, draft)| draft.finish(name));
    finished.into_iter().flatten().collect()
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            let name = path.strip_prefix(data()).unwrap().to_str().unwrap();
            found.push(name.replace('\\', "/"));
        }
    }
}

#[test]
fn the_frozen_vectors_match_the_generated_ones() {
    let made = made();
    let bytes: usize = made.values().map(Vec::len).sum();
    println!("{} files, {bytes} bytes", made.len());
    assert!(bytes < BYTES_MAX, "{bytes}");
    for (name, bytes) in &made {
        let path = data().join(name);
        if blesses() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if name.ends_with(".json") => golden::compare(&path, text).unwrap(),
            _ => golden::compare_bytes(&path, bytes).unwrap(),
        }
    }
    let mut found = Vec::new();
    walk(&data(), &mut found);
    found.sort();
    let names: Vec<String> = made.into_keys().collect();
    assert_eq!(
        found, names,
        "a file exists that no vector names, or the other way round"
    );
}

fn run(set: &Set, engines: &[EngineKind]) -> Report {
    let observed = Runner::new(set, engines).run(&mut |_, _| ()).unwrap();
    let names = engines.iter().map(|kind| kind.name().to_owned());
    Report::new(set, names.collect(), observed)
}

#[test]
fn all_engines_return_the_expected_results() {
    if blesses() {
        return;
    }
    let set = Set::of_folder(&data()).unwrap();
    let embedded = Set::embedded().unwrap();
    assert_eq!(set.id(), embedded.id(), "the binary embeds other vectors");
    let all = run(&set, &EngineKind::all());
    assert!(all.vectors > 2_000, "{}", all.vectors);
    assert_eq!(all.first_difference, None);
    println!("{} vectors, root {}", all.vectors, all.root);
}
