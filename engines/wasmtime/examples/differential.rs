//! Runs the differential in wasmtime: generated modules, single operators, sweeps.
//!
//! ```text
//! differential A..B SWEEPS [quick|full]
//! ```
//! Exit code 1 if wasmtime differs from the reference; 2 on usage.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a command prints; a machine on which wasmtime cannot run shows nothing"
)]

use conformance::differential::{campaign, failing, single::Depth, sweeps};
use emitted_wasmtime::Wasmtime;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::ExitCode;
use vm::Engine;

fn engines() -> Vec<Box<dyn Engine>> {
    vec![Box::new(Wasmtime::new().expect("wasmtime runs here"))]
}

fn options() -> Option<(Range<u64>, u64, Option<Depth>)> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (seeds, sweeps) = (words.first()?, words.get(1)?);
    let (first, end) = seeds.split_once("..")?;
    let depth = match words.get(2).map(String::as_str) {
        None => None,
        Some("quick") => Some(Depth::Quick),
        Some("full") => Some(Depth::Full),
        Some(_) => return None,
    };
    Some((
        first.parse().ok()?..end.parse().ok()?,
        sweeps.parse().ok()?,
        depth,
    ))
}

fn main() -> ExitCode {
    let Some((seeds, programs, depth)) = options() else {
        eprintln!("differential A..B SWEEPS [quick|full]");
        return ExitCode::from(2);
    };
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut report = campaign::seeds(seeds, threads, &engines);
    println!("seeds: {}", report.summary());
    if let Some(depth) = depth {
        let single = campaign::operators(depth, threads, &engines);
        println!("single operators: {}", single.summary());
        report.merge(single);
    }
    let swept = sweeps::sweep_programs(programs, threads, &engines);
    println!("sweep: {}", swept.summary());
    report.broken.extend(swept.problems);
    for line in report.problems() {
        println!("{line}");
    }
    for text in failing::shown(&report, &engines) {
        println!("{text}");
    }
    ExitCode::from(u8::from(!report.problems().is_empty()))
}
