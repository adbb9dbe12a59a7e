//! Runs every kernel on every engine in interleaved rounds, and compares results and gas.

use crate::contender::{Contender, Runner, Sample};
use crate::plan::{ByEngine, Part, Plan};
use crate::statistics::{geomean, median, ratio};
use crate::workload::{KERNELS, Kernel};
use crate::{Measured, calls, load, lockstep};
use serde::Serialize;
use std::collections::BTreeMap;

/// One kernel.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The kernel.
    pub name: &'static str,
    /// Median nanoseconds of a run.
    pub ns: ByEngine,
    /// What every engine answered.
    pub checksum: String,
    /// Gas of the run on ours; equal in all rounds.
    pub gas: Option<String>,
    /// Rounds of the kernel at which our gas was compared with R's.
    pub gas_checked_at: u32,
}

/// The whole table. `kernels`, `geomean_over_native`, `load_ns_per_byte` and `calls_ns` are frozen.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// One row a kernel.
    pub kernels: Vec<Row>,
    /// Geometric mean over the kernels of time over native time.
    pub geomean_over_native: ByEngine,
    /// By module and engine.
    pub load_ns_per_byte: BTreeMap<&'static str, ByEngine>,
    /// By kind of call and engine.
    pub calls_ns: BTreeMap<&'static str, ByEngine>,
    /// Timed rounds.
    pub rounds: usize,
    /// True if sizes were small.
    pub quick: bool,
    /// What was measured: compiler flags cannot be seen in a figure.
    pub build: &'static str,
}

/// How native code and engines are compiled.
pub const BUILD: &str = "kernels: opt-level 3, one codegen unit, no overflow checks, \
     default target features, native and wasm alike; engines: the workspace's release profile; \
    peers without overflow checks";

/// Measures kernels, loading and calls.
///
/// # Errors
/// If an engine refuses a module or faults, or if two engines differ in a result or in gas.
pub fn report(plan: &Plan) -> Measured<Report> {
    let with = |part| plan.parts.is_empty() || plan.parts.contains(&part);
    let kernels = match with(Part::Kernels) {
        true => rows(plan)?,
        false => Vec::new(),
    };
    let load_ns_per_byte = match with(Part::Load) {
        true => load::per_byte(plan)?,
        false => BTreeMap::new(),
    };
    let calls_ns = match with(Part::Calls) {
        true => calls::measure(plan)?,
        false => BTreeMap::new(),
    };
    Ok(Report {
        geomean_over_native: geomeans(&kernels),
        kernels,
        load_ns_per_byte,
        calls_ns,
        rounds: plan.rounds,
        quick: plan.quick,
        build: BUILD,
    })
}

/// Every engine of this build, native code first, ours next.
#[must_use]
fn contenders() -> Vec<Contender> {
    #[cfg(feature = "wasmi")]
    let others = crate::peers::contenders();
    #[cfg(not(feature = "wasmi"))]
    let others = Vec::new();
    lockstep::contenders().into_iter().chain(others).collect()
}

/// One row for each kernel of the plan.
///
/// # Errors
/// As [`report`].
pub fn rows(plan: &Plan) -> Measured<Vec<Row>> {
    let asked = |kernel: &&Kernel| {
        plan.kernels.is_empty() || plan.kernels.iter().any(|name| name == kernel.name)
    };
    let engines: Vec<Contender> = contenders()
        .into_iter()
        .filter(|engine| plan.measures(engine.name))
        .collect();
    KERNELS
        .iter()
        .filter(asked)
        .map(|kernel| row(kernel, &engines, plan).map_err(|error| in_kernel(kernel, &error)))
        .collect()
}

fn in_kernel(
    kernel: &Kernel,
    error: &dyn std::fmt::Display,
) -> Box<dyn std::error::Error + Send + Sync> {
    format!("{}: {error}", kernel.name).into()
}

fn row(kernel: &Kernel, engines: &[Contender], plan: &Plan) -> Measured<Row> {
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
            // The first round warms caches and predictors.
            if round > 0 {
                samples.entry(name).or_default().push(sample);
            }
        }
    }
    let checksum = agreed(&samples)?;
    let gas_checked_at = gas_is_that_of_reference(kernel)?;
    let gas = samples.get("lockstep").and_then(|runs| runs.first()?.gas);
    let ns = samples.iter().map(|(name, runs)| {
        let times: Vec<f64> = runs.iter().map(|run| run.nanoseconds).collect();
        (*name, median(&times))
    });
    Ok(Row {
        name: kernel.name,
        ns: ns.collect(),
        checksum: format!("{checksum:016x}"),
        gas: gas.map(|gas| gas.to_string()),
        gas_checked_at,
    })
}

/// The checksum of all runs of all engines; gas of one engine is the same in each of its runs.
fn agreed(samples: &BTreeMap<&'static str, Vec<Sample>>) -> Measured<u64> {
    let mut answers = samples.values().flatten().map(|run| run.checksum);
    let expected = answers.next().ok_or("nothing was run")?;
    for (name, runs) in samples {
        for run in runs {
            if run.checksum != expected {
                let found = run.checksum;
                return Err(format!("{name} answers {found:#x}, not {expected:#x}").into());
            }
            if run.gas != runs.first().and_then(|first| first.gas) {
                return Err(format!("{name} meters differently from run to run").into());
            }
        }
    }
    Ok(expected)
}

/// Compares the gas of our interpreter with R's at the small size, which it answers.
fn gas_is_that_of_reference(kernel: &Kernel) -> Measured<u32> {
    let expected = lockstep::reference(kernel)?(kernel.small)?;
    let ours = contenders()
        .into_iter()
        .find(|engine| engine.name == "lockstep");
    let ours = ours.ok_or("our engine is not in the list")?;
    let found = (ours.load)(kernel)?(kernel.small)?;
    if (found.gas, found.checksum) == (expected.gas, expected.checksum) {
        return Ok(kernel.small);
    }
    Err(format!("lockstep ends with {found:?}, R with {expected:?}").into())
}

fn geomeans(rows: &[Row]) -> ByEngine {
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
