//! Prints the time that a unit of gas takes in each entry of the hostile set, and its spread.
//!
//! `cargo run --release -p testkit --example hostile_spread`. A denial of service is nothing but a
//! place where this is large: exit code 1 if the worst is above four times the median. The figures
//! are this machine's; only an optimised build means anything.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "it measures, and prints what it measured"
)]

use contract_types::{Invocation, hostile};
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use testkit::{Address, Call, World};

/// Gas of one call.
const GAS: u64 = 100_000_000;
/// How long each entry runs at least, three times; the fastest counts.
const ROUND: Duration = Duration::from_millis(150);
/// Nanoseconds that a unit of gas stands for.
const NOMINAL: f64 = 0.1;
/// Worst over median that is still acceptable.
const SPREAD_MAX: f64 = 4.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wasm = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../contracts/wasm/hostile.wasm"
    );
    let wasm = std::fs::read(wasm)?;
    let mut world = World::new().without_inner_failures();
    let alice = world.account("alice", 0);
    let one = world.deploy(alice, &wasm, "touch", &())?;
    let other = world.deploy(alice, &wasm, "touch", &())?;
    let code_hash = world.code_hash(one).unwrap_or_default();
    let mut calls: Vec<Invocation> = hostile::ENDLESS.map(hostile::endless).into();
    calls.extend([
        hostile::bad_pointer(3, u32::MAX, 1),
        hostile::long_value(65_536),
        hostile::reenter(other, 0),
        hostile::reenter(other, 1),
        hostile::descend(),
        hostile::touch(),
        hostile::upgrade(code_hash),
        hostile::deploy_bomb(code_hash),
        hostile::lie(false),
        hostile::lie(true),
    ]);
    let mut figures: Vec<(f64, Invocation)> = Vec::new();
    for call in calls {
        figures.push((nanoseconds_per_gas(&world, one, &call), call));
    }
    figures.sort_by(|one, other| one.0.total_cmp(&other.0));
    let middle = figures.len().checked_div(2).unwrap_or_default();
    let median = figures.get(middle).map_or(0.0, |figure| figure.0);
    println!("ns per 1,000 gas, over the median, entry");
    for (figure, call) in &figures {
        let (shown, over) = (figure * 1_000.0, figure / median);
        println!("{shown:>9.1} {over:>7.2} {}", call.entry);
    }
    let worst = figures.last().map_or(0.0, |figure| figure.0);
    let over = worst / NOMINAL;
    println!("worst over the nominal {NOMINAL} ns for a unit of gas: {over:.2}");
    let worst = worst / median;
    println!("worst over median: {worst:.2}, at most {SPREAD_MAX} is wanted");
    Ok(ExitCode::from(u8::from(worst > SPREAD_MAX)))
}

/// The fastest of three rounds; a call that fails is what is measured, too.
fn nanoseconds_per_gas(world: &World, contract: Address, call: &Invocation) -> f64 {
    let call = Call::raw(contract, call.entry, call.input.clone()).gas(GAS);
    let round = || {
        let (begun, mut gas) = (Instant::now(), 0_u64);
        while begun.elapsed() < ROUND {
            let used = match world.query(&call) {
                Ok(receipt) => receipt.gas_used,
                Err(failure) => failure.gas_used(),
            };
            gas = gas.saturating_add(used);
        }
        begun.elapsed().as_nanos() as f64 / gas as f64
    };
    [round(), round(), round()]
        .into_iter()
        .fold(f64::MAX, f64::min)
}
