//! Tests that the fast pass of `check` and the decoder agree on every module that we have.
#![cfg(test)]

use conformance::differential::generate;
use conformance::differential::hostile;
use conformance::differential::random::Random;
use conformance::encodings;
use conformance::fast_pass::{ComparedBodies, bodies, compare};
use conformance::spec::official;
use conformance::spec::script::{CommandKind, Script, Source};
use std::fs;
use std::path::{Path, PathBuf};
use vectors::format::{Bytes, VectorCase};
use vectors::source::Set;
use vm::Rules;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;

/// Generated modules; the command `fast_pass` compares millions.
const GENERATED: u64 = 30_000;
/// Modules of wasm-smith.
const SMITH: u64 = 300;
/// Mutants of each built module.
const MUTANTS: usize = 60;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Modules below a folder.
fn built(name: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == "wasm"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn contracts() -> Vec<Vec<u8>> {
    [
        built("../contracts/wasm"),
        built("corpus/modules"),
        built("../benches/wasm"),
    ]
    .concat()
}

fn all(name: &str, modules: &[Vec<u8>]) -> ComparedBodies {
    let policies = [Rules::v1(), Rules::new(FloatPolicy::Reject, Schedule::v1())];
    let mut counts = ComparedBodies::default();
    for (number, module) in modules.iter().enumerate() {
        for rules in &policies {
            match compare(module, rules) {
                Ok(compared) => counts.add(compared),
                Err(difference) => panic!("{name} {number}: {difference}"),
            }
        }
    }
    println!("{name}: {} modules, {counts:?}", modules.len());
    counts
}

#[test]
fn the_fast_pass_accepts_every_body_of_the_built_modules() {
    let modules = contracts();
    for module in &modules {
        let compared = compare(module, &Rules::v1()).unwrap();
        assert_eq!(compared.accepted, compared.bodies);
        assert_eq!(compared.modules, 1);
    }
    let bodies = all("built", &modules).accepted;
    assert!(bodies > 1_000, "{bodies}");
}

/// A script's modules, also those that are not valid.
fn binaries(scripts: &[Script]) -> Vec<Vec<u8>> {
    let commands = scripts.iter().flat_map(|script| &script.commands);
    commands
        .filter_map(|command| match &command.kind {
            CommandKind::Module(_, Source::Binary(bytes))
            | CommandKind::Definition(_, Source::Binary(bytes))
            | CommandKind::TrapsAtStart(Source::Binary(bytes))
            | CommandKind::Invalid(Source::Binary(bytes))
            | CommandKind::Malformed(Source::Binary(bytes))
            | CommandKind::Unlinkable(Source::Binary(bytes)) => Some(bytes.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn both_ways_agree_on_the_suite_the_corpus_and_the_vectors() {
    let suite = binaries(&official().unwrap());
    assert!(suite.len() > 1_000, "{}", suite.len());
    assert!(all("suite", &suite).accepted > 1_000);
    let text = fs::read_to_string(folder("corpus/proposals.wast")).unwrap();
    all(
        "proposals",
        &binaries(&[Script::parse("proposals", &text).unwrap()]),
    );
    let encoded = encodings::modules().into_iter().map(|module| module.bytes);
    all("encodings", &encoded.collect::<Vec<_>>());
    let hostile = hostile::corpus().into_iter().map(|module| module.bytes);
    all("hostile", &hostile.collect::<Vec<_>>());
    let set = Set::embedded().unwrap();
    let mut modules = Vec::new();
    for part in set.parts() {
        for vector in &part.vectors {
            if let VectorCase::Check(check) = &vector.case {
                modules.push(match &check.module {
                    Bytes::Hex(text) => hex::decode(text).unwrap(),
                    Bytes::File(name) => set.file(part, name).unwrap().into_owned(),
                });
            }
        }
    }
    assert!(modules.len() > 100, "{}", modules.len());
    all("vectors", &modules);
}

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(u64::try_from(bound).unwrap())).unwrap()
}

/// A module with one byte changed, inserted or removed.
fn mutant(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = original.to_vec();
    let position = below(random, mutant.len());
    let byte = u8::try_from(random.below(256)).unwrap();
    match random.below(4) {
        0 => mutant[position] = byte,
        1 => mutant.insert(position, byte),
        2 => drop(mutant.remove(position)),
        _ => mutant[position] ^= 1 << below(random, 8),
    }
    mutant
}

#[test]
fn both_ways_agree_on_mutants_of_built_modules() {
    let mut random = Random::new(18);
    let mut mutants = Vec::new();
    for original in contracts() {
        mutants.extend((0..MUTANTS).map(|_| mutant(&original, &mut random)));
    }
    all("mutants", &mutants);
}

#[test]
fn both_ways_agree_on_generated_modules() {
    let smith = (0..SMITH).map(|seed| generate::bytes(seed).unwrap());
    all("wasm-smith", &smith.collect::<Vec<_>>());
    let generated: Vec<Vec<u8>> = (0..GENERATED).map(bodies::module).collect();
    let counts = all("generated", &generated);
    // A generator of modules that are mostly refused would compare nothing.
    assert!(counts.modules > GENERATED / 3, "{counts:?}");
    assert!(counts.accepted > GENERATED / 2, "{counts:?}");
}
