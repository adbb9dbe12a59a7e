//! Freezes which modules are accepted: an upgrade of the decoder must not move a verdict.
//!
//! A change of `corpus/verdicts.txt` is a change of consensus and belongs into CHANGELOG.md under
//! that name. Modules are hashed in groups, so that the file stays small; modules written by hand
//! have a line each.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts and oracles of tests"
)]

use conformance::golden;
use conformance::spec::official;
use conformance::spec::script::{CommandKind, Script, Source};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use vm::Rules;

/// Modules of one line of the file.
const GROUP: usize = 1_000;
/// Mutants of each contract.
const FLIPS: u64 = 600;
const TRUNCATIONS: u64 = 200;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn accepted(module: &[u8], rules: &Rules) -> bool {
    vm::check(module, rules).is_ok()
}

/// `<sha256 of the module> accepted|rejected`, as it enters the hash of a group.
fn line(module: &[u8], rules: &Rules) -> (bool, String) {
    let accepted = accepted(module, rules);
    let verdict = if accepted { "accepted" } else { "rejected" };
    (
        accepted,
        format!("{} {verdict}\n", hex::encode(Sha256::digest(module))),
    )
}

/// A line for each group: counts, and the hash of all verdicts in their order.
fn groups(name: &str, modules: &[Vec<u8>], rules: &Rules, text: &mut String) -> usize {
    assert!(!modules.is_empty(), "{name}: nothing to judge");
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

/// Modules to break: contracts as they once were built, so that a rebuild moves nothing here.
fn originals() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder("corpus/modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(bound).unwrap()).unwrap()
    }
}

fn flipped(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = original.to_vec();
    let place = random.below(mutant.len());
    mutant[place] ^= 1 << random.below(8);
    mutant
}

#[test]
fn verdicts_are_frozen() {
    let rules = Rules::v1();
    let mut text = String::from(
        "# Verdicts of `check`: a change is a change of consensus. BLESS=1 renews the file.\n",
    );
    let mut judged = groups("suite", &binaries(&official().unwrap()), &rules, &mut text);
    let mut random = Random(4);
    let (mut flips, mut cuts) = (Vec::new(), Vec::new());
    for original in originals() {
        flips.extend((0..FLIPS).map(|_| flipped(&original, &mut random)));
        let cut = |_| original[..random.below(original.len())].to_vec();
        cuts.extend((0..TRUNCATIONS).map(cut));
    }
    judged += groups("bit flips", &flips, &rules, &mut text);
    judged += groups("truncations", &cuts, &rules, &mut text);
    let proposals = fs::read_to_string(folder("corpus/proposals.wast")).unwrap();
    for command in Script::parse("proposals", &proposals).unwrap().commands {
        let CommandKind::Module(Some(name), Source::Binary(module)) = command.kind else {
            panic!("line {}: a module with a name is expected", command.line);
        };
        let (verdict, line) = line(&module, &rules);
        assert_eq!(verdict, name.starts_with("accepted_"), "{name}");
        text.push_str(&format!("{name}: {line}"));
        judged += 1;
    }
    println!("{judged} verdicts");
    golden::compare(&folder("corpus/verdicts.txt"), &text).unwrap();
}
