//! wasmi as a foreign engine: serves `lockstep conform run --command` over its standard streams.
//!
//! `wasmi_engine [BUG]`: a bug makes it an engine that the vectors must find.

use conformance::foreign::{BUGS, Served};
use std::process::ExitCode;
use std::{env, io};

#[expect(clippy::print_stderr, reason = "a program")]
fn main() -> ExitCode {
    let bug = match env::args().nth(1) {
        None => None,
        Some(name) => match BUGS.iter().find(|(known, _)| *known == name) {
            Some((_, bug)) => Some(*bug),
            None => {
                let known: Vec<&str> = BUGS.iter().map(|(name, _)| *name).collect();
                eprintln!("usage: wasmi_engine [{}]", known.join(" | "));
                return ExitCode::from(2);
            }
        },
    };
    match Served::new(bug).serve(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
