//! Runs one program on the reference and on other engines at a few gas limits.
//!
//! The limits are plenty, the exact total, one less, and a few random ones below: a cheap variant
//! of the full [`sweep`](mod@crate::sweep), for very many programs. Stack overflow and other traps
//! are compared too.

use super::coverage::{Coverage, OperatorMap, Recorder};
use super::engines::known_defect;
use super::random::Random;
use crate::catalogue::describe;
use crate::observation::{Observation, ObservationDifference, observe};
use crate::program::Program;
use crate::sweep::Difference;
use reference::Reference;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use vm::{Engine, Fault};

/// Result of the comparison of some programs.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Number of programs.
    pub programs: u64,
    /// Number of runs on all engines, the reference included.
    pub runs: u64,
    /// Number of runs that were skipped because of a [`known_defect`].
    pub excused: u64,
    /// Number of probe runs by exit: `return`, `trap NAME`, `out-of-gas`, `revert`.
    pub exits: BTreeMap<String, u64>,
    /// All differences.
    pub differences: Vec<Difference>,
    /// Operators that the reference executed.
    pub coverage: Coverage,
}

impl Comparison {
    /// Adds the result of `other`.
    pub fn merge(&mut self, other: Self) {
        self.programs = self.programs.saturating_add(other.programs);
        self.runs = self.runs.saturating_add(other.runs);
        self.excused = self.excused.saturating_add(other.excused);
        for (exit, count) in other.exits {
            let entry = self.exits.entry(exit).or_default();
            *entry = entry.saturating_add(count);
        }
        self.differences.extend(other.differences);
        self.coverage.merge(&other.coverage);
    }
}

/// Compares programs of one module, each at `drawn` random limits below the total among others.
///
/// A fault of an engine is a difference. The result depends on the programs and `random` alone.
///
/// # Errors
/// A [`Fault`] of the reference.
pub fn compare(
    programs: &[Program],
    engines: &[&dyn Engine],
    drawn: u64,
    random: &mut Random,
) -> Result<Comparison, Fault> {
    let mut found = Comparison::default();
    let Some(first) = programs.first() else {
        return Ok(found);
    };
    let operators = OperatorMap::of(&first.module);
    let recorder = Arc::new(Mutex::new(Recorder::new(&operators)));
    let reference = Reference::new().with_trace(recorder.clone());
    for program in programs {
        found.programs = found.programs.saturating_add(1);
        let probe = observe(&Reference::new(), program, program.probe_gas)?;
        let exit = describe(&probe.exit);
        let exit = exit
            .split_once("return ")
            .map_or(exit.as_str(), |_| "return")
            .to_owned();
        let count = found.exits.entry(exit).or_default();
        *count = count.saturating_add(1);
        let range = entered(program).min(probe.gas_used)..probe.gas_used;
        for gas_limit in limits(program.probe_gas, &range, drawn, random) {
            let expected = observe(&reference, program, gas_limit)?;
            let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            recorder.settle(&operators, &expected, &mut found.coverage);
            drop(recorder);
            found.runs = found.runs.saturating_add(1);
            for engine in engines {
                if known_defect(engine.name(), &operators) {
                    found.excused = found.excused.saturating_add(1);
                    continue;
                }
                found.runs = found.runs.saturating_add(1);
                found
                    .differences
                    .extend(differences(*engine, program, gas_limit, &expected));
            }
        }
    }
    Ok(found)
}

/// Differences of `engine` from the reference; a fault is a field of its own.
fn differences(
    engine: &dyn Engine,
    program: &Program,
    gas_limit: u64,
    expected: &Observation,
) -> Vec<Difference> {
    let fields = match observe(engine, program, gas_limit) {
        Ok(seen) => expected.differences(&seen),
        Err(fault) => vec![ObservationDifference {
            field: "fault".to_owned(),
            expected: "none".to_owned(),
            found: fault.to_string(),
        }],
    };
    let engine = engine.name();
    let difference = |field| Difference {
        program: program.name.clone(),
        engine,
        gas_limit,
        field,
    };
    fields.into_iter().map(difference).collect()
}

/// Gas used before the first operator of the entry, unless a start function runs before it.
fn entered(program: &Program) -> u64 {
    let schedule = &program.rules.schedule;
    program.module.function(program.entry).map_or(0, |entry| {
        let first = schedule.first_entry(entry.operators, entry.targets);
        first.saturating_add(schedule.function_entry(entry.slots))
    })
}

/// The limits: plenty, the exact total, one less, and `drawn` random ones below: every fourth is
/// below the total, at the end of `executed`; the others are in that range, in which operators run.
fn limits(plenty: u64, executed: &Range<u64>, drawn: u64, random: &mut Random) -> BTreeSet<u64> {
    let (start, total) = (executed.start, executed.end);
    let below = |number: u64| match number % 4 {
        3 => random.below(total),
        _ => start.saturating_add(random.below(total.saturating_sub(start))),
    };
    let drawn: Vec<u64> = (0..drawn).map(below).collect();
    drawn
        .into_iter()
        .chain([plenty, total, total.saturating_sub(1)])
        .collect()
}
