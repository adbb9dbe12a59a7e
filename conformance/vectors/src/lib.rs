//! Runs golden vectors on this machine, and compares the reports of several machines.
//!
//! | file | contents |
//! |---|---|
//! | [`format`](mod@format) | the vector files: runs with their expected results |
//! | [`source`] | sources of vector files: this binary, or a folder |
//! | [`run`](mod@run) | runs a vector on one engine or several |
//! | [`replay`] | replays the blocks of an archive |
//! | [`fields`] | a result as named fields, and the first that differs |
//! | [`report`] | all results of one machine under one root, and their comparison |
//! | [`foreign`] | runs vectors on an engine that is another program |
//! | [`program`], [`observation`] | one run of one function, and all that can be observed |
//!
//! # Invariants
//! * The result root covers observed results only: no expectation, machine, engine or time.
//! * The binary embeds its vectors; a run needs no other file.
//!
//! docs/conformance.md describes the format. `conformance/tests/vectors` makes the vectors and
//! checks them.
#![forbid(unsafe_code)]

pub mod format;

pub mod source;

pub mod fields;

pub mod program;

pub mod observation;

mod message;

mod curves;

pub mod replay;

pub mod run;

pub mod report;

pub mod foreign;

/// What is wrong with a vector, a vector file or a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {reason}")]
pub struct VectorError {
    /// Name of the file or vector.
    pub location: String,
    /// What is wrong, in one line.
    pub reason: String,
}

impl VectorError {
    /// An error at `location`.
    #[must_use]
    pub fn new(location: impl ToString, reason: impl ToString) -> Self {
        let (location, reason) = (location.to_string(), reason.to_string());
        Self { location, reason }
    }
}
