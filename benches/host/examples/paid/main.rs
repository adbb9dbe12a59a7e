//! Measures programs that once took far longer than the nominal time of their gas.
//!
//! `cargo run --release -p host-bench --example paid`. Each line is one contract, with an engine of
//! its own: nanoseconds of processor time for 1,000 gas (nominal 100) in the first call, when no
//! cache and no pool has anything (cold), then the median and the worst of ten calls (warm). Exit
//! code 1 if a line is above nominal three times in a row.
#![expect(
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "it measures time and prints the result"
)]

mod programs;

mod world;

use host_bench::clock::Clock;
use programs::{Case, cases};
use std::error::Error;
use std::process::ExitCode;
use vm::Interpreter;
use world::World;

/// Gas limit of a measured call: 30 ms, so that the ticks of the processor clock do not matter.
const GAS: u64 = 300_000_000;
/// Measured calls after the first: blocks in a row.
const CALLS: usize = 10;
/// Nominal time of 1,000 gas in nanoseconds.
const NOMINAL: f64 = 100.0;
/// Attempts before a line counts as above nominal.
const ATTEMPTS: usize = 3;

/// Nanoseconds for 1,000 gas of one case.
struct Figure {
    cold: f64,
    median: f64,
    worst: f64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let world = World::new(&cases())?;
    println!("ns of processor time for 1,000 gas; nominal {NOMINAL:.0}");
    println!("     cold   median    worst  program");
    let mut above = false;
    for case in cases() {
        let mut figure = measure(&world, &case)?;
        for _ in 1..ATTEMPTS {
            if figure.cold.max(figure.median) > NOMINAL {
                figure = measure(&world, &case)?;
            }
        }
        above |= figure.cold.max(figure.median) > NOMINAL;
        let Figure {
            cold,
            median,
            worst,
        } = figure;
        println!("{cold:>9.1} {median:>8.1} {worst:>8.1}  {}", case.name);
    }
    Ok(ExitCode::from(u8::from(above)))
}

fn measure(world: &World, case: &Case) -> Result<Figure, Box<dyn Error>> {
    let engine = Interpreter::new();
    for address in &case.before {
        world.call(&engine, *address, GAS)?;
    }
    let mut all = Vec::new();
    for _ in 0..=CALLS {
        let begun = Clock::now();
        let gas = world.call(&engine, case.address, GAS)?;
        all.push(begun.elapsed().as_nanos() as f64 / gas as f64 * 1_000.0);
    }
    let cold = all.remove(0);
    all.sort_by(f64::total_cmp);
    let at = |index: usize| all.get(index).copied().unwrap_or(f64::NAN);
    Ok(Figure {
        cold,
        median: at(CALLS / 2),
        worst: at(CALLS - 1),
    })
}
