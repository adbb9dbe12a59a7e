//! Runs the differential: seeds, single operators, sweeps; prints counts and shrunk failures.
//!
//! ```text
//! differential [--seeds A..B] [--single quick|full|none] [--sweep N] [--engine NAME]...
//! [--threads N]
//! ```
//! Exit code 1 if an engine differs, an operator was not reached, or the generator failed; 2 for a
//! usage error.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]

use conformance::differential::campaign::{self, CampaignReport};
use conformance::differential::engines;
use conformance::differential::failing;
use conformance::differential::single::Depth;
use conformance::differential::sweeps;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::ExitCode;
use vm::Rules;

struct DifferentialOptions {
    seeds: Range<u64>,
    single: Option<Depth>,
    sweep: u64,
    engines: Vec<String>,
    threads: NonZeroUsize,
}

/// Most failures that are shrunk and printed.
const SHOWN_MAX: usize = 3;

fn options() -> Result<DifferentialOptions, String> {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut options = DifferentialOptions {
        seeds: 0..1_000,
        single: None,
        sweep: 0,
        engines: Vec::new(),
        threads,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a value"))?;
        let number = |text: &str| {
            text.parse::<u64>()
                .map_err(|error| format!("{text}: {error}"))
        };
        match word.as_str() {
            "--seeds" => {
                let (first, end) = value.split_once("..").ok_or("--seeds A..B")?;
                options.seeds = number(first)?..number(end)?;
            }
            "--single" => {
                options.single = match value.as_str() {
                    "quick" => Some(Depth::Quick),
                    "full" => Some(Depth::Full),
                    "none" => None,
                    other => return Err(format!("--single quick|full|none, not {other}")),
                };
            }
            "--sweep" => options.sweep = number(&value)?,
            "--engine" => options.engines.push(value),
            "--threads" => {
                options.threads = value.parse().map_err(|error| format!("{value}: {error}"))?;
            }
            other => return Err(format!("unknown option {other}")),
        }
    }
    if engines::named(&options.engines).is_empty() {
        return Err(format!("no such engine: {:?}", options.engines));
    }
    Ok(options)
}

fn run(options: &DifferentialOptions) -> bool {
    let make = || engines::named(&options.engines);
    let names: Vec<&str> = make().iter().map(|engine| engine.name()).collect();
    println!("reference against {}", names.join(", "));
    let mut whole = CampaignReport::default();
    let mut show = |what: &str, report: CampaignReport| {
        println!("{what}: {}", report.summary());
        for problem in report.problems().iter().take(20) {
            println!("  {problem}");
        }
        whole.merge(report);
    };
    show(
        "seeds",
        campaign::seeds(options.seeds.clone(), options.threads, &make),
    );
    if let Some(depth) = options.single {
        show(
            "single operators",
            campaign::operators(depth, options.threads, &make),
        );
    }
    if options.sweep > 0 {
        let swept = sweeps::sweep_programs(options.sweep, options.threads, &make);
        println!("sweep: {}", swept.summary());
        whole.broken.extend(swept.problems);
    }
    for text in failing::shown(&whole, &make).iter().take(SHOWN_MAX) {
        println!("{text}");
    }
    let missing = match options.single {
        Some(_) => whole.found.coverage.missing(&Rules::v1()),
        None => Vec::new(),
    };
    if options.single.is_some() {
        println!("{}", whole.found.coverage.table(&Rules::v1()));
    }
    for line in &missing {
        println!("not covered: {line}");
    }
    whole.problems().is_empty() && missing.is_empty()
}

fn main() -> ExitCode {
    match options() {
        Ok(options) if run(&options) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(usage) => {
            eprintln!("{usage}");
            ExitCode::from(2)
        }
    }
}
