//! Runs `lockstep conform`: runs vectors on this machine, compares reports of several machines.

use crate::args::{Conform, ConformCommand, ConformCompare, ConformEngine, ConformRun};
use crate::commands::foreign;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::output::SideFile;
use crate::print::{self, Colour};
use crate::progress::ProgressTimer;
use crate::text::{counted, grouped, optional, printable, printable_path};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use vectors::VectorError;
use vectors::format::KINDS;
use vectors::report::{self, Difference, Disagreement, Machine, Report};
use vectors::run::{EngineKind, Runner};
use vectors::source::Set;

#[derive(Serialize)]
struct ConformLine<'a> {
    root: &'a str,
    vectors: usize,
    differing: usize,
    first_difference: &'a Option<Difference>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    declined: &'a BTreeMap<String, usize>,
    set: &'a str,
    machine: &'a Machine,
}

#[derive(Serialize)]
struct ForeignLine<'a> {
    #[serde(flatten)]
    report: ConformLine<'a>,
    differences: Vec<foreign::VectorLine<'a>>,
}

#[derive(Serialize)]
struct ComparisonLine<'a> {
    equal: bool,
    /// `None` unless equal.
    root: Option<&'a str>,
    vectors: usize,
    reports: Vec<ReportLine<'a>>,
    first_difference: Option<DisagreementLine<'a>>,
}

#[derive(Serialize)]
struct ReportLine<'a> {
    file: &'a str,
    root: &'a str,
    differing: usize,
    set: &'a str,
    machine: &'a Machine,
}

#[derive(Serialize)]
struct DisagreementLine<'a> {
    vector: &'a str,
    field: &'a str,
    files: [&'a str; 2],
    values: &'a [Option<String>; 2],
}

/// Runs vectors or compares reports.
///
/// # Errors
/// [`Failure::Environment`] for an unreadable or damaged file, or a fault of this machine.
pub(crate) fn run(arguments: &Conform) -> CommandResult {
    match &arguments.command {
        ConformCommand::Run(arguments) => run_vectors(arguments),
        ConformCommand::Compare(arguments) => compare(arguments),
    }
}

fn run_vectors(arguments: &ConformRun) -> CommandResult {
    let mut set = match &arguments.vectors {
        Some(folder) => Set::of_folder(folder),
        None => Set::embedded(),
    }
    .map_err(environment)?;
    let kinds: Vec<&str> = match arguments.kinds.is_empty() {
        true => KINDS.to_vec(),
        false => arguments.kinds.iter().map(String::as_str).collect(),
    };
    if let Some(command) = &arguments.command {
        return run_foreign(arguments, command, (set, &kinds));
    }
    let left_out = set.keep(&kinds);
    let engines = match arguments.engine {
        ConformEngine::One(row) => vec![EngineKind::of(row)],
        ConformEngine::All => EngineKind::all(),
    };
    let file = SideFile::create(arguments.out.as_deref(), "the report")?;
    let mut progress = VectorProgress::start(set.vectors().count());
    let observed = Runner::new(&set, &engines).run(&mut |done, name| progress.vector(done, name));
    print::progress_end();
    let names = engines.iter().map(|kind| kind.name().to_owned());
    let mut report = Report::new(&set, names.collect(), observed.map_err(environment)?);
    report.declined = declined(left_out);
    let printed = if arguments.json {
        print::json(&conform_line(&report))
    } else {
        print::out(&run_text(&report))
    };
    let written = write_report(file, &report);
    verdict(&report).after([printed.map_err(Failure::from), written])
}

/// Runs the vectors of `set` that are of `kinds` and that the program takes.
fn run_foreign(
    arguments: &ConformRun,
    command: &str,
    (mut set, kinds): (Set, &[&str]),
) -> CommandResult {
    let file = SideFile::create(arguments.out.as_deref(), "the report")?;
    let connection = foreign::connect(command, arguments.reply_seconds)?;
    let hello = connection.hello().clone();
    let is_taken = |kind: &&str| hello.kinds.iter().any(|taken| taken == kind);
    let taken: Vec<&str> = kinds.iter().copied().filter(is_taken).collect();
    let left_out = set.keep(&taken);
    let mut progress = VectorProgress::start(set.vectors().count());
    let (observed, broken) = vectors::foreign::run::run(&set, connection, &mut |done, name| {
        progress.vector(done, name);
    });
    print::progress_end();
    let name = format!("{} {}", hello.name, hello.version);
    let mut report = Report::new(&set, vec![name], observed);
    report.declined = declined(left_out);
    let unexpected = report::unexpected(&set, &report);
    if let Some(error) = broken {
        print::out(&foreign::differences_text(&unexpected))?;
        return Err(foreign::incomplete(&error, &report));
    }
    let printed = if arguments.json {
        print::json(&ForeignLine {
            report: conform_line(&report),
            differences: foreign::differences(&unexpected),
        })
    } else {
        let text = foreign::differences_text(&unexpected);
        print::out(&format!("{text}{}", last_line(&report)))
    };
    let written = write_report(file, &report);
    verdict(&report).after([printed.map_err(Failure::from), written])
}

/// Numbers of vectors that were left out, as a report has them.
fn declined(left_out: BTreeMap<&'static str, usize>) -> BTreeMap<String, usize> {
    let named = left_out.into_iter();
    named
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect()
}

/// Writes the report to the file that `--out` names.
fn write_report(file: SideFile, report: &Report) -> Result<(), Failure> {
    let text = report.render().map_err(environment)?;
    file.write(|output| output.write_all(text.as_bytes()))
}

fn verdict(report: &Report) -> Verdict {
    match report.differing {
        0 => Verdict::Passed,
        _ => Verdict::Failed,
    }
}

/// The report without its results.
const fn conform_line(report: &Report) -> ConformLine<'_> {
    ConformLine {
        root: report.root.as_str(),
        vectors: report.vectors,
        differing: report.differing,
        first_difference: &report.first_difference,
        declined: &report.declined,
        set: report.set.as_str(),
        machine: &report.machine,
    }
}

fn environment(error: VectorError) -> Failure {
    Failure::Environment(printable(&error.to_string()))
}

fn run_text(report: &Report) -> String {
    let mut text = String::new();
    if let Some(difference) = &report.first_difference {
        let Difference {
            vector,
            field,
            engine,
            expected,
            found,
        } = difference;
        let engine = engine.as_ref().map(|engine| format!(", {engine}"));
        text = format!(
            "{}: {} with an unexpected result; first: {}, field {}{}\n  expected  {}\n  got       \
             {}\n",
            print::coloured("failed", Colour::Red),
            counted(report.differing, "vector"),
            printable(vector),
            printable(field),
            engine.unwrap_or_default(),
            optional(expected),
            optional(found),
        );
    }
    text.push_str(&last_line(report));
    text
}

/// Number of vectors, root, machine and engines; what was left out, if something was.
fn last_line(report: &Report) -> String {
    let machine = &report.machine;
    let mut line = format!(
        "conform: {}, root {}, {}, {}",
        counted(report.vectors, "vector"),
        report.root,
        machine.describe(),
        printable(&machine.engines.join(", ")),
    );
    if !report.declined.is_empty() {
        let declined = report.declined.iter();
        let declined = declined.map(|(kind, count)| format!("{kind} {}", grouped(*count)));
        let declined: Vec<String> = declined.collect();
        line.push_str(&format!(", left out: {}", declined.join(", ")));
    }
    line.push('\n');
    line
}

fn compare(arguments: &ConformCompare) -> CommandResult {
    let names: Vec<String> = arguments
        .files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let read = |(name, path): (&String, &std::path::PathBuf)| read(name, path);
    let reports: Vec<Report> = names
        .iter()
        .zip(&arguments.files)
        .map(read)
        .collect::<Result<_, _>>()?;
    let found = report::compare(&reports);
    if arguments.json {
        print::json(&compare_line(&names, &reports, found.as_ref()))?;
    } else {
        print::out(&compare_text(&names, &reports, found.as_ref()))?;
        notes(&names, &reports);
    }
    Ok(if found.is_none() {
        Verdict::Passed
    } else {
        Verdict::Failed
    })
}

fn read(name: &str, path: &Path) -> Result<Report, Failure> {
    let text = fs::read(path).map_err(|error| {
        Failure::Environment(format!("cannot read {}: {error}", printable_path(path)))
    })?;
    Report::parse(name, &text).map_err(environment)
}

/// Prints notes on reports of different vector sets and on unexpected results.
fn notes(names: &[String], reports: &[Report]) {
    let word = print::coloured_note("note", Colour::Yellow);
    let sets = reports.iter().map(|report| &report.set);
    if sets.clone().min() != sets.max() {
        print::note(&format!("{word}: the reports are of different vector sets"));
    }
    for (name, report) in names.iter().zip(reports) {
        if report.differing > 0 {
            let count = counted(report.differing, "result");
            let name = printable(name);
            print::note(&format!(
                "{word}: {name}: {count} differ from those that the vectors expect"
            ));
        }
    }
}

fn compare_line<'a>(
    names: &'a [String],
    reports: &'a [Report],
    found: Option<&'a Disagreement>,
) -> ComparisonLine<'a> {
    let first = reports.first();
    let name = |index: usize| names.get(index).map(String::as_str).unwrap_or_default();
    ComparisonLine {
        equal: found.is_none(),
        root: first
            .filter(|_| found.is_none())
            .map(|report| report.root.as_str()),
        vectors: first.map_or(0, |report| report.vectors),
        reports: names
            .iter()
            .zip(reports)
            .map(|(file, report)| ReportLine {
                file,
                root: &report.root,
                differing: report.differing,
                set: &report.set,
                machine: &report.machine,
            })
            .collect(),
        first_difference: found.map(|found| DisagreementLine {
            vector: &found.vector,
            field: &found.field,
            files: found.reports.map(name),
            values: &found.values,
        }),
    }
}

fn compare_text(names: &[String], reports: &[Report], found: Option<&Disagreement>) -> String {
    let described = |index: usize| {
        let machine = reports.get(index).map(|report| report.machine.describe());
        let name = names.get(index).map(|name| printable(name));
        format!(
            "{} ({})",
            name.unwrap_or_default(),
            machine.unwrap_or_default()
        )
    };
    let Some(found) = found else {
        let root = reports.first().map(|report| report.root.as_str());
        let vectors = reports.first().map_or(0, |report| report.vectors);
        let mut text = format!(
            "{}: {} reports, {}, root {}\n",
            print::coloured("equal", Colour::Green),
            grouped(reports.len()),
            counted(vectors, "vector"),
            root.unwrap_or_default(),
        );
        for index in 0..reports.len() {
            text.push_str(&format!("  {}\n", described(index)));
        }
        return text;
    };
    let mut text = format!(
        "{}: vector {}, field {}\n",
        print::coloured("different", Colour::Red),
        printable(&found.vector),
        printable(&found.field),
    );
    for (index, seen) in found.reports.iter().zip(&found.values) {
        text.push_str(&format!(
            "  {}\n    {}\n",
            described(*index),
            optional(seen)
        ));
    }
    text
}

/// Prints the progress of a run.
struct VectorProgress {
    vectors: usize,
    timer: ProgressTimer,
}

impl VectorProgress {
    fn start(vectors: usize) -> Self {
        Self {
            vectors,
            timer: ProgressTimer::start(),
        }
    }

    fn vector(&mut self, done: usize, name: &str) {
        if self.timer.is_due() {
            let (done, vectors) = (grouped(done), grouped(self.vectors));
            print::progress(&format!("{done} of {vectors}  {}", printable(name)));
        }
    }
}
