//! Measures the fixed costs of short contract calls: entry, host calls, instantiation.

use crate::clock::time;
use crate::contender::CallMeasurement;
use crate::lockstep::{LoadedModule, PLENTY, drive, interpreter};
use crate::plan::{BenchPlan, ByEngine};
use crate::statistics::{median, per};
use crate::{Measured, workload};
use std::collections::BTreeMap;
use vm::unstable::execution::{Invocation, Step, Stop, Value};
use vm::unstable::gas::GasMeter;

/// Number of empty calls between two clock readings: one reading costs more than a call.
const ALIVE: usize = 16;

/// Medians by kind of call and engine, from interleaved rounds.
///
/// # Errors
/// If an engine rejects the module or fails.
pub fn measure(plan: &BenchPlan) -> Measured<BTreeMap<&'static str, ByEngine>> {
    let count = if plan.quick { 2_000 } else { 20_000 };
    let mut entries = ours()?;
    #[cfg(feature = "wasmi")]
    entries.extend(crate::peers::calls()?);
    entries.retain(|(_, engine, _)| plan.measures(engine));
    let mut samples: BTreeMap<(&'static str, &'static str), Vec<f64>> = BTreeMap::new();
    for round in 0..=plan.rounds {
        for (kind, engine, call) in &mut entries {
            let nanoseconds = call(count)?;
            if round > 0 {
                let of_entry = samples.entry((kind, engine)).or_default();
                of_entry.push(nanoseconds);
            }
        }
    }
    let mut table: BTreeMap<&'static str, ByEngine> = BTreeMap::new();
    for ((kind, engine), times) in samples {
        table
            .entry(kind)
            .or_default()
            .insert(engine, median(&times));
    }
    Ok(table)
}

fn ours() -> Measured<Vec<CallMeasurement>> {
    let kernel = workload::token()?;
    let loaded = || LoadedModule::new(interpreter(), kernel.wasm);
    let (transferring, instantiating) = (loaded()?, loaded()?);
    let entering = LoadedModule::new(interpreter(), workload::EMPTY)?;
    let empty = instantiating.function("empty")?;
    let run = transferring.function("run")?;
    let native = kernel.native;
    Ok(vec![
        (
            "empty",
            "lockstep",
            Box::new(move |count| enter(&entering, count)),
        ),
        (
            "transfer",
            "lockstep",
            Box::new(move |count| {
                kernels::env::reset();
                let mut execution = transferring.instantiate()?;
                let rounds = Value::I32(i32::try_from(count)?);
                let (nanoseconds, stop) = time(|| drive(execution.as_mut(), run, vec![rounds]));
                match stop? {
                    Stop::Return(_) => Ok(per(nanoseconds, count)),
                    stop => Err(format!("a transfer ends with {stop:?}").into()),
                }
            }),
        ),
        (
            "transfer",
            "native",
            Box::new(move |count| {
                kernels::env::reset();
                let rounds = u32::try_from(count)?;
                Ok(per(time(|| native(rounds)).0, count))
            }),
        ),
        (
            "instantiate",
            "lockstep",
            Box::new(move |count| {
                let (nanoseconds, ended) = time(|| {
                    (0..count).try_for_each(|_| -> Measured<()> {
                        let mut execution = instantiating.instantiate()?;
                        drive(execution.as_mut(), empty, Vec::new())?;
                        Ok(())
                    })
                });
                ended?;
                Ok(per(nanoseconds, count))
            }),
        ),
    ])
}

/// Times empty calls in batches, each call on a new instance, since an instance of the interpreter
/// serves one call. The time of reading the clock is comparable to that of a batch; it is measured
/// separately and subtracted.
#[expect(
    clippy::float_arithmetic,
    reason = "benchmarks measure time; no result of the VM"
)]
fn enter(loaded: &LoadedModule, count: usize) -> Measured<f64> {
    let empty = loaded.function("empty")?;
    let (mut batches, mut clocks) = (Vec::new(), Vec::new());
    for _ in 0..count.div_ceil(ALIVE) {
        let mut alive = Vec::with_capacity(ALIVE);
        for _ in 0..ALIVE {
            alive.push(loaded.instantiate()?);
        }
        let (nanoseconds, ended) = time(|| {
            alive.iter_mut().all(|execution| {
                let frame = Invocation {
                    entry: empty,
                    arguments: Vec::new(),
                    gas: GasMeter::new(PLENTY),
                };
                matches!(execution.start(frame), Ok(Step::Exit(Stop::Return(None))))
            })
        });
        if !ended {
            return Err("an empty call did not return".into());
        }
        batches.push(per(nanoseconds, ALIVE));
        clocks.push(per(time(|| ()).0, ALIVE));
    }
    Ok(median(&batches) - median(&clocks))
}
