//! Is the `lockstep` command: parses the command line, runs one command, answers with an exit code.
//!
//! Each file uses those above it in this table, never one below:
//!
//! | file | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `text`, `print` | how things are spelt; the only file that prints |
//! | `progress`, `replacement` | progress; files that are there as a whole or not at all |
//! | `functions`, `rejected_file` | functions by name; why a file was refused |
//! | `failure` | exit codes |
//! | `module` | a contract's file, and parts of what is shown of it |
//! | `chain` | stores, cases in files, and where two executions part |
//! | `explanations` | rejections, traps and statuses in words |
//! | `report` | a simulation as a page of HTML |
//! | `commands` | one file for each command |
//!
//! Verdicts, gas and results come from the libraries; nothing here computes them.
#![forbid(unsafe_code)]

mod args;

mod text;

mod print;

mod progress;

mod replacement;

mod functions;

mod rejected_file;

mod failure;

mod module;

mod chain;

mod explanations;

mod report;

mod commands;

use args::{Command, CommandLine};
use clap::Parser;
use commands::{check, conform, explain, inspect, meter, node, run, schedule, sim};
use failure::{Answer, Failure};
use print::Colour;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    match dispatch(&command_line.command) {
        Ok(verdict) => verdict.exit_code(),
        Err(failure) => report(&failure, command_line.json()),
    }
}

fn dispatch(command: &Command) -> Answer {
    match command {
        Command::Check(arguments) => check::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Meter(arguments) => meter::run(arguments),
        Command::Schedule(arguments) => schedule::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Sim(arguments) => sim::run(arguments),
        Command::Node(arguments) => node::run(arguments),
        Command::Conform(arguments) => conform::run(arguments),
    }
}

fn report(failure: &Failure, json: bool) -> ExitCode {
    match failure {
        Failure::Rejected(refusal) => {
            if let Err(worse) = refusal.print(json) {
                return report(&worse.into(), false);
            }
        }
        Failure::Usage(message) | Failure::Environment(message) => {
            let word = print::coloured_note("error", Colour::Red);
            print::note(&format!("{word}: {message}"));
        }
    }
    failure.exit_code()
}
