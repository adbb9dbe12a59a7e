//! Measures the time of check over hostile modules that double in size.
//!
//! Medians of several runs; a figure of this machine, in no result, so it is no part of `cargo
//! test`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::disallowed_types,
    reason = "the clock is what this command measures with"
)]

use conformance::differential::hostile::FAMILIES;
use std::process::ExitCode;
use std::time::Instant;
use vm::Rules;

/// Items of the smaller module.
const SIZE: u32 = 40_000;
/// Runs of which the median counts.
const RUNS: usize = 15;
/// Time that doubling the input may cost, in percent.
const GROWTH_MAX: u128 = 230;
/// Below this, the time is the clock's own noise.
const NOISE_NANOSECONDS: u128 = 200_000;

fn median(bytes: &[u8], rules: &Rules) -> u128 {
    let mut times: Vec<u128> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let verdict = vm::check::check(bytes, rules);
            let time = start.elapsed().as_nanos();
            drop(verdict);
            time
        })
        .collect();
    times.sort_unstable();
    times.get(RUNS / 2).copied().unwrap_or_default()
}

fn main() -> ExitCode {
    let rules = Rules::v1();
    let mut slow = 0_u32;
    println!(
        "{:32}{:>12}{:>14}{:>14}{:>8}",
        "family", "bytes", "ns", "ns doubled", "%"
    );
    for (name, make) in FAMILIES {
        let (small, large) = (make(SIZE), make(SIZE.saturating_mul(2)));
        let (first, second) = (median(&small, &rules), median(&large, &rules));
        let growth = second
            .saturating_mul(100)
            .checked_div(first)
            .unwrap_or_default();
        let breach = growth > GROWTH_MAX && second > NOISE_NANOSECONDS;
        slow = slow.saturating_add(u32::from(breach));
        let mark = if breach { "  too slow" } else { "" };
        println!(
            "{name:32}{:>12}{first:>14}{second:>14}{growth:>8}{mark}",
            small.len()
        );
    }
    println!("{slow} families above {GROWTH_MAX} %");
    if slow == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}
