//! Is the `lockstep` command: parses the command line, runs one command, answers with an exit code.
//!
//! Each file uses those above it in this table, never one below:
//!
//! | file | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `text`, `print` | how things are spelt; the only file that prints |
//! | `pace`, `replacement` | progress; files that are there as a whole or not at all |
//! | `functions`, `reject` | functions by name; why a file was refused |
//! | `failure` | exit codes |
//! | `load`, `survey` | a file's bytes, and what is in them |
//! | `signature`, `usage`, `warnings`, `listing`, `wit` | parts of what is shown of a module |
//! | `engine`, `store`, `site`, `case_file` | parts of a node, and where two executions part |
//! | `explanations` | rejections, traps and statuses in words |
//! | `report` | a simulation as a page of HTML |
//! | `check`, `run`, `meter`, `schedule`, `inspect`, `explain` | one command each |
//! | `network`, `sim`, `case`, `node`, `conform` | the same, over many nodes and many machines |
//!
//! Verdicts, gas and results come from the libraries; nothing here computes them.
#![forbid(unsafe_code)]

mod args;

mod text;

mod print;

mod pace;

mod replacement;

mod functions;

mod reject;

mod failure;

mod load;

mod survey;

mod signature;

mod usage;

mod warnings;

mod listing;

mod wit;

mod engine;

mod store;

mod site;

mod case_file;

mod explanations;

mod report;

mod check;

mod run;

mod meter;

mod schedule;

mod inspect;

mod explain;

mod network;

mod sim;

mod case;

mod node;

mod conform;

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
