//! Is the `lockstep` command: parses the command line, runs one command, answers with an exit code.
//!
//! | file | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `check`, `run`, `meter`, `schedule`, `inspect`, `explain` | one command each |
//! | `sim`, `network`, `node`, `conform` | the same, over many nodes and many machines |
//! | `report` | a simulation as a page of HTML |
//! | `case`, `site` | one transaction that replays alone; where two executions part |
//! | `load`, `survey`, `reject` | a file's bytes, what they say, why they were refused |
//! //! | `functions`, `listing`, `signature`, `usage` | parts of what is shown of a module |
//! | `replacement`, `pace` | files that are there as a whole or not at all; progress |
//! | `failure`, `print` | exit codes; the only file that prints |
//!
//! Verdicts, gas and results come from the libraries; nothing here computes them.
#![forbid(unsafe_code)]

mod args;

mod failure;

mod print;

mod load;

mod survey;

mod functions;

mod reject;

mod signature;

mod usage;

mod listing;

mod check;

mod run;

mod meter;

mod schedule;

mod inspect;

mod explain;

/// Stores by name.
mod store;

mod sim;

mod report;

mod network;

mod node;

mod case;

mod site;

mod replacement;

mod pace;

mod conform;

mod wit;

use args::{Command, CommandLine};
use clap::Parser;
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
                return report(&worse, false);
            }
        }
        Failure::Usage(message) | Failure::Environment(message) => {
            let word = print::coloured_note("error", Colour::Red);
            print::note(&format!("{word}: {message}"));
        }
    }
    failure.exit_code()
}
