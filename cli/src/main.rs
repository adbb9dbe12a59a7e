//! Implements the `lockstep` command: parses the command line and runs one command.
//!
//! Each file uses those above it in this table, never one below:
//!
//! | file | content |
//! |---|---|
//! | `args` | the command line |
//! | `text`, `print` | formatting of numbers and names; the only file that prints |
//! | `progress` | intervals between progress lines |
//! | `functions`, `rejected_file` | names of functions; why a file was rejected |
//! | `failure` | exit codes |
//! | `output` | the files that commands write |
//! | `module` | reading a contract file and describing its contents |
//! | `chain` | stores, case files, and where two executions diverge |
//! | `explanations` | explanations of rejections, traps and statuses |
//! | `report` | a simulation as an HTML page |
//! | `commands` | one file for each command |
//!
//! Verdicts, gas and results come from the libraries; nothing here computes them.
#![forbid(unsafe_code)]

mod args;

mod text;

mod print;

mod progress;

mod functions;

mod rejected_file;

mod failure;

mod output;

mod module;

mod chain;

mod explanations;

mod report;

mod commands;

use args::{Command, CommandLine};
use clap::Parser;
use commands::{check, conform, explain, inspect, meter, node, proof, run, schedule, sim};
use failure::{CommandResult, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    match dispatch(&command_line.command) {
        Ok(verdict) => verdict.exit_code(),
        Err(failure) => report(&failure, command_line.json()),
    }
}

fn dispatch(command: &Command) -> CommandResult {
    match command {
        Command::Check(arguments) => check::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Meter(arguments) => meter::run(arguments),
        Command::Schedule(arguments) => schedule::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Sim(arguments) => sim::run(arguments),
        Command::Node(arguments) => node::run(arguments),
        Command::Proof(arguments) => proof::run(arguments),
        Command::Conform(arguments) => conform::run(arguments),
    }
}

fn report(failure: &Failure, json: bool) -> ExitCode {
    match failure {
        Failure::Rejected(rejected) => {
            if let Err(worse) = rejected.print(json) {
                return report(&worse.into(), false);
            }
        }
        Failure::Usage(_) | Failure::Environment(_) => failure.note(),
    }
    failure.exit_code()
}
