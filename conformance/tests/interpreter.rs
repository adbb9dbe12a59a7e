//! Compares the interpreter, with both dispatch strategies, with the reference.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

use conformance::catalogue::{self, Case};
use conformance::differential::campaign::{self, CampaignReport};
use conformance::differential::single::Depth;
use conformance::differential::{generate, sweeps};
use conformance::{Program, observe, problems};
use reference::Reference;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm::unstable::execute::Strategy;
use vm::unstable::opcode::{Class, Opcode};
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::unstable::translate::disassemble;
use vm::{Engine, Interpreter, Rules, check};

const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
/// The seeds of `tests/differential.rs` are smaller; these are others.
const FIRST_SEED: u64 = 1_000;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The interpreter with each dispatch strategy.
fn engines() -> Vec<Box<dyn Engine>> {
    [Strategy::Threaded, Strategy::Trampoline]
        .map(|strategy| -> Box<dyn Engine> { Box::new(Interpreter::with_strategy(strategy)) })
        .into()
}

fn agree(engines: &[Box<dyn Engine>], cases: &[Case]) {
    let engines: Vec<&dyn Engine> = engines.iter().map(Box::as_ref).collect();
    let problems = problems(&engines, cases);
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn clean(report: &CampaignReport) {
    println!("{}", report.summary());
    let problems = report.problems();
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn text_programs_agree_at_every_limit() {
    let cases = catalogue::texts(&folder("programs")).unwrap();
    assert!(cases.len() >= 100, "{}", cases.len());
    agree(&engines(), &cases);
}

/// Otherwise `fused.wat` would not test fused instructions.
#[test]
fn the_program_for_fused_instructions_contains_them() {
    let rules = Rules::v1();
    let text = std::fs::read_to_string(folder("programs/fused.wat")).unwrap();
    let module = check(&wat::parse_str(text).unwrap(), &rules).unwrap();
    let listing: String = (0..32)
        .filter_map(|function| disassemble(&module, &rules, function))
        .collect();
    for name in [
        "call.multiply",
        "binary.store Add32 S8",
        "binary.store Rotl64 S64",
        "load.store L64 S64",
        "load.store L8U S8",
        "global.add",
        "copy.four",
        "copy.branch",
        "binary.binary LtU64 Add64",
        "displacement=4294967199",
    ] {
        assert!(listing.contains(name), "{name}:\n{listing}");
    }
    let line = listing
        .lines()
        .find(|line| line.contains("load.compare.branch"));
    assert!(line.is_some_and(|line| line.contains(" d=")), "{listing}");
}

#[test]
fn contracts_agree_at_every_limit_first_half() {
    agree(&threaded(), &half_of_the_contracts(0));
}

#[test]
fn contracts_agree_at_every_limit_second_half() {
    agree(&threaded(), &half_of_the_contracts(1));
}

/// Threaded dispatch only: the trampoline runs the same handlers, and the text programs test it at
/// every limit.
fn threaded() -> [Box<dyn Engine>; 1] {
    [Box::new(Interpreter::new())]
}

/// Every second case, so that two tests can run in parallel.
fn half_of_the_contracts(first: usize) -> Vec<Case> {
    let cases = catalogue::contracts(&folder("../contracts/wasm")).unwrap();
    assert!(cases.len() > 100, "{}", cases.len());
    cases.into_iter().skip(first).step_by(2).collect()
}

#[test]
fn generated_modules_agree() {
    clean(&campaign::seeds(
        FIRST_SEED..FIRST_SEED + 300,
        THREADS,
        &engines,
    ));
}

#[test]
fn single_operators_agree() {
    clean(&campaign::operators(Depth::Quick, THREADS, &engines));
}

#[test]
fn generated_modules_agree_at_every_limit() {
    let swept = sweeps::sweep_programs(8, THREADS, &engines);
    assert!(swept.problems.is_empty(), "{}", swept.problems.join("\n"));
}

/// A schedule in which every operator costs `price` and every branch and call `branch`.
fn flat(price: u64, branch: u64) -> Arc<Rules> {
    let v1 = Schedule::v1();
    let price_of = |opcode: Opcode, _| match opcode.class() {
        Class::Marker | Class::Reinterpret => 0,
        Class::Branch | Class::BranchTable | Class::Call | Class::CallIndirect => branch,
        _ => price,
    };
    let mut dynamic = *v1.dynamic();
    dynamic.function_entry = price;
    let schedule = v1.repriced(price_of, dynamic).unwrap();
    Arc::new(Rules::new(FloatPolicy::Lower, schedule))
}

/// Limits from 0 to the total, and those near the total.
fn limits(total: u64, probe: u64) -> BTreeSet<u64> {
    let fractions = (0..=12).map(|part| total / 12 * part);
    let near = [
        total.saturating_sub(1),
        total,
        total.saturating_add(1),
        probe,
    ];
    fractions.chain(near).collect()
}

fn agree_under(rules: &Arc<Rules>, probe: u64) {
    let engines = engines();
    for seed in 0..60 {
        let program: Program = generate::program(seed, rules).unwrap();
        let total = observe(&Reference::new(), &program, probe)
            .unwrap()
            .gas_used;
        for limit in limits(total, probe) {
            let expected = observe(&Reference::new(), &program, limit).unwrap();
            for engine in &engines {
                let found = observe(engine.as_ref(), &program, limit).unwrap();
                let differences = expected.differences(&found);
                assert!(
                    differences.is_empty(),
                    "seed {seed} at {limit}: {differences:?}"
                );
            }
        }
    }
}

/// If operators are free, a slice of gas bounds nothing.
#[test]
fn free_operators_agree() {
    agree_under(&flat(0, 1), 20_000);
}

/// The price of a few operators exceeds 32 bits, so metering blocks are split; each operator costs
/// more than a slice.
#[test]
fn the_most_expensive_operators_agree() {
    agree_under(&flat(u64::from(u32::MAX), u64::from(u32::MAX)), 1 << 46);
}
