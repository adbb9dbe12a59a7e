//! Freezes which modules `check` accepts: an upgrade of the decoder must not change a verdict.
//!
//! A change of `corpus/verdicts.txt` changes consensus and must be listed in CHANGELOG.md under
//! that heading. Modules are hashed in groups, so that the file stays small; modules written by
//! hand have a line each.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts and oracles of tests"
)]

use conformance::differential::random::Random;
use conformance::encodings::{self, EncodedModule};
use conformance::golden;
use conformance::spec::official;
use conformance::spec::script::{CommandKind, Script, Source};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use vm::Rules;

/// Number of modules in one line of the file.
const GROUP: usize = 1_000;
/// Number of mutants of each contract.
const FLIPS: u64 = 600;
const TRUNCATIONS: u64 = 200;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn accepted(module: &[u8], rules: &Rules) -> bool {
    vm::check(module, rules).is_ok()
}

/// The verdict, and the line `<sha256 of the module> accepted|rejected` that a group hashes.
fn line(module: &[u8], rules: &Rules) -> (bool, String) {
    let accepted = accepted(module, rules);
    let verdict = if accepted { "accepted" } else { "rejected" };
    (
        accepted,
        format!("{} {verdict}\n", hex::encode(Sha256::digest(module))),
    )
}

/// Appends a line for each group: counts, and the hash of all verdicts in order. Returns the number
/// of modules.
fn groups(name: &str, modules: &[Vec<u8>], rules: &Rules, text: &mut String) -> usize {
    assert!(!modules.is_empty(), "{name}: no modules");
    for (number, group) in modules.chunks(GROUP).enumerate() {
        let mut hasher = Sha256::new();
        let mut accepted = 0;
        for module in group {
            let (verdict, line) = line(module, rules);
            accepted += usize::from(verdict);
            hasher.update(line);
        }
        let rejected = group.len() - accepted;
        let hash = hex::encode(hasher.finalize());
        text.push_str(&format!(
            "{name} {number}: {accepted} accepted {rejected} rejected {hash}\n"
        ));
    }
    modules.len()
}

fn source(kind: &CommandKind) -> Option<&Source> {
    match kind {
        CommandKind::Module(_, source)
        | CommandKind::Definition(_, source)
        | CommandKind::TrapsAtStart(source)
        | CommandKind::Invalid(source)
        | CommandKind::Malformed(source)
        | CommandKind::Unlinkable(source) => Some(source),
        _ => None,
    }
}

fn binaries(scripts: &[Script]) -> Vec<Vec<u8>> {
    let commands = scripts.iter().flat_map(|script| &script.commands);
    commands
        .filter_map(|command| match source(&command.kind) {
            Some(Source::Binary(bytes)) => Some(bytes.clone()),
            _ => None,
        })
        .collect()
}

/// Modules to mutate: contracts as they were first built, so that a rebuild changes no verdict.
fn originals() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder("corpus/modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(u64::try_from(bound).unwrap())).unwrap()
}

fn flipped(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = original.to_vec();
    let index = below(random, mutant.len());
    mutant[index] ^= 1 << below(random, 8);
    mutant
}

#[test]
fn verdicts_are_frozen() {
    let rules = Rules::v1();
    let mut text = String::from(
        "# Verdicts of `check`: a change is a change of consensus. BLESS=1 renews the file.\n",
    );
    let mut judged = groups("suite", &binaries(&official().unwrap()), &rules, &mut text);
    let mut random = Random::new(4);
    let (mut flips, mut cuts) = (Vec::new(), Vec::new());
    for original in originals() {
        flips.extend((0..FLIPS).map(|_| flipped(&original, &mut random)));
        let cut = |_| original[..below(&mut random, original.len())].to_vec();
        cuts.extend((0..TRUNCATIONS).map(cut));
    }
    judged += groups("bit flips", &flips, &rules, &mut text);
    judged += groups("truncations", &cuts, &rules, &mut text);
    let proposals = fs::read_to_string(folder("corpus/proposals.wast")).unwrap();
    for command in Script::parse("proposals", &proposals).unwrap().commands {
        let CommandKind::Module(Some(name), Source::Binary(module)) = command.kind else {
            panic!("line {}: expected a module with a name", command.line);
        };
        let (verdict, line) = line(&module, &rules);
        assert_eq!(verdict, name.starts_with("accepted_"), "{name}");
        text.push_str(&format!("{name}: {line}"));
        judged += 1;
    }
    for encoded in encodings::modules().chunks(5) {
        let mut hasher = Sha256::new();
        let mut verdicts = Vec::new();
        for EncodedModule {
            immediate,
            form,
            bytes,
            accepted,
        } in encoded
        {
            let (verdict, line) = line(bytes, &rules);
            assert_eq!(verdict, *accepted, "{immediate}, {form}");
            hasher.update(line);
            verdicts.push(format!("{form} {}", if verdict { "yes" } else { "no" }));
        }
        let (name, hash) = (&encoded[0].immediate, hex::encode(hasher.finalize()));
        text.push_str(&format!("{name}: {} {hash}\n", verdicts.join(", ")));
        judged += encoded.len();
    }
    println!("{judged} verdicts");
    golden::compare(&folder("corpus/verdicts.txt"), &text).unwrap();
}
