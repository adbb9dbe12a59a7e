//! Prints the time per unit of gas of each entry of the hostile contract, and its spread.
//!
//! `cargo run --release -p lockstep-testkit --example hostile_spread`.
//! An entry with a large time per gas can be used for a denial of service. Exit code 1 if an entry
//! takes more than the nominal time of its gas, or the slowest one takes more than four times the
//! median. The figures depend on the machine and need an optimised build.
//!
//! State is in memory here, while a cold price covers a disk access. Therefore each entry is shown
//! as measured and, in a second column, with the nominal time of its cold prices added, which makes
//! disk accesses comparable to computation. The limits apply to the second column.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "it measures time and prints the result"
)]

extern crate lockstep_testkit as testkit;

use contract_types::{Address, Invocation, hostile};
use host_api::Function;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use testkit::{Call, World};
use vm::{Interpreter, Rules, check};

/// Gas limit of a call.
const GAS: u64 = 100_000_000;
/// Minimum duration of a round; of three rounds the fastest counts.
const ROUND: Duration = Duration::from_millis(150);
/// Nominal time of a unit of gas, in nanoseconds.
const NOMINAL: f64 = 0.1;
/// Maximum accepted ratio of the slowest entry to the median.
const SPREAD_MAX: f64 = 4.0;

/// Gas of a call of an entry, and nanoseconds per unit of gas.
struct Figure {
    entry: &'static str,
    gas: u64,
    /// Measured with the compiled module in the cache.
    warm: f64,
    /// Measured with the module validated and translated again for each call.
    reloaded: f64,
    /// `warm` plus the nominal time of the cold prices.
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
        hostile::large_output(false),
        hostile::large_output(true),
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

/// Selects one of the three figures of an entry.
type FigureOf = fn(&Figure) -> f64;

/// Prints the table and the ratios; returns exit code 1 if a limit is exceeded.
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
    let kinds: [(&str, FigureOf); 3] = [
        ("warm", |figure| figure.warm),
        ("reloaded", |figure| figure.reloaded),
        ("with disk", |figure| figure.with_disk),
    ];
    for (kind, of) in kinds {
        let mut all: Vec<f64> = figures.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        let at = |index: usize| all.get(index).copied().unwrap_or(f64::NAN);
        let (least, most) = (at(0), at(all.len().saturating_sub(1)));
        let median = at(all.len() / 2);
        worst = [most / NOMINAL, most / median];
        println!(
            "{kind}: slowest {:.2} x nominal, {:.2} x median; median {:.2} x fastest",
            most / NOMINAL,
            most / median,
            median / least
        );
    }
    let [over_nominal, over_median] = worst;
    println!("limits for \"with disk\": slowest 1 x nominal and {SPREAD_MAX} x median");
    ExitCode::from(u8::from(over_nominal > 1.0 || over_median > SPREAD_MAX))
}

/// The same code with a custom section, so that its hash differs.
fn variant(wasm: &[u8], number: usize) -> Vec<u8> {
    let number = u64::try_from(number).unwrap_or_default().to_le_bytes();
    [wasm, &[0, 10, 1, b'n'], &number].concat()
}

/// Gas of a call, and number of keys with a cold price.
fn once(
    world: &World,
    contract: Address,
    call: &Invocation,
) -> Result<(u64, usize), Box<dyn Error>> {
    let outcome = world.outcome(&made(contract, call))?;
    let touched = &outcome.access;
    // Caller, callee and the code of the callee have no cold price.
    let free = 3;
    let touches = touched.reads.len().saturating_add(touched.scans.len());
    Ok((outcome.gas_used.0, touches.saturating_sub(free)))
}

fn made(contract: Address, call: &Invocation) -> Call {
    Call::raw(contract, call.entry, call.input.clone()).gas(GAS)
}

/// Time per gas of the fastest of three rounds over the contracts in turn, including a validation
/// of `reloaded` before each call. Failing calls are measured, too.
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
