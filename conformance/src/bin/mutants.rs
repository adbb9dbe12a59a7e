//! Builds each mutant, runs its check and prints which tests found it; fails if one survives.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]
#![expect(clippy::disallowed_types, reason = "the clock is for the reader alone")]

use conformance::mutants::{self, Mutant, Tree, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

const HELP: &str = "\
Applies mistakes inside vm and node to a copy of the project; runs the tests that must find them.

Usage: mutants [--list] [--json] [NAME]...

  NAME     a file of conformance/mutants without `.patch`; without one, all
  --list   print what there is, and run nothing
  --json   one JSON object in place of a table

The copy and what is built of it stay in target/mutants.
Exit code: 0 each is found; 1 one survived; 2 usage, or nothing was shown: a patch does not apply or
build, or its check fails without it.";

#[derive(Default)]
struct Options {
    list: bool,
    json: bool,
    names: Vec<String>,
}

/// A mutant with what became of it.
struct Row {
    mutant: Mutant,
    verdict: Verdict,
    seconds: u64,
}

impl Row {
    const fn result(&self) -> &'static str {
        match self.verdict {
            Verdict::Found(_) => "found",
            Verdict::Survived => "survived",
            Verdict::Broken(_) => "broken",
        }
    }

    /// Tests that failed, or why none could.
    fn detail(&self) -> String {
        match &self.verdict {
            Verdict::Found(tests) => match tests.split_first() {
                Some((first, [])) => first.clone(),
                Some((first, more)) => format!("{first} and {} more", more.len()),
                None => String::new(),
            },
            Verdict::Survived => format!("passes: cargo {}", self.mutant.check.join(" ")),
            Verdict::Broken(why) => why.clone(),
        }
    }

    fn to_json(&self) -> Value {
        let tests: &[String] = match &self.verdict {
            Verdict::Found(tests) => tests,
            _ => &[],
        };
        let why = match &self.verdict {
            Verdict::Broken(why) => Some(why),
            _ => None,
        };
        json!({
            "name": self.mutant.name,
            "wrong": self.mutant.wrong,
            "check": format!("cargo {}", self.mutant.check.join(" ")),
            "result": self.result(),
            "tests": tests,
            "why": why,
            "seconds": self.seconds,
        })
    }
}

fn options() -> Result<Option<Options>, String> {
    let mut options = Options::default();
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

/// The mutants of these names, or all.
fn chosen(all: Vec<Mutant>, names: &[String]) -> Result<Vec<Mutant>, String> {
    let known: BTreeSet<&String> = all.iter().map(|mutant| &mutant.name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no such mutant: {name}"));
    }
    let wanted = |mutant: &Mutant| names.is_empty() || names.contains(&mutant.name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// Runs each check without a mistake, then each mutant.
fn run(root: &Path, mutants: Vec<Mutant>) -> Result<Vec<Row>, String> {
    for mutant in &mutants {
        mutants::applies(root, &mutant.patch)
            .map_err(|error| format!("{}: {error}", mutant.name))?;
    }
    let tree = Tree::new(root).map_err(|error| error.to_string())?;
    let checks: BTreeSet<&Vec<String>> = mutants.iter().map(|mutant| &mutant.check).collect();
    for check in checks {
        let line = format!("cargo {}", check.join(" "));
        eprintln!("without a mistake: {line}");
        mutants::try_clean(&tree, check).map_err(|why| format!("{line}: {why}"))?;
    }
    let count = mutants.len();
    let mut rows = Vec::new();
    for (place, mutant) in mutants.into_iter().enumerate() {
        let number = place.saturating_add(1);
        eprint!("{number}/{count} {}: ", mutant.name);
        let start = Instant::now();
        let verdict = mutants::try_mutant(&tree, &mutant);
        let row = Row {
            mutant,
            verdict,
            seconds: start.elapsed().as_secs(),
        };
        eprintln!("{} in {} s", row.result(), row.seconds);
        rows.push(row);
    }
    Ok(rows)
}

fn count(rows: &[Row], result: &str) -> usize {
    rows.iter().filter(|row| row.result() == result).count()
}

fn print(rows: &[Row], as_json: bool) {
    let counts = ["found", "survived", "broken"].map(|result| count(rows, result));
    let [found, survived, broken] = counts;
    if as_json {
        let mutants: Vec<Value> = rows.iter().map(Row::to_json).collect();
        println!(
            "{}",
            json!({"mutants": mutants, "found": found, "survived": survived, "broken": broken})
        );
        return;
    }
    for row in rows {
        let (result, detail) = (row.result(), row.detail());
        println!(
            "{:<26} {result:<9} {:>4} s  {detail}",
            row.mutant.name, row.seconds
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
        return usage("the project is not where this was built");
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
    let rows = match run(root, mutants) {
        Ok(rows) => rows,
        Err(why) => return usage(&why),
    };
    print(&rows, options.json);
    match (count(&rows, "broken"), count(&rows, "survived")) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(1),
        _ => ExitCode::from(2),
    }
}

fn usage(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
