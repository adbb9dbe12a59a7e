//! Calls every target with each of its seeds: none panics, and each stays within its memory limit.

use crate::{folder, names};
use fuzzed::TARGETS;
use peakmem_alloc::{INSTRUMENTED_SYSTEM, PeakMemAlloc, PeakMemAllocTrait};
use std::alloc::System;

#[global_allocator]
static HEAP: &PeakMemAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes of all seeds and dictionaries together, at most.
const COMMITTED_BYTES_MAX: u64 = 300_000;

/// A row of `fuzz/limits`.
struct Limits {
    name: String,
    input_bytes: usize,
    memory_mib: usize,
}

fn limits() -> Vec<Limits> {
    let text = std::fs::read_to_string(folder().join("limits")).expect("the file is readable");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [name, input_bytes, memory_mib] = cells[..] else {
            panic!("{line}: a row has three cells");
        };
        Limits {
            name: name.to_owned(),
            input_bytes: input_bytes.parse().expect("bytes are a number"),
            memory_mib: memory_mib.parse().expect("MiB are a number"),
        }
    })
    .collect()
}

#[test]
fn every_target_has_limits_seeds_and_a_program() {
    let expected: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut sorted = expected.clone();
    sorted.sort();
    assert_eq!(expected, sorted, "TARGETS is in the order of the names");
    let of_limits: Vec<String> = limits().into_iter().map(|row| row.name).collect();
    assert_eq!(of_limits, expected, "fuzz/limits");
    assert_eq!(names(&folder().join("corpus")), expected, "fuzz/corpus");
    let programs: Vec<String> = expected.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&folder().join("fuzz_targets")), programs);
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).expect("it is readable");
    for name in expected {
        assert!(
            manifest.contains(&format!("\nname = \"{name}\"\n")),
            "{name} is no program"
        );
    }
}

#[test]
fn no_target_panics_on_a_seed_or_takes_more_memory_than_its_limit() {
    let mut seeds = 0;
    for ((name, target), limits) in TARGETS.into_iter().zip(limits()) {
        // What a target makes once is no part of an input's memory.
        target(&[0; 64]);
        let corpus = folder().join("corpus").join(name);
        for seed in names(&corpus) {
            let bytes = std::fs::read(corpus.join(&seed)).expect("a seed is readable");
            assert!(
                bytes.len() <= limits.input_bytes,
                "{name}/{seed}: {} bytes",
                bytes.len()
            );
            HEAP.reset_peak_memory();
            target(&bytes);
            let peak = HEAP.get_peak_memory() >> 20;
            assert!(peak <= limits.memory_mib, "{name}/{seed}: {peak} MiB");
            seeds += 1;
        }
    }
    assert!(seeds > 100, "{seeds} seeds: the search is broken");
}

#[test]
fn seeds_and_dictionaries_are_small() {
    let mut bytes = 0;
    for top in ["corpus", "dictionaries"] {
        for name in names(&folder().join(top)) {
            let path = folder().join(top).join(name);
            let files = match path.is_dir() {
                true => names(&path)
                    .into_iter()
                    .map(|name| path.join(name))
                    .collect(),
                false => vec![path],
            };
            for file in files {
                bytes += std::fs::metadata(file).expect("the file is there").len();
            }
        }
    }
    assert!(bytes <= COMMITTED_BYTES_MAX, "{bytes} bytes");
}
