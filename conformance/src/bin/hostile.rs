//! Measures the time of `check` on hostile modules: per byte, and its growth with doubled size.
//!
//! Each time is the least of several runs. The figures depend on the machine, so this is a command
//! and not a test.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(clippy::disallowed_types, reason = "this command measures time")]

use conformance::differential::hostile::FAMILIES;
use std::process::ExitCode;
use std::time::Instant;
use vm::Rules;

/// Sizes of the modules in items; each module is compared with one of twice the size.
const SIZES: &[u32] = &[1_000, 2_000, 4_000, 8_000, 16_000, 32_000];
/// Smallest module, in bytes: the base price of an upload covers smaller ones.
const BYTES_MIN: usize = 1_024;
/// Least number of modules to measure.
const MODULES_MIN: usize = 200;
/// Runs of each module; the least time counts, because noise of the machine only adds.
const RUNS: usize = 9;
/// Most time of a module of twice the size, in percent.
const GROWTH_MAX: u128 = 230;
/// Shorter times are noise of the clock, in nanoseconds.
const NOISE_NANOSECONDS: u128 = 200_000;
/// Most time for a byte, in picoseconds; `upload.per_byte` pays for 100 ns.
const PICOSECONDS_PER_BYTE_MAX: u128 = 100_000;
/// Number of rows of the table.
const ROWS: usize = 25;

/// Times of one module.
struct CheckTiming {
    picoseconds_per_byte: u128,
    bytes: usize,
    nanoseconds: u128,
    /// Time of the module of twice the size, in percent of this one's; `None` if the verdict
    /// changes.
    growth: Option<u128>,
    name: String,
    accepted: bool,
}

impl CheckTiming {
    fn is_superlinear(&self) -> bool {
        let growth = self.growth.unwrap_or_default();
        growth > GROWTH_MAX && self.nanoseconds > NOISE_NANOSECONDS
    }
}

/// Whether the module is accepted, and the least time in nanoseconds.
fn time(bytes: &[u8], rules: &Rules) -> (bool, u128) {
    let mut accepted = false;
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        let verdict = vm::check(bytes, rules);
        let time = start.elapsed().as_nanos();
        accepted = verdict.is_ok();
        time
    });
    let least = times.min().unwrap_or_default();
    (accepted, least)
}

fn rows(name: &str, make: fn(u32) -> Vec<u8>, rules: &Rules) -> Vec<CheckTiming> {
    let mut rows: Vec<CheckTiming> = Vec::new();
    for size in SIZES {
        let (module, doubled) = (make(*size), make(size.saturating_mul(2)));
        if module.len() < BYTES_MIN {
            continue;
        }
        let (accepted, nanoseconds) = time(&module, rules);
        let (still, second) = time(&doubled, rules);
        let growth = second.saturating_mul(100).checked_div(nanoseconds);
        let bytes = u128::try_from(module.len()).unwrap_or(u128::MAX);
        let picoseconds = nanoseconds.saturating_mul(1_000);
        rows.push(CheckTiming {
            picoseconds_per_byte: picoseconds.checked_div(bytes).unwrap_or_default(),
            bytes: module.len(),
            nanoseconds,
            growth: growth.filter(|_| still == accepted),
            name: format!("{name}, {size}"),
            accepted,
        });
    }
    rows
}

/// A number of thousandths with one decimal.
fn thousandths(number: u128) -> String {
    let tenths = number.checked_div(100).unwrap_or_default();
    let whole = tenths.checked_div(10).unwrap_or_default();
    format!("{whole}.{}", tenths.checked_rem(10).unwrap_or_default())
}

fn main() -> ExitCode {
    let rules = Rules::v1();
    let each = FAMILIES
        .iter()
        .flat_map(|(name, make)| rows(name, *make, &rules));
    let mut all: Vec<CheckTiming> = each.collect();
    all.sort_by_key(|row| std::cmp::Reverse(row.picoseconds_per_byte));
    let median = all
        .get(all.len() / 2)
        .map_or(0, |row| row.picoseconds_per_byte);
    println!(
        "{:>8}{:>9}{:>12}{:>9}  module",
        "ns/byte", "bytes", "ns", "doubled"
    );
    for row in all.iter().take(ROWS) {
        let growth = row
            .growth
            .map_or_else(|| "-".to_owned(), |growth| growth.to_string());
        let verdict = if row.accepted { "" } else { " (rejected)" };
        println!(
            "{:>8}{:>9}{:>12}{growth:>8}%  {}{verdict}",
            thousandths(row.picoseconds_per_byte),
            row.bytes,
            row.nanoseconds,
            row.name
        );
    }
    let worst = all.first().map_or(0, |row| row.picoseconds_per_byte);
    let times = worst
        .saturating_mul(1_000)
        .checked_div(median)
        .unwrap_or_default();
    println!(
        "{} modules, median {} ns/byte, worst {} times that",
        all.len(),
        thousandths(median),
        thousandths(times)
    );
    let slow: Vec<&CheckTiming> = all.iter().filter(|row| row.is_superlinear()).collect();
    for row in &slow {
        println!(
            "grows faster than its size: {}: {:?} %",
            row.name, row.growth
        );
    }
    let pass = slow.is_empty() && worst <= PICOSECONDS_PER_BYTE_MAX && all.len() >= MODULES_MIN;
    if pass {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}
