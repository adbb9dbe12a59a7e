//! Builds each mutant, runs its checks and prints which oracle finds it; fails if one survives.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]
#![expect(
    clippy::disallowed_types,
    reason = "the clock is for the printed times only"
)]

use conformance::mutants::{self, Check, Mutant, OracleFinding, Tree, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

const HELP: &str = "\
Injects bugs into vm and node in a copy of the project, and runs the tests that must find them.

Usage: mutants [--list] [--json] [NAME]...

  NAME     a file of conformance/mutants without `.patch`; the default is all
  --list   print the names of the mutants, and run nothing
  --json   print one JSON object instead of a table

Each result names the oracles that found the mutant (the simulator, the vectors, or tests of a
package), and for each the first test that failed, its line and its message.

The copy and its build stay in target/mutants.
Exit code: 0 every mutant is found; 1 one survived; 2 usage error, or an inconclusive mutant: its
patch does not apply or build, or its check fails without the patch.";

#[derive(Default)]
struct MutantsOptions {
    list: bool,
    json: bool,
    names: Vec<String>,
}

/// Result of one mutant.
struct MutantResult {
    mutant: Mutant,
    verdict: Verdict,
    seconds: u64,
}

impl MutantResult {
    const fn result(&self) -> &'static str {
        match self.verdict {
            Verdict::Found(_) => "found",
            Verdict::Survived => "survived",
            Verdict::Broken(_) => "broken",
        }
    }

    /// Oracles and places, or why the mutant is inconclusive.
    fn detail(&self) -> String {
        match &self.verdict {
            Verdict::Found(findings) => {
                let lines = findings.iter().map(|found| {
                    let test = found.tests.first().map_or("", String::as_str);
                    format!("\n    {}: {test}: {}", found.oracle, found.place)
                });
                lines.collect()
            }
            Verdict::Survived => {
                let lines = self.mutant.checks.iter().map(Check::line);
                format!("passes: {}", lines.collect::<Vec<_>>().join("; "))
            }
            Verdict::Broken(why) => why.clone(),
        }
    }

    fn to_json(&self) -> Value {
        let findings: &[OracleFinding] = match &self.verdict {
            Verdict::Found(findings) => findings,
            _ => &[],
        };
        let found: Vec<Value> = findings
            .iter()
            .map(
                |found| json!({"oracle": found.oracle, "tests": found.tests, "place": found.place}),
            )
            .collect();
        let checks: Vec<String> = self.mutant.checks.iter().map(Check::line).collect();
        let why = match &self.verdict {
            Verdict::Broken(why) => Some(why),
            _ => None,
        };
        json!({
            "name": self.mutant.name,
            "wrong": self.mutant.wrong,
            "checks": checks,
            "result": self.result(),
            "found_by": found,
            "why": why,
            "seconds": self.seconds,
        })
    }
}

fn options() -> Result<Option<MutantsOptions>, String> {
    let mut options = MutantsOptions::default();
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--help" | "-h" => return Ok(None),
            "--list" => options.list = true,
            "--json" => options.json = true,
            other if other.starts_with('-') => return Err(format!("unknown option {other}")),
            _ => options.names.push(word),
        }
    }
    Ok(Some(options))
}

/// The mutants with these names, or all.
fn chosen(all: Vec<Mutant>, names: &[String]) -> Result<Vec<Mutant>, String> {
    let known: BTreeSet<&String> = all.iter().map(|mutant| &mutant.name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no such mutant: {name}"));
    }
    let wanted = |mutant: &Mutant| names.is_empty() || names.contains(&mutant.name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// Runs each check without a patch, then each mutant.
fn run(root: &Path, mutants: Vec<Mutant>) -> Result<Vec<MutantResult>, String> {
    for mutant in &mutants {
        mutants::applies(root, &mutant.patch)
            .map_err(|error| format!("{}: {error}", mutant.name))?;
    }
    let tree = Tree::new(root).map_err(|error| error.to_string())?;
    let checks: BTreeSet<&Check> = mutants.iter().flat_map(|mutant| &mutant.checks).collect();
    for check in checks {
        let line = check.line();
        eprintln!("without a patch: {line}");
        mutants::try_clean(&tree, check).map_err(|why| format!("{line}: {why}"))?;
    }
    let count = mutants.len();
    let mut results = Vec::new();
    for (index, mutant) in mutants.into_iter().enumerate() {
        let number = index.saturating_add(1);
        eprint!("{number}/{count} {}: ", mutant.name);
        let start = Instant::now();
        let verdict = mutants::try_mutant(&tree, &mutant);
        let entry = MutantResult {
            mutant,
            verdict,
            seconds: start.elapsed().as_secs(),
        };
        eprintln!("{} in {} s", entry.result(), entry.seconds);
        results.push(entry);
    }
    Ok(results)
}

fn count(results: &[MutantResult], result: &str) -> usize {
    results
        .iter()
        .filter(|entry| entry.result() == result)
        .count()
}

fn print(results: &[MutantResult], as_json: bool) {
    let counts = ["found", "survived", "broken"].map(|result| count(results, result));
    let [found, survived, broken] = counts;
    if as_json {
        let mutants: Vec<Value> = results.iter().map(MutantResult::to_json).collect();
        println!(
            "{}",
            json!({"mutants": mutants, "found": found, "survived": survived, "broken": broken})
        );
        return;
    }
    for entry in results {
        let (result, detail) = (entry.result(), entry.detail());
        println!(
            "{:<26} {result:<9} {:>4} s  {detail}",
            entry.mutant.name, entry.seconds
        );
    }
    println!("{found} found, {survived} survived, {broken} broken");
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(why) => return usage(&why),
    };
    let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() else {
        return usage("the project is no longer where this command was built");
    };
    let all = mutants::read_all(&root.join(mutants::FOLDER)).map_err(|error| error.to_string());
    let mutants = match all.and_then(|all| chosen(all, &options.names)) {
        Ok(mutants) => mutants,
        Err(why) => return usage(&why),
    };
    if options.list {
        for mutant in &mutants {
            println!("{:<26} {}", mutant.name, mutant.wrong);
        }
        return ExitCode::SUCCESS;
    }
    let results = match run(root, mutants) {
        Ok(results) => results,
        Err(why) => return usage(&why),
    };
    print(&results, options.json);
    match (count(&results, "broken"), count(&results, "survived")) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(1),
        _ => ExitCode::from(2),
    }
}

fn usage(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
