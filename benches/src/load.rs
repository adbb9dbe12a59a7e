//! Measures loading: validation, and eager or lazy translation, compared with wasmi.
#![expect(
    clippy::float_arithmetic,
    reason = "benchmarks measure time; no result of the VM"
)]

use crate::Measured;
use crate::clock::time;
use crate::contender::LoadTimes;
use crate::linked::{COUNTER, linked};
use crate::plan::{BenchPlan, ByEngine};
use crate::shapes::{HostileShape, SHAPES};
use crate::statistics::{median, per, ratio};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Engine, Interpreter, Rules, check};

/// Nanoseconds per byte for three modules, by engine, from interleaved rounds.
///
/// `lockstep` is validation and translation of every function, `lockstep-check` is validation
/// alone, `lockstep-lazy` is validation and the work before the first call, including the first
/// instance of a new engine with its reserved memory.
///
/// # Errors
/// If an engine rejects a module.
pub fn per_byte(plan: &BenchPlan) -> Measured<BTreeMap<&'static str, ByEngine>> {
    let modules = [
        ("contract", COUNTER.to_vec()),
        ("300KB", linked(300_000)?),
        ("module", linked(2_200_000)?),
    ];
    let mut table = BTreeMap::new();
    for (name, wasm) in &modules {
        let mut samples: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for round in 0..=plan.rounds {
            #[cfg(feature = "wasmi")]
            let times = [ours(wasm)?, crate::peers::load(wasm)?].concat();
            #[cfg(not(feature = "wasmi"))]
            let times = ours(wasm)?;
            for (engine, nanoseconds) in times.into_iter().filter(|_| round > 0) {
                let of_engine = samples.entry(engine).or_default();
                of_engine.push(per(nanoseconds, wasm.len()));
            }
        }
        let medians = samples
            .iter()
            .map(|(engine, times)| (*engine, median(times)));
        table.insert(*name, medians.collect());
    }
    Ok(table)
}

/// Times of one load of `wasm` in the interpreter.
///
/// # Errors
/// If the module is rejected.
pub fn ours(wasm: &[u8]) -> Measured<LoadTimes> {
    let rules = Arc::new(Rules::v1());
    let (checking, module) = time(|| check(wasm, &rules));
    let module = Arc::new(module.map_err(|rejection| format!("{rejection:?}"))?);
    let eager = Interpreter::new();
    let (translating, translated) = time(|| eager.compile_all(&module, &rules));
    translated?;
    let lazy = Interpreter::new();
    let (preparing, instance) = time(|| lazy.instantiate(&module, &rules));
    drop(instance?);
    Ok(vec![
        ("lockstep", checking + translating),
        ("lockstep-check", checking),
        ("lockstep-lazy", checking + preparing),
    ])
}

/// Load times of a shape at two sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// Name of the shape.
    pub shape: &'static str,
    /// Size of the smaller and of the larger module, in bytes.
    pub bytes: [usize; 2],
    /// Minimum time of validation and translation of both, in nanoseconds.
    pub ns: [f64; 2],
    /// Ratio of the times: time(4N) / time(N).
    pub growth: f64,
    /// Nanoseconds per byte for the larger module.
    pub ns_per_byte: f64,
}

/// The report of `benches load`.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    /// Load time in nanoseconds per byte, by module and engine.
    pub load_ns_per_byte: BTreeMap<&'static str, ByEngine>,
    /// A row for each hostile shape.
    pub growth: Vec<Growth>,
}

/// Measures the three modules and every hostile shape.
///
/// # Errors
/// As [`per_byte`].
pub fn report(plan: &BenchPlan) -> Measured<LoadReport> {
    let growth = SHAPES.iter().map(|shape| growth(shape, plan));
    Ok(LoadReport {
        load_ns_per_byte: per_byte(plan)?,
        growth: growth.collect::<Measured<_>>()?,
    })
}

/// Load times of a shape; the minimum of several rounds, since noise only adds time.
fn growth(shape: &HostileShape, plan: &BenchPlan) -> Measured<Growth> {
    let modules = [shape.size, shape.size.saturating_mul(4)].map(shape.make);
    let mut least = [f64::MAX; 2];
    for _ in 0..plan.rounds.saturating_mul(2) {
        for (wasm, least) in modules.iter().zip(&mut least) {
            let times = ours(wasm).map_err(|error| format!("{}: {error}", shape.name))?;
            let whole = times
                .first()
                .map_or(f64::MAX, |(_, nanoseconds)| *nanoseconds);
            *least = least.min(whole);
        }
    }
    let [small, large] = &modules;
    let [before, after] = least;
    Ok(Growth {
        shape: shape.name,
        bytes: [small.len(), large.len()],
        ns: least,
        growth: ratio(after, before),
        ns_per_byte: per(after, large.len()),
    })
}
