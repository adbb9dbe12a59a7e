//! Prints what the VM takes to execute, load and call, beside the engines of this build.
//!
//! The command `cargo run --release -p benches --features peers -- execute --json` and the shape of
//! what it prints are frozen: scripts read it.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]

use benches::plan::{Part, Plan};
use benches::{Measured, execute, load, plot, print};
#[cfg(feature = "rocksdb")]
use benches::{state, transfers};
use clap::{Args, Parser, Subcommand, ValueEnum};
use host_bench::measure;
use std::path::PathBuf;

/// Rounds of a run whose figures are quoted.
const ROUNDS: usize = 9;

#[derive(Parser)]
#[command(name = "benches", about = "Measures execution, loading and calls")]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Kernels on every engine, loading of three modules, calls.
    Execute {
        #[command(flatten)]
        options: Options,
        /// Draw the kernels' table there.
        #[arg(long, value_name = "FILE.svg")]
        plot: Option<PathBuf>,
    },
    /// Loading of three modules, and how it grows on hostile shapes.
    Load {
        #[command(flatten)]
        options: Options,
    },
    /// Every host function of the product's own host, beside its price.
    Host {
        /// One JSON object in place of a table.
        #[arg(long)]
        json: bool,
        /// Short stretches and few rounds: for a look, not for a figure.
        #[arg(long)]
        quick: bool,
        /// Timed rounds.
        #[arg(long, value_name = "N")]
        rounds: Option<usize>,
    },
    /// Durable commits over a large state, beside jmt on RocksDB.
    #[cfg(feature = "rocksdb")]
    State(StateOptions),
    /// Signed token transfers on one durable node.
    #[cfg(feature = "rocksdb")]
    Transfers(TransferOptions),
    /// One candidate of `state`, started by it.
    #[cfg(feature = "rocksdb")]
    #[command(hide = true)]
    StateWorker(state::worker::Arguments),
}

#[cfg(feature = "rocksdb")]
#[derive(Args)]
struct StateOptions {
    /// One JSON object in place of lines for people.
    #[arg(long)]
    json: bool,
    /// Few keys and blocks: for a look, not for a figure.
    #[arg(long)]
    quick: bool,
    /// Measured blocks.
    #[arg(long, value_name = "N", default_value_t = 40)]
    blocks: u64,
    /// A folder for the databases, on the disk that is to be measured.
    #[arg(long, value_name = "DIR", default_value = "target/bench-state")]
    folder: PathBuf,
}

#[cfg(feature = "rocksdb")]
impl StateOptions {
    fn plan(&self) -> state::Plan {
        let (keys, updates) = if self.quick {
            (20_000, 1_000)
        } else {
            (1_000_000, 5_000)
        };
        state::Plan {
            keys,
            updates,
            blocks: if self.quick { 5 } else { self.blocks },
            folder: self.folder.clone(),
        }
    }
}

#[cfg(feature = "rocksdb")]
#[derive(Args)]
struct TransferOptions {
    /// One JSON object in place of lines for people.
    #[arg(long)]
    json: bool,
    /// Transfers of a block, each of another account.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    transfers: u64,
    /// Measured blocks.
    #[arg(long, value_name = "N", default_value_t = 15)]
    blocks: u64,
    /// A folder for the database, on the disk that is to be measured.
    #[arg(long, value_name = "DIR", default_value = "target/bench-transfers")]
    folder: PathBuf,
}

#[cfg(feature = "rocksdb")]
fn show<T: serde::Serialize>(report: &T, json: bool) -> Measured<()> {
    let text = if json {
        serde_json::to_string(report)?
    } else {
        serde_json::to_string_pretty(report)?
    };
    println!("{text}");
    Ok(())
}

#[derive(Args)]
struct Options {
    /// One JSON object in place of tables.
    #[arg(long)]
    json: bool,
    /// Small sizes and few rounds: for a look, not for a figure.
    #[arg(long)]
    quick: bool,
    /// Timed rounds.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Only these kernels.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    kernels: Vec<String>,
    /// Only these engines beside native code.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    engines: Vec<String>,
    /// Only these parts of the report.
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    parts: Vec<PartName>,
}

/// A part of the report.
#[derive(Clone, Copy, ValueEnum)]
enum PartName {
    /// Execution of the kernels.
    Kernels,
    /// Loading of three modules.
    Load,
    /// Empty call, transfer, instantiation.
    Calls,
}

impl From<PartName> for Part {
    fn from(name: PartName) -> Self {
        match name {
            PartName::Kernels => Self::Kernels,
            PartName::Load => Self::Load,
            PartName::Calls => Self::Calls,
        }
    }
}

impl Options {
    fn plan(&self) -> Plan {
        let quick = Plan::quick();
        let rounds = if self.quick { quick.rounds } else { ROUNDS };
        Plan {
            rounds: self.rounds.unwrap_or(rounds).max(1),
            quick: self.quick,
            kernels: self.kernels.clone(),
            engines: self.engines.clone(),
            parts: self.parts.iter().copied().map(Part::from).collect(),
        }
    }
}

fn host(json: bool, quick: bool, rounds: Option<usize>) -> Measured<()> {
    let rounds = rounds.unwrap_or(if quick { Plan::quick().rounds } else { ROUNDS });
    let plan = match quick {
        true => measure::Plan::quick(rounds),
        false => measure::Plan::full(rounds),
    };
    let report = measure::report(&plan)?;
    let text = match json {
        true => serde_json::to_string(&report)?,
        false => print::host(&report)?,
    };
    println!("{text}");
    Ok(())
}

/// With `rocksdb` come our crates that choose wasmi's portable dispatch, and cargo gives every user
/// of a crate all features that one of them chose: wasmi would be measured at half its speed.
fn fair_to_wasmi() -> Measured<()> {
    if cfg!(all(feature = "wasmi", feature = "rocksdb")) {
        return Err(
            "built with `rocksdb`, which slows wasmi down: build with `peers` alone".into(),
        );
    }
    Ok(())
}

fn main() -> Measured<()> {
    let what = Command::parse().what;
    if matches!(what, What::Execute { .. } | What::Load { .. }) {
        fair_to_wasmi()?;
    }
    match what {
        What::Execute { options, plot } => {
            let report = execute::report(&options.plan())?;
            if let Some(file) = plot {
                std::fs::write(file, plot::svg(&report)?)?;
            }
            let text = if options.json {
                serde_json::to_string(&report)?
            } else {
                print::execute(&report)?
            };
            println!("{text}");
        }
        What::Load { options } => {
            let report = load::report(&options.plan())?;
            let text = if options.json {
                serde_json::to_string(&report)?
            } else {
                print::load(&report)?
            };
            println!("{text}");
        }
        What::Host {
            json,
            quick,
            rounds,
        } => host(json, quick, rounds)?,
        #[cfg(feature = "rocksdb")]
        What::State(options) => show(&state::report(&options.plan())?, options.json)?,
        #[cfg(feature = "rocksdb")]
        What::Transfers(options) => {
            let plan = transfers::Plan {
                accounts: options.transfers,
                blocks: options.blocks,
                folder: options.folder,
            };
            show(&transfers::report(&plan)?, options.json)?;
        }
        #[cfg(feature = "rocksdb")]
        What::StateWorker(arguments) => state::worker::run(&arguments)?,
    }
    Ok(())
}
