//! Prints a failing seed: shrunk, in the text format, with the command that reproduces it.

use super::campaign::CampaignReport;
use super::compare::compare;
use super::engines::MakeEngines;
use super::random::Random;
use super::{generate, shrink};
use crate::sweep::Difference;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Engine, Rules};

/// Most seeds that are shrunk; each takes thousands of runs.
const SHRUNK_MAX: usize = 3;

/// The failing seeds of `report`, each as a `.wat` with its command.
#[must_use]
pub fn shown(report: &CampaignReport, make: &MakeEngines<'_>) -> Vec<String> {
    let mut first: BTreeMap<u64, &Difference> = BTreeMap::new();
    for difference in &report.found.differences {
        if let Some(seed) = seed_of(difference) {
            first.entry(seed).or_insert(difference);
        }
    }
    let first = first.into_iter().take(SHRUNK_MAX);
    first
        .map(|(seed, difference)| show(seed, difference, make))
        .collect()
}

fn seed_of(difference: &Difference) -> Option<u64> {
    difference
        .program
        .strip_prefix("seed ")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn show(seed: u64, difference: &Difference, make: &MakeEngines<'_>) -> String {
    let rules = Arc::new(Rules::v1());
    let bytes = match generate::bytes(seed) {
        Ok(bytes) => bytes,
        Err(why) => return why,
    };
    let engines = make();
    let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
    // Any difference of the same kind counts: gas and addresses change as the module gets smaller.
    let mut fails = |bytes: &[u8]| {
        let Ok(module) = vm::check(bytes, &rules) else {
            return false;
        };
        let program = generate::program_of(seed, Arc::new(module), &rules);
        let compared = compare(
            &[program],
            &engines,
            4,
            &mut Random::new(seed.wrapping_add(1)),
        );
        compared.is_ok_and(|found| {
            let same = |other: &Difference| {
                other.engine == difference.engine && kind(other) == kind(difference)
            };
            found.differences.iter().any(same)
        })
    };
    let small = shrink::shrink(&bytes, &mut fails);
    let range = format!("{seed}..{}", seed.saturating_add(1));
    let engine = difference.engine;
    let command = "cargo run --release -p conformance --bin differential --";
    let call = match vm::check(&small, &rules) {
        Ok(module) => {
            let program = generate::program_of(seed, Arc::new(module), &rules);
            format!(
                "calls function {} with {:?}",
                program.entry, program.arguments
            )
        }
        Err(_) => String::new(),
    };
    let headline =
        format!("{difference}\n;; {call}\n;; {command} --seeds {range} --engine {engine}");
    shrink::print(&small, &headline)
}

/// The name of the field without its address or index.
fn kind(difference: &Difference) -> &str {
    let field = difference.field.field.as_str();
    field.split(['[', ' ']).next().unwrap_or(field)
}
