//! Compares engines with the reference at every gas limit at which the result can change.
//!
//! A misplaced charge has an effect only if gas runs out between its right and its wrong position,
//! so one run with plenty of gas proves little. The sweep is exhaustive where the total is small;
//! else it tries each amount of gas after a charge of the reference, one less and one more.

use crate::catalogue::{Case, describe};
use crate::observation::{ObservationDifference, observe};
use crate::program::Program;
use reference::{Reference, SharedTrace, Trace};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use vm::unstable::frames::FrameExit;
use vm::{Engine, Fault};

/// Largest total gas for which every limit is tried.
pub const EXHAUSTIVE_MAX: u64 = 20_000;
/// Most charge points that are tried; of more, every n-th, so that the whole run is covered.
pub const CHARGE_POINTS_MAX: usize = 96;
/// Approximate bound of the gas of all runs of one sweep on one engine: long programs are tried at
/// fewer points, so that a sweep takes seconds.
pub const SWEEP_GAS_MAX: u64 = 1 << 24;
/// Most differences that are reported for one engine.
pub const DIFFERENCES_MAX: usize = 8;

/// One observable in which an engine differs from the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the program.
    pub program: String,
    /// Name of the engine.
    pub engine: &'static str,
    /// Gas limit, in gas.
    pub gas_limit: u64,
    /// The field and both values.
    pub field: ObservationDifference,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            program,
            engine,
            gas_limit,
            field,
        } = self;
        let ObservationDifference {
            field,
            expected,
            found,
        } = field;
        write!(
            formatter,
            "{program}: {engine} at gas limit {gas_limit}: {field} is {found}, reference {expected}"
        )
    }
}

/// Result of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Exit of the reference with [`crate::catalogue::PROBE_GAS`].
    pub exit: FrameExit,
    /// Gas that the reference used, in gas.
    pub total: u64,
    /// Number of limits that were tried on each engine.
    pub limits: usize,
    /// True if every limit up to the total + 2 was tried.
    pub exhaustive: bool,
    /// Differences, at most [`DIFFERENCES_MAX`] for each engine.
    pub differences: Vec<Difference>,
}

/// Runs `program` on the reference and on each of `engines` at every limit of its sweep.
///
/// # Errors
/// A [`Fault`] of this machine or of an engine, with the engine and the limit in its text.
pub fn sweep(engines: &[&dyn Engine], program: &Program) -> Result<Sweep, Fault> {
    let points = ChargePoints {
        limit: program.probe_gas,
        used: BTreeSet::new(),
    };
    let points = Arc::new(Mutex::new(points));
    let shared: SharedTrace = points.clone();
    let probe = observe(
        &Reference::new().with_trace(shared),
        program,
        program.probe_gas,
    )?;
    let exhaustive = probe.gas_used <= EXHAUSTIVE_MAX;
    let limits: BTreeSet<u64> = match exhaustive {
        true => (0..=probe.gas_used.saturating_add(2)).collect(),
        false => {
            let points = points.lock().unwrap_or_else(PoisonError::into_inner);
            boundaries(&points.used, probe.gas_used)
        }
    };
    let mut differences = Vec::new();
    let mut counts = vec![0_usize; engines.len()];
    for gas_limit in limits.iter().copied() {
        let expected = observe(&Reference::new(), program, gas_limit)?;
        for (engine, count) in engines.iter().zip(&mut counts) {
            let found = observe(*engine, program, gas_limit)
                .map_err(|fault| with_context(program, engine.name(), gas_limit, &fault))?;
            for field in expected.differences(&found) {
                if *count < DIFFERENCES_MAX {
                    *count = count.saturating_add(1);
                    let program = program.name.clone();
                    differences.push(Difference {
                        program,
                        engine: engine.name(),
                        gas_limit,
                        field,
                    });
                }
            }
        }
    }
    let (exit, total) = (probe.exit, probe.gas_used);
    Ok(Sweep {
        exit,
        total,
        limits: limits.len(),
        exhaustive,
        differences,
    })
}

/// Sweeps every case and lists all problems, one a line: differences, faults, and programs whose
/// exit is not the one that their file states. Empty if all engines agree.
#[must_use]
pub fn problems(engines: &[&dyn Engine], cases: &[Case]) -> Vec<String> {
    let mut problems = Vec::new();
    for Case { program, expected } in cases {
        match sweep(engines, program) {
            Ok(found) => {
                problems.extend(found.differences.iter().map(ToString::to_string));
                let end = describe(&found.exit);
                if expected.as_ref().is_some_and(|expected| *expected != end) {
                    problems.push(format!(
                        "{}: ended with {end}, not {expected:?}",
                        program.name
                    ));
                }
            }
            Err(fault) => problems.push(format!("{}: {fault}", program.name)),
        }
    }
    problems
}

/// Adds program and gas limit to a fault.
fn with_context(program: &Program, engine: &'static str, gas_limit: u64, fault: &Fault) -> Fault {
    let message = format!("{} at gas limit {gas_limit}: {fault}", program.name);
    Fault::Engine { engine, message }
}

/// Gas used before each operator of the probe run, and after each price of a first entry, without
/// duplicates.
#[derive(Debug)]
struct ChargePoints {
    limit: u64,
    used: BTreeSet<u64>,
}

impl Trace for ChargePoints {
    fn operator(&mut self, _function: u32, _offset: u32, gas_before: u64) {
        self.used.insert(self.limit.saturating_sub(gas_before));
    }

    fn first_entry(&mut self, _function: u32, gas_left: u64) {
        self.used.insert(self.limit.saturating_sub(gas_left));
    }
}

/// Each charge point -1, 0, +1; then the total -1 to +2.
fn boundaries(points: &BTreeSet<u64>, total: u64) -> BTreeSet<u64> {
    let step = points.len().div_ceil(points_max(total)).max(1);
    points
        .iter()
        .step_by(step)
        .flat_map(|point| [point.saturating_sub(1), *point, point.saturating_add(1)])
        .chain([
            total.saturating_sub(1),
            total,
            total.saturating_add(1),
            total.saturating_add(2),
        ])
        .collect()
}

/// Number of charge points for which three runs each, of half the total on average, fit the bound.
fn points_max(total: u64) -> usize {
    let gas_per_point = total.saturating_mul(3).div_ceil(2).max(1);
    let affordable = SWEEP_GAS_MAX.checked_div(gas_per_point).unwrap_or_default();
    usize::try_from(affordable)
        .unwrap_or(usize::MAX)
        .clamp(1, CHARGE_POINTS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_surround_each_point_and_the_total() {
        let points = BTreeSet::from([0, 10, 11, 50]);
        let expected = BTreeSet::from([0, 1, 9, 10, 11, 12, 49, 50, 51, 69, 70, 71, 72]);
        assert_eq!(boundaries(&points, 70), expected);
    }

    #[test]
    fn many_points_are_sampled_and_both_ends_stay() {
        let points: BTreeSet<u64> = (0..10 * 512).map(|point| point * 100).collect();
        let limits = boundaries(&points, 511_900);
        assert!(
            limits.len() <= 3 * CHARGE_POINTS_MAX + 4,
            "{}",
            limits.len()
        );
        assert!(limits.contains(&0) && limits.contains(&511_902));
    }

    #[test]
    fn a_sweep_stays_within_its_gas_bound() {
        let total = 10_000_000;
        let points: BTreeSet<u64> = (0..total / 10).map(|point| point * 10).collect();
        let gas: u64 = boundaries(&points, total).iter().sum();
        assert!(gas <= SWEEP_GAS_MAX + 10 * total, "{gas}");
    }
}
