//! Runs every kernel on every engine in interleaved rounds, and compares results and gas.

use crate::contender::{Contender, Runner, Sample};
use crate::plan::{BenchPlan, ByEngine, ReportPart};
use crate::statistics::{geomean, median, ratio};
use crate::workload::{KERNELS, Kernel};
use crate::{Measured, calls, load, lockstep};
use serde::Serialize;
use std::collections::BTreeMap;

/// Results of a kernel.
#[derive(Clone, Debug, Serialize)]
pub struct KernelRow {
    /// Name of the kernel.
    pub name: &'static str,
    /// Median time of a run, in nanoseconds.
    pub ns: ByEngine,
    /// Result of the kernel, equal on every engine.
    pub checksum: String,
    /// Gas of the run on the interpreter, equal in all rounds.
    pub gas: Option<String>,
    /// Size of the kernel for which the gas was compared with R's.
    pub gas_checked_at: u32,
}

/// The report. Scripts read `kernels`, `geomean_over_native`, `load_ns_per_byte` and `calls_ns`.
#[derive(Clone, Debug, Serialize)]
pub struct ExecutionReport {
    /// A row for each kernel.
    pub kernels: Vec<KernelRow>,
    /// Geometric mean over all kernels of the time divided by native time.
    pub geomean_over_native: ByEngine,
    /// Load time in nanoseconds per byte, by module and engine.
    pub load_ns_per_byte: BTreeMap<&'static str, ByEngine>,
    /// Time of a call in nanoseconds, by kind of call and engine.
    pub calls_ns: BTreeMap<&'static str, ByEngine>,
    /// Number of timed rounds.
    pub rounds: usize,
    /// True if sizes were small.
    pub quick: bool,
    /// Compiler settings.
    pub build: &'static str,
}

/// Compiler settings of native code and engines.
pub const BUILD: &str = "kernels: opt-level 3, one codegen unit, no overflow checks, \
     default target features, native and wasm alike; engines: the workspace's release profile; \
    peers without overflow checks";

/// Measures kernels, loading and calls.
///
/// # Errors
/// If an engine rejects a module or fails, or if two engines differ in a result or in gas.
pub fn report(plan: &BenchPlan) -> Measured<ExecutionReport> {
    let with = |part| plan.parts.is_empty() || plan.parts.contains(&part);
    let kernels = match with(ReportPart::Kernels) {
        true => rows(plan)?,
        false => Vec::new(),
    };
    let load_ns_per_byte = match with(ReportPart::Load) {
        true => load::per_byte(plan)?,
        false => BTreeMap::new(),
    };
    let calls_ns = match with(ReportPart::Calls) {
        true => calls::measure(plan)?,
        false => BTreeMap::new(),
    };
    Ok(ExecutionReport {
        geomean_over_native: geomeans(&kernels),
        kernels,
        load_ns_per_byte,
        calls_ns,
        rounds: plan.rounds,
        quick: plan.quick,
        build: BUILD,
    })
}

/// Every engine of this build: native code, then Lockstep's engines, then others.
#[must_use]
fn contenders() -> Vec<Contender> {
    #[cfg(feature = "wasmi")]
    let others = crate::peers::contenders();
    #[cfg(not(feature = "wasmi"))]
    let others = Vec::new();
    lockstep::contenders().into_iter().chain(others).collect()
}

/// A row for each kernel of the plan.
///
/// # Errors
/// As [`report`].
pub fn rows(plan: &BenchPlan) -> Measured<Vec<KernelRow>> {
    let is_selected = |kernel: &&Kernel| {
        plan.kernels.is_empty() || plan.kernels.iter().any(|name| name == kernel.name)
    };
    let engines: Vec<Contender> = contenders()
        .into_iter()
        .filter(|engine| plan.measures(engine.name))
        .collect();
    KERNELS
        .iter()
        .filter(is_selected)
        .map(|kernel| row(kernel, &engines, plan).map_err(|error| in_kernel(kernel, &error)))
        .collect()
}

fn in_kernel(
    kernel: &Kernel,
    error: &dyn std::fmt::Display,
) -> Box<dyn std::error::Error + Send + Sync> {
    format!("{}: {error}", kernel.name).into()
}

fn row(kernel: &Kernel, engines: &[Contender], plan: &BenchPlan) -> Measured<KernelRow> {
    let size = if plan.quick {
        kernel.small
    } else {
        kernel.size
    };
    let mut runners: Vec<(&'static str, Runner)> = Vec::new();
    for engine in engines {
        runners.push((engine.name, (engine.load)(kernel)?));
    }
    let mut samples: BTreeMap<&'static str, Vec<Sample>> = BTreeMap::new();
    for round in 0..=plan.rounds {
        for (name, runner) in &mut runners {
            let sample = runner(size).map_err(|error| format!("{name}: {error}"))?;
            // The first round only warms caches and branch predictors.
            if round > 0 {
                samples.entry(name).or_default().push(sample);
            }
        }
    }
    let checksum = agreed(&samples)?;
    let gas_checked_at = compare_gas_with_reference(kernel)?;
    let gas = samples.get("lockstep").and_then(|runs| runs.first()?.gas);
    let ns = samples.iter().map(|(name, runs)| {
        let times: Vec<f64> = runs.iter().map(|run| run.nanoseconds).collect();
        (*name, median(&times))
    });
    Ok(KernelRow {
        name: kernel.name,
        ns: ns.collect(),
        checksum: format!("{checksum:016x}"),
        gas: gas.map(|gas| gas.to_string()),
        gas_checked_at,
    })
}

/// Checks that all runs have the same checksum, and all runs of one engine the same gas; returns
/// the checksum.
fn agreed(samples: &BTreeMap<&'static str, Vec<Sample>>) -> Measured<u64> {
    let mut checksums = samples.values().flatten().map(|run| run.checksum);
    let expected = checksums
        .next()
        .ok_or("no engine is selected: nothing was run")?;
    for (name, runs) in samples {
        for run in runs {
            if run.checksum != expected {
                let found = run.checksum;
                return Err(format!("{name} returns {found:#x}, expected {expected:#x}").into());
            }
            if run.gas != runs.first().and_then(|first| first.gas) {
                return Err(format!("the gas of {name} differs between runs").into());
            }
        }
    }
    Ok(expected)
}

/// Compares the interpreter's gas with R's at the small size of the kernel; returns that size.
fn compare_gas_with_reference(kernel: &Kernel) -> Measured<u32> {
    let expected = lockstep::reference(kernel)?(kernel.small)?;
    let ours = contenders()
        .into_iter()
        .find(|engine| engine.name == "lockstep");
    let ours = ours.ok_or("the interpreter is not in the list of engines")?;
    let found = (ours.load)(kernel)?(kernel.small)?;
    if (found.gas, found.checksum) == (expected.gas, expected.checksum) {
        return Ok(kernel.small);
    }
    Err(format!("the interpreter ends with {found:?}, R with {expected:?}").into())
}

fn geomeans(rows: &[KernelRow]) -> ByEngine {
    let mut ratios: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let native = row.ns.get("native").copied().unwrap_or(f64::NAN);
        for (name, nanoseconds) in row.ns.iter().filter(|(name, _)| **name != "native") {
            let of_engine = ratios.entry(name).or_default();
            of_engine.push(ratio(*nanoseconds, native));
        }
    }
    ratios
        .into_iter()
        .map(|(name, ratios)| (name, geomean(&ratios)))
        .collect()
}
