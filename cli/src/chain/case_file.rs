//! Reads and writes a case: one transaction with all that it read.

use crate::failure::Failure;
use crate::replacement::Replacement;
use crate::text::printable_path;
use node_sim::case::{Case, CaseError};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use vm::Rulebook;

/// Writes a case to a file, as a whole or not at all.
///
/// # Errors
/// [`Failure::Environment`].
pub(crate) fn write(case: &Case, path: &Path) -> Result<(), Failure> {
    let written = || {
        let mut output = Replacement::create(path)?;
        case.write(&mut output)?;
        output.finish()
    };
    written().map_err(|error| {
        let path = printable_path(path);
        Failure::Environment(format!("cannot write {path}: {error}"))
    })
}

/// Reads the case in a file.
///
/// # Errors
/// [`Failure::Environment`] if there is none.
pub(crate) fn read(file: &Path, rules: &Rulebook) -> Result<Case, Failure> {
    let opened = File::open(file).map_err(|error| {
        let file = printable_path(file);
        Failure::Environment(format!("cannot read {file}: {error}"))
    })?;
    Case::read(BufReader::new(opened), rules).map_err(|error| unusable(file, &error))
}

/// Says that a case cannot be used.
pub(crate) fn unusable(file: &Path, error: &CaseError) -> Failure {
    let file = printable_path(file);
    Failure::Environment(format!("{file}: {error}"))
}
