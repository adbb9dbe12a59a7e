//! Implements the command `benches`, which measures the VM and the other engines of this build.
//!
//! Scripts run `cargo run --release -p benches --features peers -- execute --json` and read its
//! output: neither may change.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]

#[cfg(feature = "node")]
use benches::drive;
use benches::plan::{BenchPlan, ReportPart};
use benches::{Measured, execute, load, plot, print, wide};
#[cfg(feature = "rocksdb")]
use benches::{state, transfers};
use clap::{Args, Parser, Subcommand, ValueEnum};
use host_bench::measure;
use std::path::PathBuf;

/// Default number of rounds, for figures that are published.
const ROUNDS: usize = 9;

#[derive(Parser)]
#[command(name = "benches", about = "Measures execution, loading and calls")]
struct CommandLine {
    #[command(subcommand)]
    what: BenchCommand,
}

#[derive(Subcommand)]
enum BenchCommand {
    /// Measure kernels on every engine, loading of three modules, and calls.
    Execute {
        #[command(flatten)]
        options: Options,
        /// Write the table of kernels as a figure to this file.
        #[arg(long, value_name = "FILE.svg")]
        plot: Option<PathBuf>,
    },
    /// Measure loading of three modules, and its growth on hostile shapes.
    Load {
        #[command(flatten)]
        options: Options,
    },
    /// Measure the kernel u256 and the sample amm with and without wide arithmetic.
    Wide {
        /// Print one JSON object instead of a table.
        #[arg(long)]
        json: bool,
        /// A small size and few rounds, for a rough estimate.
        #[arg(long)]
        quick: bool,
    },
    /// Measure every host function and compare it with its price.
    Host {
        /// Print one JSON object instead of a table.
        #[arg(long)]
        json: bool,
        /// Few and short rounds, for a rough estimate.
        #[arg(long)]
        quick: bool,
        /// Number of timed rounds.
        #[arg(long, value_name = "N")]
        rounds: Option<usize>,
    },
    /// Measure signed token transfers through a chain that proposes, verifies and finalizes.
    #[cfg(feature = "node")]
    Drive(DriveOptions),
    /// Measure durable commits on a large state, compared with jmt on RocksDB.
    #[cfg(feature = "rocksdb")]
    State(StateOptions),
    /// Measure signed token transfers on one node with a durable store.
    #[cfg(feature = "rocksdb")]
    Transfers(TransferOptions),
    /// Run one candidate of `state`, which starts this command.
    #[cfg(feature = "rocksdb")]
    #[command(hide = true)]
    StateWorker(state::worker::WorkerArguments),
}

#[cfg(feature = "rocksdb")]
#[derive(Args)]
struct StateOptions {
    /// Print one JSON object in one line.
    #[arg(long)]
    json: bool,
    /// Few keys and blocks, for a rough estimate.
    #[arg(long)]
    quick: bool,
    /// Number of measured blocks.
    #[arg(long, value_name = "N", default_value_t = 40)]
    blocks: u64,
    /// Folder for the databases, on the measured disk.
    #[arg(long, value_name = "DIR", default_value = "target/bench-state")]
    folder: PathBuf,
}

#[cfg(feature = "rocksdb")]
impl StateOptions {
    fn plan(&self) -> state::StatePlan {
        let (keys, updates) = if self.quick {
            (20_000, 1_000)
        } else {
            (1_000_000, 5_000)
        };
        state::StatePlan {
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
    /// Print one JSON object in one line.
    #[arg(long)]
    json: bool,
    /// Number of transfers in a block, each from another account.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    transfers: u64,
    /// Number of measured blocks.
    #[arg(long, value_name = "N", default_value_t = 15)]
    blocks: u64,
    /// Folder for the database, on the measured disk.
    #[arg(long, value_name = "DIR", default_value = "target/bench-transfers")]
    folder: PathBuf,
}

#[cfg(feature = "node")]
#[derive(Args)]
struct DriveOptions {
    /// Print one JSON object in one line.
    #[arg(long)]
    json: bool,
    /// Number of transfers in a block, each from another account.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    transfers: u64,
    /// Number of measured blocks.
    #[arg(long, value_name = "N", default_value_t = 15)]
    blocks: u64,
    /// Threads of the chain; 0 starts none.
    #[arg(long, value_name = "N", default_value_t = 0)]
    workers: usize,
    /// Store of the chain.
    #[arg(long, value_enum, value_name = "STORE", default_value = "redb")]
    store: drive::DriveStore,
    /// Folder for the file of the store, on the measured disk.
    #[arg(long, value_name = "DIR", default_value = "target/bench-drive")]
    folder: PathBuf,
}

#[cfg(feature = "node")]
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
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Small sizes and few rounds, for a rough estimate.
    #[arg(long)]
    quick: bool,
    /// Number of timed rounds.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Measure only these kernels.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    kernels: Vec<String>,
    /// Measure only these engines, and native code.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    engines: Vec<String>,
    /// Measure only these parts of the report.
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

impl From<PartName> for ReportPart {
    fn from(name: PartName) -> Self {
        match name {
            PartName::Kernels => Self::Kernels,
            PartName::Load => Self::Load,
            PartName::Calls => Self::Calls,
        }
    }
}

impl Options {
    fn plan(&self) -> BenchPlan {
        let quick = BenchPlan::quick();
        let rounds = if self.quick { quick.rounds } else { ROUNDS };
        BenchPlan {
            rounds: self.rounds.unwrap_or(rounds).max(1),
            quick: self.quick,
            kernels: self.kernels.clone(),
            engines: self.engines.clone(),
            parts: self.parts.iter().copied().map(ReportPart::from).collect(),
        }
    }
}

fn host(json: bool, quick: bool, rounds: Option<usize>) -> Measured<()> {
    let rounds = rounds.unwrap_or(if quick {
        BenchPlan::quick().rounds
    } else {
        ROUNDS
    });
    let plan = match quick {
        true => measure::HostPlan::quick(rounds),
        false => measure::HostPlan::full(rounds),
    };
    let report = measure::report(&plan)?;
    let text = match json {
        true => serde_json::to_string(&report)?,
        false => print::host(&report)?,
    };
    println!("{text}");
    Ok(())
}

fn wide(json: bool, quick: bool) -> Measured<()> {
    let rounds = if quick {
        BenchPlan::quick().rounds
    } else {
        ROUNDS
    };
    let rows = wide::report(rounds, quick)?;
    let text = if json {
        serde_json::to_string(&rows)?
    } else {
        print::wide(&rows)?
    };
    println!("{text}");
    Ok(())
}

/// Returns an error if wasmi would be measured at half its speed: the features `node` and
/// `rocksdb` add crates that enable wasmi's portable dispatch, and cargo unifies the features of a
/// dependency.
fn check_wasmi_features() -> Measured<()> {
    if cfg!(all(feature = "wasmi", feature = "node")) {
        return Err(
            "the feature `node` slows wasmi down: build with the feature `peers` alone".into(),
        );
    }
    Ok(())
}

fn main() -> Measured<()> {
    let what = CommandLine::parse().what;
    if matches!(
        what,
        BenchCommand::Execute { .. } | BenchCommand::Load { .. }
    ) {
        check_wasmi_features()?;
    }
    match what {
        BenchCommand::Execute { options, plot } => {
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
        BenchCommand::Load { options } => {
            let report = load::report(&options.plan())?;
            let text = if options.json {
                serde_json::to_string(&report)?
            } else {
                print::load(&report)?
            };
            println!("{text}");
        }
        BenchCommand::Wide { json, quick } => wide(json, quick)?,
        BenchCommand::Host {
            json,
            quick,
            rounds,
        } => host(json, quick, rounds)?,
        #[cfg(feature = "node")]
        BenchCommand::Drive(options) => {
            let plan = drive::DrivePlan {
                accounts: options.transfers,
                blocks: options.blocks,
                workers: options.workers,
                store: options.store,
                folder: options.folder,
            };
            show(&drive::report(&plan)?, options.json)?;
        }
        #[cfg(feature = "rocksdb")]
        BenchCommand::State(options) => show(&state::report(&options.plan())?, options.json)?,
        #[cfg(feature = "rocksdb")]
        BenchCommand::Transfers(options) => {
            let plan = transfers::TransferPlan {
                accounts: options.transfers,
                blocks: options.blocks,
                folder: options.folder,
            };
            show(&transfers::report(&plan)?, options.json)?;
        }
        #[cfg(feature = "rocksdb")]
        BenchCommand::StateWorker(arguments) => state::worker::run(&arguments)?,
    }
    Ok(())
}
