//! Runs `lockstep conform`: runs vectors on this machine, compares reports of several machines.

use crate::args::{Conform, ConformCommand, ConformCompare, ConformEngine, ConformRun};
use crate::failure::{CommandResult, Failure, Verdict};
use crate::output::SideFile;
use crate::print::{self, Colour};
use crate::progress::ProgressTimer;
use crate::text::{counted, grouped, printable, printable_path};
use serde::Serialize;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use vectors::VectorError;
use vectors::report::{self, Difference, Disagreement, Machine, Report};
use vectors::run::{EngineKind, Runner};
use vectors::source::Set;

#[derive(Serialize)]
struct ConformLine<'a> {
    root: &'a str,
    vectors: usize,
    differing: usize,
    first_difference: &'a Option<Difference>,
    set: &'a str,
    machine: &'a Machine,
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
    let set = match &arguments.vectors {
        Some(folder) => Set::of_folder(folder),
        None => Set::embedded(),
    }
    .map_err(environment)?;
    let engines = match arguments.engine {
        ConformEngine::One(row) => vec![EngineKind::of(row)],
        ConformEngine::All => EngineKind::all(),
    };
    let file = SideFile::create(arguments.out.as_deref(), "the report")?;
    let mut progress = VectorProgress::start(set.vectors().count());
    let observed = Runner::new(&set, &engines).run(&mut |done, name| progress.vector(done, name));
    print::progress_end();
    let report = Report::new(&set, &engines, observed.map_err(environment)?);
    let printed = if arguments.json {
        print::json(&ConformLine {
            root: &report.root,
            vectors: report.vectors,
            differing: report.differing,
            first_difference: &report.first_difference,
            set: &report.set,
            machine: &report.machine,
        })
    } else {
        print::out(&run_text(&report))
    };
    let verdict = if report.differing == 0 {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    let text = report.render().map_err(environment);
    let written = text.and_then(|text| file.write(|output| output.write_all(text.as_bytes())));
    verdict.after([printed.map_err(Failure::from), written])
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
            value(expected),
            value(found),
        );
    }
    let machine = &report.machine;
    text.push_str(&format!(
        "conform: {}, root {}, {}, {}\n",
        counted(report.vectors, "vector"),
        report.root,
        machine.describe(),
        machine.engines.join(", "),
    ));
    text
}

/// The value of a field as text.
fn value(value: &Option<String>) -> String {
    value.as_deref().map_or("(none)".to_owned(), printable)
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
        text.push_str(&format!("  {}\n    {}\n", described(*index), value(seen)));
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
