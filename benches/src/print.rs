//! Prints reports as text tables.

use crate::execute::ExecutionReport;
use crate::load;
use crate::plan::ByEngine;
use crate::statistics::ratio;
use crate::wide::WideRow;
use std::fmt::{self, Write};

/// Nanoseconds in a millisecond.
const MILLISECOND: f64 = 1e6;
/// Nanoseconds in a microsecond.
const MICROSECOND: f64 = 1e3;
/// Engines in the order of the columns; others follow by name.
const ORDER: [&str; 7] = [
    "lockstep",
    "lockstep-unmetered",
    "wasmi",
    "wasmi-fuel",
    "winch-fuel",
    "cranelift-fuel",
    "native",
];

/// Names of the engines of a table, the interpreter first.
#[must_use]
pub fn engines(table: &ByEngine) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = table.keys().copied().collect();
    let position = |name: &&str| ORDER.iter().position(|known| known == name);
    names.sort_by_key(|name| (position(name).unwrap_or(ORDER.len()), *name));
    names
}

/// The report of `benches execute`: kernels in multiples of native time, then loading and calls.
///
/// # Errors
/// Never; writing to a string does not fail.
pub fn execute(report: &ExecutionReport) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let names = engines(&report.geomean_over_native);
    let size = if report.quick { "small" } else { "full" };
    writeln!(
        text,
        "Multiples of native time; medians of {} rounds, {size} size.",
        report.rounds
    )?;
    writeln!(text, "{}.\n", report.build)?;
    header(&mut text, &["kernel", "native ms"], &names)?;
    for row in &report.kernels {
        let native = row.ns.get("native").copied().unwrap_or(f64::NAN);
        write!(text, "| {} | {:.2} |", row.name, ratio(native, MILLISECOND))?;
        for name in &names {
            let of_engine = row.ns.get(name).copied().unwrap_or(f64::NAN);
            write!(text, " {:.2} |", ratio(of_engine, native))?;
        }
        writeln!(text)?;
    }
    write!(text, "| geomean | |")?;
    for name in &names {
        let mean = report.geomean_over_native.get(name);
        write!(text, " {:.2} |", mean.copied().unwrap_or(f64::NAN))?;
    }
    writeln!(text, "\n")?;
    leads(&mut text, &report.geomean_over_native)?;
    table(&mut text, "loading, ns per byte", &report.load_ns_per_byte)?;
    table(&mut text, "calls, ns", &report.calls_ns)?;
    Ok(text)
}

/// The report of `benches wide`: time, gas and size of each program in both builds.
///
/// # Errors
/// Never; writing to a string does not fail.
pub fn wide(rows: &[WideRow]) -> Result<String, fmt::Error> {
    let mut text = String::from("On the interpreter; medians.\n\n");
    header(
        &mut text,
        &[
            "program",
            "us without",
            "us with",
            "speed",
            "gas without",
            "gas with",
            "bytes",
        ],
        &[],
    )?;
    for row in rows {
        let [without, with] = row.ns.map(|time| ratio(time, MICROSECOND));
        let ([gas, gas_with], [bytes, bytes_with]) = (&row.gas, row.bytes);
        writeln!(
            text,
            "| {} | {without:.1} | {with:.1} | {:.2} | {gas} | {gas_with} \
             | {bytes}, {bytes_with} |",
            row.name, row.speedup
        )?;
    }
    Ok(text)
}

/// The report of `benches load`: load times, then the growth on hostile shapes.
///
/// # Errors
/// Never; writing to a string does not fail.
pub fn load(report: &load::LoadReport) -> Result<String, fmt::Error> {
    let mut text = String::new();
    table(&mut text, "loading, ns per byte", &report.load_ns_per_byte)?;
    writeln!(
        text,
        "| hostile shape | bytes at 4N | ns per byte | time(4N) / time(N) |"
    )?;
    writeln!(text, "|---|---:|---:|---:|")?;
    for row in &report.growth {
        let [_, bytes] = row.bytes;
        writeln!(
            text,
            "| {} | {bytes} | {:.1} | {:.2} |",
            row.shape, row.ns_per_byte, row.growth
        )?;
    }
    Ok(text)
}

/// The report of `benches host`: a row for each part of a price, in the order of the host table.
///
/// # Errors
/// Never; writing to a string does not fail.
pub fn host(report: &host_bench::measure::HostReport) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let first = ["function", "part of the price", "case"];
    header(
        &mut text,
        &first,
        &["price", "all gas", "ns", "over nominal"],
    )?;
    for row in &report.rows {
        writeln!(
            text,
            "| {} | {:?} | {} | {} | {} | {:.2} | {:.2} |",
            row.function, row.part, row.case, row.price, row.gas, row.ns, row.over_nominal
        )?;
    }
    writeln!(
        text,
        "\nnominal: {} ns per unit of gas; slowest: {} at {:.2} times nominal",
        report.nominal_ns_per_gas, report.worst_of, report.worst
    )?;
    Ok(text)
}

/// Times of each engine over those of the interpreter.
fn leads(text: &mut String, means: &ByEngine) -> fmt::Result {
    let Some(ours) = means.get("lockstep") else {
        return Ok(());
    };
    for (name, mean) in means.iter().filter(|(name, _)| **name != "lockstep") {
        writeln!(text, "{name} / lockstep: {:.2}", ratio(*mean, *ours))?;
    }
    writeln!(text)
}

fn header(text: &mut String, first: &[&str], names: &[&str]) -> fmt::Result {
    let columns = [first, names].concat();
    writeln!(text, "| {} |", columns.join(" | "))?;
    writeln!(
        text,
        "|---|{}",
        "---:|".repeat(columns.len().saturating_sub(1))
    )
}

fn table<'a>(
    text: &mut String,
    title: &str,
    rows: impl IntoIterator<Item = (&'a &'static str, &'a ByEngine)> + Clone,
) -> fmt::Result {
    let mut all = ByEngine::new();
    for (_, row) in rows.clone() {
        all.extend(row.iter());
    }
    let names = engines(&all);
    header(text, &[title], &names)?;
    for (kind, row) in rows {
        write!(text, "| {kind} |")?;
        for name in &names {
            match row.get(name) {
                Some(value) => write!(text, " {value:.1} |")?,
                None => write!(text, " |")?,
            }
        }
        writeln!(text)?;
    }
    writeln!(text)
}
