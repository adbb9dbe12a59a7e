//! Reads and writes upgrade documents: heights, and the rules that are in force from there on.

use crate::failure::Failure;
use crate::output;
use crate::text::printable_path;
use node::limits::UPGRADE_DOCUMENT_BYTES_MAX;
use node::{Activations, ChainSpec, Genesis, SpecError, UpgradeDocument};
use serde::Serialize;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// One upgrade, in JSON.
#[derive(Serialize)]
pub(crate) struct UpgradeLine {
    pub(crate) height: u64,
    pub(crate) rules_id: String,
}

/// Upgrades in JSON, by ascending height.
pub(crate) fn lines(upgrades: &Activations) -> Vec<UpgradeLine> {
    let line = |(height, id): &(vm::Height, [u8; 32])| UpgradeLine {
        height: height.0,
        rules_id: hex::encode(id),
    };
    upgrades.iter().map(line).collect()
}

/// Writes a document.
///
/// # Errors
/// [`Failure::Environment`] if the file cannot be written.
pub(crate) fn write(document: &UpgradeDocument, path: &Path) -> Result<(), Failure> {
    output::write(path, document.encode().as_bytes())
        .map_err(|error| unusable(path, "cannot write ", &error))
}

/// Reads documents.
///
/// # Errors
/// [`Failure::Environment`] if one cannot be read or is no upgrade document.
pub(crate) fn read(files: &[PathBuf]) -> Result<Vec<UpgradeDocument>, Failure> {
    files.iter().map(|file| read_one(file)).collect()
}

fn read_one(file: &Path) -> Result<UpgradeDocument, Failure> {
    // One byte more, so that a file that is too long is refused and not cut.
    let limit = u64::from(UPGRADE_DOCUMENT_BYTES_MAX).saturating_add(1);
    let mut bytes = Vec::new();
    output::input(file)
        .and_then(|input| input.take(limit).read_to_end(&mut bytes))
        .map_err(|error| unusable(file, "cannot read ", &error))?;
    UpgradeDocument::decode(&bytes).map_err(|error| unusable(file, "", &error))
}

/// The chain of a genesis with the documents of these files.
///
/// # Errors
/// As [`read`]; also if a document does not fit the chain.
pub(crate) fn spec(genesis: &Genesis, files: &[PathBuf]) -> Result<ChainSpec, Failure> {
    let mut chain = ChainSpec::from(genesis.clone());
    for (file, document) in files.iter().zip(read(files)?) {
        chain = chain
            .with(&document)
            .map_err(|error| unusable(file, "", &error))?;
    }
    Ok(chain)
}

/// The failure for a configuration that does not fit its chain.
pub(crate) fn unfit(error: SpecError) -> Failure {
    match error {
        SpecError::Fault(fault) => fault.into(),
        other => Failure::Environment(other.to_string()),
    }
}

fn unusable(file: &Path, what: &str, error: &dyn core::fmt::Display) -> Failure {
    Failure::Environment(format!("{what}{}: {error}", printable_path(file)))
}
