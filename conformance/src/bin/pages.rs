//! Runs every command and builds every contract that the pages show; fails if one does not work.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]
#![expect(clippy::disallowed_types, reason = "the clock is for the reader alone")]

use conformance::pages::plan::GUIDE;
use conformance::pages::{Plan, Scratch, Step, steps};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

const HELP: &str = "\
Runs the commands and the code that README.md and docs show, as a reader would type them.

Usage: pages [--list] [PAGE]...

  PAGE     a page, as its path from the root of the project; without one, all
  --list   print each command with what becomes of it, and run nothing

The commands run in a temporary folder. The walk of docs/contracts.md needs the target
wasm32v1-none.
Exit code: 0 everything works; 1 a command does not do what its page says; 2 usage.";

/// The package that the guide makes.
const PACKAGE: &str = "guestbook";
/// Lines of output that are shown of a command that fails.
const LINES_SHOWN: usize = 30;

fn project() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// README.md and the pages of docs, by their paths.
fn pages() -> io::Result<Vec<String>> {
    let mut names = vec!["README.md".to_owned(), "contracts/README.md".to_owned()];
    for folder in ["docs", "docs/spec"] {
        for entry in fs::read_dir(project().join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                names.push(format!("{folder}/{name}"));
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Builds the command and finds it.
fn build() -> io::Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "-p", "cli"])
        .current_dir(project())
        .status()?;
    if !status.success() {
        return Err(io::Error::other("the command does not build"));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| project().join("target"), PathBuf::from);
    Ok(target.join("release/lockstep"))
}

/// Where a step of a page runs: the guide changes into its package once that exists.
fn folder_of(scratch: &Scratch, page: &str) -> PathBuf {
    let package = scratch.package(PACKAGE);
    if page == GUIDE && package.exists() {
        package
    } else {
        scratch.root().to_owned()
    }
}

/// Does what a step says; why it does not work, if it does not.
fn perform(scratch: &Scratch, step: &Step) -> io::Result<Result<(), String>> {
    let folder = folder_of(scratch, &step.page);
    match &step.plan {
        Plan::Leave(_) => Ok(Ok(())),
        Plan::Unknown => Ok(Err(
            "nothing runs it: add a rule to `pages::plan`".to_owned()
        )),
        Plan::Write { file, text } => {
            let path = folder.join(file);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, text).map(Ok)
        }
        Plan::Run { line, exit } => {
            let ran = scratch.run(&folder, line)?;
            if ran.exit == Some(*exit) {
                return Ok(Ok(()));
            }
            let lines: Vec<&str> = ran.output.lines().collect();
            let from = lines.len().saturating_sub(LINES_SHOWN);
            let end = lines.get(from..).unwrap_or_default().join("\n");
            Ok(Err(format!("exit {:?}, expected {exit}\n{end}", ran.exit)))
        }
    }
}

/// Runs the steps of the chosen pages; how many do not work.
fn run(chosen: &[String]) -> io::Result<usize> {
    let lockstep = build()?;
    // Outside of the project, so that cargo does not take its manifest for the guide's.
    let folder = std::env::temp_dir().join(format!("lockstep-pages-{}", std::process::id()));
    let mut failed = 0_usize;
    for page in chosen {
        let text = fs::read_to_string(project().join(page))?;
        let scratch = Scratch::new(&project(), &folder, &lockstep)?;
        for step in steps(page, &text) {
            let began = Instant::now();
            let result = perform(&scratch, &step)?;
            let seconds = began.elapsed().as_secs();
            let place = format!("{page}:{}", step.line);
            match (&step.plan, result) {
                (Plan::Leave(why), _) => println!("left    {place}  {}  ({why})", step.shown),
                (_, Ok(())) => println!("ok      {place}  {}  {seconds} s", step.shown),
                (_, Err(why)) => {
                    failed = failed.saturating_add(1);
                    println!("FAILED  {place}  {}\n{why}", step.shown);
                }
            }
        }
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(failed)
}

fn list(chosen: &[String]) -> io::Result<()> {
    for page in chosen {
        for step in steps(page, &fs::read_to_string(project().join(page))?) {
            println!("{page}:{}  {}  {:?}", step.line, step.shown, step.plan);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let (flags, named): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .partition(|argument| argument.starts_with('-'));
    let only_lists = flags.iter().any(|flag| flag == "--list");
    let result = pages().and_then(|all| {
        let unknown = named.iter().find(|page| !all.contains(page));
        if unknown.is_some() || flags.iter().any(|flag| flag != "--list") {
            eprintln!("{HELP}");
            return Ok(2);
        }
        let chosen = if named.is_empty() { all } else { named };
        if only_lists {
            return list(&chosen).map(|()| 0);
        }
        run(&chosen).map(|failed| u8::from(failed > 0))
    });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("this machine failed, not a page: {error}");
            ExitCode::from(1)
        }
    }
}
