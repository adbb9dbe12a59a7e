//! Runs golden vectors on this machine, and compares what several machines made of them.
//!
//! | file | holds |
//! |---|---|
//! | [`format`](mod@format) | the vector files: what is run, and what must come of it |
//! | [`source`] | where they come from: this binary, or a folder |
//! | [`run`](mod@run) | a vector to its result, on one engine or several |
//! | [`replay`] | the blocks of an archive to their roots |
//! | [`fields`] | a result as named texts, and the first of them that differs |
//! | [`report`] | all results of one machine under one root, compared with those of others |
//! | [`program`], [`observation`] | one run of one function, and all that it lets be seen |
//!
//! # Invariants
//! * The result root covers what was observed, never what was expected, nor machine, engine, time.
//! * The binary carries the vectors that it was built with; a run needs no other file.
//!
//! The format is described in docs/conformance.md. The vectors are made, and held, by
//! `conformance/tests/vectors`.
#![forbid(unsafe_code)]

pub mod format;

pub mod source;

pub mod fields;

pub mod program;

pub mod observation;

mod message;

pub mod replay;

pub mod run;

pub mod report;

/// What is wrong with a vector, a file of vectors or a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct VectorError {
    /// The file or the vector.
    pub place: String,
    /// What is wrong, in one line.
    pub reason: String,
}

impl VectorError {
    /// An error at `place`.
    #[must_use]
    pub fn new(place: impl ToString, reason: impl ToString) -> Self {
        let (place, reason) = (place.to_string(), reason.to_string());
        Self { place, reason }
    }
}
