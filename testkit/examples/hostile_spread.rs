//! Prints the time that a unit of gas takes in each entry of the hostile set, and its spread.
//!
//! `cargo run --release -p lockstep-testkit --example hostile_spread`.
//! A denial of service is nothing but a
//! place where this is large. Exit code 1 if an entry takes more than the nominal time of its gas,
//! or the worst is above four times the median. The figures are this machine's; only an optimised
//! build means anything.
//!
//! State is in memory here, while a cold price stands for a disk. So each entry is shown twice: as
//! measured, and with the time that its first touches pay for, which puts what waits for a disk
//! beside what computes. The bound of four holds the second; the first is printed beside it.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "it measures, and prints what it measured"
)]

extern crate lockstep_testkit as testkit;

use contract_types::{Address, Invocation, hostile};
use host_api::Function;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use testkit::{Call, World};
use vm::{Interpreter, Rules, check};

/// Gas of one call.
const GAS: u64 = 100_000_000;
/// How long each entry runs at least, three times; the fastest counts.
const ROUND: Duration = Duration::from_millis(150);
/// Nanoseconds that a unit of gas stands for.
const NOMINAL: f64 = 0.1;
/// Worst over median that is still acceptable.
const SPREAD_MAX: f64 = 4.0;

/// One entry: gas of a call, and nanoseconds of a unit of it.
struct Figure {
    entry: &'static str,
    gas: u64,
    /// As measured: compiled and in memory.
    warm: f64,
    /// The module checked and translated again for each call: no cache had it.
    reloaded: f64,
    /// As `warm`, with the time that first touches pay for.
    with_disk: f64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wasm = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../contracts/wasm/hostile.wasm"
    );
    let wasm = std::fs::read(wasm)?;
    let mut world = World::new();
    let alice = world.account("alice", 0);
    let one = world.deploy(alice, &wasm, "touch", &())?;
    let other = world.deploy(alice, &wasm, "touch", &())?;
    let code_hash = world.code_hash(one).unwrap_or_default();
    let mut many = Vec::new();
    for number in 0..=Interpreter::COMPILED_MODULES_MAX {
        many.push(world.deploy(alice, &variant(&wasm, number), "touch", &())?);
    }
    let mut calls: Vec<Invocation> = hostile::ENDLESS.map(hostile::endless).into();
    calls.extend([
        hostile::bad_pointer(3, u32::MAX, 1),
        hostile::long_value(65_536),
        hostile::reenter(other, 0),
        hostile::reenter(other, 1),
        hostile::descend(),
        hostile::touch(),
        hostile::upgrade(code_hash.0),
        hostile::deploy_bomb(code_hash.0),
        hostile::lie(false),
        hostile::lie(true),
    ]);
    let cold = Rules::v1().schedule.host(Function::StorageRead).cold as f64;
    let mut figures = Vec::new();
    for call in calls {
        let (gas, touches) = once(&world, one, &call)?;
        let warm = nanoseconds_per_gas(&world, &[one], &call, None)?;
        figures.push(Figure {
            entry: call.entry,
            gas,
            warm,
            reloaded: nanoseconds_per_gas(&world, &many, &call, Some(&wasm))?,
            with_disk: warm + touches as f64 * cold * NOMINAL / gas as f64,
        });
    }
    Ok(report(figures))
}

/// One of the three figures of an entry.
type Of = fn(&Figure) -> f64;

/// Prints the table and what it comes to.
fn report(mut figures: Vec<Figure>) -> ExitCode {
    figures.sort_by(|one, other| one.with_disk.total_cmp(&other.with_disk));
    println!("ns per 1,000 gas; nominal {:.0}", NOMINAL * 1_000.0);
    println!("     warm  reloaded  with disk          gas  entry");
    for figure in &figures {
        let shown = [figure.warm, figure.reloaded, figure.with_disk].map(|ns| ns * 1_000.0);
        let [warm, reloaded, with_disk] = shown;
        let (gas, entry) = (figure.gas, figure.entry);
        println!("{warm:>9.1} {reloaded:>9.1} {with_disk:>10.1} {gas:>12}  {entry}");
    }
    let mut worst = [0.0; 2];
    let kinds: [(&str, Of); 3] = [
        ("warm", |figure| figure.warm),
        ("reloaded", |figure| figure.reloaded),
        ("with disk", |figure| figure.with_disk),
    ];
    for (kind, of) in kinds {
        let mut all: Vec<f64> = figures.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        let at = |place: usize| all.get(place).copied().unwrap_or(f64::NAN);
        let (least, most) = (at(0), at(all.len().saturating_sub(1)));
        let median = at(all.len() / 2);
        worst = [most / NOMINAL, most / median];
        println!(
            "{kind}: worst {:.2} of the nominal, {:.2} of the median; median {:.2} of the least",
            most / NOMINAL,
            most / median,
            median / least
        );
    }
    let [over_nominal, over_median] = worst;
    println!("with disk, at most 1 of the nominal and {SPREAD_MAX} of the median are wanted");
    ExitCode::from(u8::from(over_nominal > 1.0 || over_median > SPREAD_MAX))
}

/// The same code under another hash, and a few bytes longer.
fn variant(wasm: &[u8], number: usize) -> Vec<u8> {
    let number = u64::try_from(number).unwrap_or_default().to_le_bytes();
    [wasm, &[0, 10, 1, b'n'], &number].concat()
}

/// Gas of a call, and how many keys it touches first.
fn once(
    world: &World,
    contract: Address,
    call: &Invocation,
) -> Result<(u64, usize), Box<dyn Error>> {
    let outcome = world.outcome(&made(contract, call))?;
    let touched = &outcome.access;
    // The caller, the callee and its code have no cold price.
    let free = 3;
    let touches = touched.reads.len().saturating_add(touched.scans.len());
    Ok((outcome.gas_used.0, touches.saturating_sub(free)))
}

fn made(contract: Address, call: &Invocation) -> Call {
    Call::raw(contract, call.entry, call.input.clone()).gas(GAS)
}

/// The fastest of three rounds over the contracts in turn, each checked before if it is reloaded; a
/// call that fails is what is measured, too.
fn nanoseconds_per_gas(
    world: &World,
    contracts: &[Address],
    call: &Invocation,
    reloaded: Option<&[u8]>,
) -> Result<f64, Box<dyn Error>> {
    let rules = Rules::v1();
    let calls: Vec<Call> = contracts.iter().map(|one| made(*one, call)).collect();
    let mut calls = calls.iter().cycle();
    let mut least = f64::MAX;
    for _ in 0..3 {
        let (begun, mut gas) = (Instant::now(), 0_u64);
        while begun.elapsed() < ROUND {
            let Some(call) = calls.next() else { break };
            if let Some(wasm) = reloaded {
                check(wasm, &rules).map_err(|rejection| format!("{rejection:?}"))?;
            }
            gas = gas.saturating_add(world.outcome(call)?.gas_used.0);
        }
        least = least.min(begun.elapsed().as_nanos() as f64 / gas as f64);
    }
    Ok(least)
}
