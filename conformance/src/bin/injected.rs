//! Runs every check against every injected bug and prints the table; fails if a bug escapes.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]

use conformance::catalogue;
use conformance::injected::bugs::bugs;
use conformance::injected::checks::{CHECKS, find, table, without_host};
use std::path::Path;
use std::process::ExitCode;

/// Number of checks that must find each bug.
const ENOUGH: usize = 2;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let cases = match catalogue::texts(&folder) {
        Ok(cases) => without_host(cases),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let findings: Vec<_> = bugs()
        .iter()
        .map(|bug| find(bug, &cases, CHECKS.len()))
        .collect();
    println!("{}", table(&findings));
    for finding in &findings {
        println!("{}", finding.bug);
        for (check, evidence) in &finding.evidence {
            println!("  {check}: {evidence}");
        }
    }
    let escaped = findings
        .iter()
        .filter(|finding| finding.evidence.len() < ENOUGH)
        .count();
    println!(
        "{} bugs, {escaped} found by fewer than {ENOUGH} checks",
        findings.len()
    );
    if escaped == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}
