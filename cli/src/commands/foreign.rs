//! Starts the program of `lockstep conform run --command`, and prints where its results differ.

use crate::failure::Failure;
use crate::print::{self, Colour};
use crate::text::{counted, grouped, optional, printable};
use serde::Serialize;
use std::time::Duration;
use vectors::VectorError;
use vectors::fields::FieldDifference;
use vectors::foreign::connection::Connection;
use vectors::foreign::process::Process;
use vectors::report::Report;

/// Vectors with unexpected results that are printed as text; `--json` and `--out` have all.
const SHOWN_MAX: usize = 20;
/// Fields of one of them that are printed: all of a call, not of a chain.
const FIELDS_SHOWN_MAX: usize = 12;

/// A vector with an unexpected result, and each field that differs.
type Unexpected = (String, Vec<FieldDifference>);

#[derive(Serialize)]
pub(super) struct VectorLine<'a> {
    vector: &'a str,
    fields: Vec<FieldLine<'a>>,
}

#[derive(Serialize)]
struct FieldLine<'a> {
    field: &'a str,
    expected: &'a Option<String>,
    found: &'a Option<String>,
}

/// Starts the program and exchanges the hellos.
///
/// # Errors
/// [`Failure::Environment`] for a program that cannot be started, or whose hello is unusable.
pub(super) fn connect(command: &str, reply_seconds: u64) -> Result<Connection, Failure> {
    let failed = |why: String| Failure::Environment(printable(&why));
    let limit = Duration::from_secs(reply_seconds);
    let process = Process::start(command, limit).map_err(failed)?;
    let connection = Connection::open(Box::new(process), &node::rules::version_1());
    connection.map_err(|error| failed(format!("the engine: {error}")))
}

/// The run ended at a vector: what ran before it, and why.
pub(super) fn incomplete(error: &VectorError, report: &Report) -> Failure {
    let before = counted(report.vectors, "vector");
    let differing = grouped(report.differing);
    Failure::Environment(format!(
        "vector {}: the engine: {}\n  {before} before it, {differing} with an unexpected result",
        printable(&error.location),
        printable(&error.reason),
    ))
}

/// The same as JSON.
pub(super) fn differences(unexpected: &[Unexpected]) -> Vec<VectorLine<'_>> {
    unexpected.iter().map(vector_line).collect()
}

fn vector_line((vector, differences): &Unexpected) -> VectorLine<'_> {
    let fields = differences.iter().map(|difference| FieldLine {
        field: &difference.field,
        expected: &difference.left,
        found: &difference.right,
    });
    VectorLine {
        vector,
        fields: fields.collect(),
    }
}

/// A block for each vector with an unexpected result, up to [`SHOWN_MAX`] of them, with up to
/// [`FIELDS_SHOWN_MAX`] fields.
pub(super) fn differences_text(unexpected: &[Unexpected]) -> String {
    let mut text = String::new();
    for (vector, differences) in unexpected.iter().take(SHOWN_MAX) {
        text.push_str(&format!("vector {}\n", printable(vector)));
        for FieldDifference { field, left, right } in differences.iter().take(FIELDS_SHOWN_MAX) {
            text.push_str(&format!(
                "  {}\n    expected  {}\n    got       {}\n",
                printable(field),
                optional(left),
                optional(right)
            ));
        }
        let further = differences.len().saturating_sub(FIELDS_SHOWN_MAX);
        if further > 0 {
            text.push_str(&format!("  and {} more\n", counted(further, "field")));
        }
    }
    let further = unexpected.len().saturating_sub(SHOWN_MAX);
    if further > 0 {
        text.push_str(&format!("and {} more\n", counted(further, "vector")));
    }
    if !unexpected.is_empty() {
        text.push_str(&format!(
            "{}: {} with an unexpected result\n",
            print::coloured("failed", Colour::Red),
            counted(unexpected.len(), "vector"),
        ));
    }
    text
}
