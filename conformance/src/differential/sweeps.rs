//! Sweeps generated programs of a bounded total at every relevant gas limit.
//!
//! The tests in `conformance/tests/it` sweep the programs of the catalogue.

use super::campaign::over;
use super::coverage::OperatorMap;
use super::engines::{MakeEngines, known_defect};
use super::generate;
use crate::observation::observe;
use crate::program::Program;
use crate::sweep::sweep;
use reference::Reference;
use std::num::NonZeroUsize;
use std::sync::Arc;
use vm::{Engine, Rules};

/// Gas limit of the run that finds the total; small, so that every limit below can be tried.
const PROBE_GAS: u64 = 4_000;
/// First seed, beyond those of the other campaigns.
const FIRST_SEED: u64 = 1 << 32;
/// A program that uses less gas is skipped: it shows too little.
const TOTAL_MIN: u64 = 120;

/// Result of all sweeps.
#[derive(Clone, Debug, Default)]
pub struct SweepSummary {
    /// Number of programs.
    pub programs: u64,
    /// Number of limits that were tried on each engine, over all programs.
    pub limits: u64,
    /// Number of programs of which every limit was tried.
    pub exhaustive: u64,
    /// Number of pairs of program and engine that were skipped because of a [`known_defect`].
    pub excused: u64,
    /// Differences and faults, one a line.
    pub problems: Vec<String>,
}

impl SweepSummary {
    /// The counts in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let Self {
            programs,
            limits,
            exhaustive,
            excused,
            problems,
        } = self;
        let problems = problems.len();
        format!(
            "programs {programs} (every limit: {exhaustive}), limits {limits}, left out {excused}, \
             differences {problems}"
        )
    }
}

/// Sweeps `count` generated programs on the engines that `make` returns.
#[must_use]
pub fn sweep_programs(count: u64, threads: NonZeroUsize, make: &MakeEngines<'_>) -> SweepSummary {
    let rules = Arc::new(Rules::v1());
    let parts = over(0..count, threads, &|part: &mut dyn Iterator<Item = u64>| {
        let engines = make();
        let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
        let mut swept = SweepSummary::default();
        for number in part {
            sweep_one(number, &rules, &engines, &mut swept);
        }
        swept
    });
    let mut whole = SweepSummary::default();
    for part in parts {
        whole.programs = whole.programs.saturating_add(part.programs);
        whole.limits = whole.limits.saturating_add(part.limits);
        whole.excused = whole.excused.saturating_add(part.excused);
        whole.exhaustive = whole.exhaustive.saturating_add(part.exhaustive);
        whole.problems.extend(part.problems);
    }
    whole.problems.sort();
    whole
}

/// Sweeps the `number`-th program: that of the first of its thousand seeds that uses enough gas.
fn sweep_one(number: u64, rules: &Arc<Rules>, engines: &[&dyn Engine], swept: &mut SweepSummary) {
    let first = FIRST_SEED.saturating_add(number.saturating_mul(1_000));
    for seed in first..first.saturating_add(1_000) {
        let program = match generate::program(seed, rules) {
            Ok(program) => Program {
                probe_gas: PROBE_GAS,
                ..program
            },
            Err(why) => return swept.problems.push(why),
        };
        match observe(&Reference::new(), &program, PROBE_GAS) {
            Ok(cheap) if cheap.gas_used < TOTAL_MIN => continue,
            _ => {}
        }
        swept.programs = swept.programs.saturating_add(1);
        let operators = OperatorMap::of(&program.module);
        let able = |engine: &&&dyn Engine| !known_defect(engine.name(), &operators);
        let able: Vec<&dyn Engine> = engines.iter().filter(able).copied().collect();
        let left_out = engines.len().saturating_sub(able.len());
        swept.excused = swept
            .excused
            .saturating_add(u64::try_from(left_out).unwrap_or_default());
        match sweep(&able, &program) {
            Ok(found) => {
                let limits = u64::try_from(found.limits).unwrap_or_default();
                swept.limits = swept.limits.saturating_add(limits);
                swept.exhaustive = swept.exhaustive.saturating_add(u64::from(found.exhaustive));
                swept
                    .problems
                    .extend(found.differences.iter().map(ToString::to_string));
            }
            Err(fault) => swept.problems.push(format!("seed {seed}: {fault}")),
        }
        return;
    }
}
