//! Measures the translation and the loading of modules beside the gas that a frame pays for them.
//!
//! `cargo run --release -p host-bench --example first_entry [FILE.wasm ...]`. Each line is one
//! module, checked before, on an engine that has not seen it: nanoseconds of processor time for
//! 1,000 gas (nominal 100) of the first entries of all its functions, and of its frame; the least
//! of several rounds. Files are measured after the shapes. Exit code 1 if a line is above nominal.
#![expect(
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::panic,
    reason = "it measures time, prints the result and has no input but its own shapes"
)]

mod shapes;

use host_bench::clock::Clock;
use shapes::{Shape, shapes};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use vm::unstable::frames::frame_price;
use vm::{CheckedModule, Engine, Interpreter, Rules, check};

/// Rounds of a measurement, of which the least counts.
const ROUNDS: usize = 7;
/// Nominal time of 1,000 gas in nanoseconds.
const NOMINAL: f64 = 100.0;

/// Nanoseconds of one module.
struct Figure {
    loading: f64,
    translating: f64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut all = shapes();
    for path in std::env::args().skip(1) {
        let wasm = std::fs::read(&path)?;
        all.push(Shape { name: path, wasm });
    }
    println!("ns of processor time for 1,000 gas; nominal {NOMINAL:.0}");
    println!("first entry    frame    us/entries      us/load   functions  operators  module");
    let mut above = false;
    for shape in all {
        let rules = Arc::new(Rules::v1());
        let module = check(&shape.wasm, &rules);
        let module = Arc::new(module.map_err(|error| format!("{}: {error:?}", shape.name))?);
        let figure = measure(&module, &rules)?;
        let functions = module.functions();
        let first: u64 = functions
            .iter()
            .map(|of| rules.schedule.first_entry(of.operators, of.targets))
            .sum();
        let operators: u32 = functions.iter().map(|of| of.operators).sum();
        let per = |time: f64, gas: u64| time / gas as f64 * 1_000.0;
        let entries = per(figure.translating, first);
        let frame = per(figure.loading, frame_price(&module, &rules));
        above |= entries.max(frame) > NOMINAL;
        println!(
            "{entries:>11.1} {frame:>8.1} {:>13.1} {:>12.1} {:>11} {operators:>10}  {}",
            figure.translating / 1_000.0,
            figure.loading / 1_000.0,
            functions.len(),
            shape.name,
        );
    }
    Ok(ExitCode::from(u8::from(above)))
}

/// The least times of several rounds, each with an engine of its own, which has run another module.
fn measure(module: &Arc<CheckedModule>, rules: &Arc<Rules>) -> Result<Figure, Box<dyn Error>> {
    let other = wat::parse_str("(module (memory 1) (func (param i32) local.get 0 drop))")?;
    let other = Arc::new(check(&other, rules).map_err(|error| format!("{error:?}"))?);
    let mut least = Figure {
        loading: f64::MAX,
        translating: f64::MAX,
    };
    let empty = |_| Clock::now().elapsed().as_nanos() as f64;
    let idle = (0..ROUNDS).map(empty).fold(f64::MAX, f64::min);
    for _ in 0..ROUNDS {
        let engine = Interpreter::new();
        drop(engine.instantiate(&other, rules)?);
        engine.compile_all(&other, rules)?;
        let begun = Clock::now();
        let instance = engine.instantiate(module, rules)?;
        drop(instance);
        least.loading = least.loading.min(begun.elapsed().as_nanos() as f64);
        let begun = Clock::now();
        engine.compile_all(module, rules)?;
        least.translating = least.translating.min(begun.elapsed().as_nanos() as f64);
    }
    least.loading -= idle;
    least.translating -= idle;
    Ok(least)
}
