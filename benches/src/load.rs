//! Measures loading: checking, and translating at once or at the first call, beside wasmi.
#![expect(
    clippy::float_arithmetic,
    reason = "sums of times; no result of the VM"
)]

use crate::Measured;
use crate::clock::time;
use crate::contender::Times;
use crate::linked::{COUNTER, linked};
use crate::plan::{ByEngine, Plan};
use crate::shapes::{SHAPES, Shape};
use crate::statistics::{median, per, ratio};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Engine, Interpreter, Rules, check};

/// Nanoseconds per byte of three modules by engine, rounds interleaved.
///
/// `lockstep` is checking and translating every function, `lockstep-check` the first part of it,
/// `lockstep-lazy` checking and all that is done before the first call, the first instance of a
/// fresh engine with its reserved memory included.
///
/// # Errors
/// If an engine refuses a module.
pub fn per_byte(plan: &Plan) -> Measured<BTreeMap<&'static str, ByEngine>> {
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

/// Loads `wasm` once.
///
/// # Errors
/// If it is refused.
pub fn ours(wasm: &[u8]) -> Measured<Times> {
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

/// How one shape grows.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// The shape.
    pub shape: &'static str,
    /// Bytes of the smaller and the larger module.
    pub bytes: [usize; 2],
    /// Least nanoseconds of checking and translating, of both.
    pub ns: [f64; 2],
    /// Larger over smaller: time(4N) / time(N).
    pub growth: f64,
    /// Nanoseconds per byte of the larger.
    pub ns_per_byte: f64,
}

/// What `load` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// By module and engine.
    pub load_ns_per_byte: BTreeMap<&'static str, ByEngine>,
    /// One row a hostile shape.
    pub growth: Vec<Growth>,
}

/// Measures the three modules and every hostile shape.
///
/// # Errors
/// As [`per_byte`].
pub fn report(plan: &Plan) -> Measured<Report> {
    let growth = SHAPES.iter().map(|shape| growth(shape, plan));
    Ok(Report {
        load_ns_per_byte: per_byte(plan)?,
        growth: growth.collect::<Measured<_>>()?,
    })
}

/// The least time of several: noise of the machine only adds.
fn growth(shape: &Shape, plan: &Plan) -> Measured<Growth> {
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
