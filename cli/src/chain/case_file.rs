//! Reads case files (reproducers): one transaction with all that it read.

use crate::failure::Failure;
use crate::output;
use crate::text::printable_path;
use node_sim::case::{Case, CaseError};
use std::io::BufReader;
use std::path::Path;
use vm::Rulebook;

/// Reads a case file.
///
/// # Errors
/// [`Failure::Environment`] if it cannot be read or is not a case file.
pub(crate) fn read(file: &Path, rules: &Rulebook) -> Result<Case, Failure> {
    let opened = output::input(file).map_err(|error| {
        let file = printable_path(file);
        Failure::Environment(format!("cannot read {file}: {error}"))
    })?;
    Case::read(BufReader::new(opened), rules).map_err(|error| unusable(file, &error))
}

/// The failure for a case file that cannot be used.
pub(crate) fn unusable(file: &Path, error: &CaseError) -> Failure {
    let file = printable_path(file);
    Failure::Environment(format!("{file}: {error}"))
}
