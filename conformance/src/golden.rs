//! Compares a text with the file that holds it frozen; `BLESS=1` renews the file.

use std::fs;
use std::path::Path;

/// The file is missing, another, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct GoldenError {
    /// The file.
    pub path: String,
    /// The first line that differs, or the failure of this machine.
    pub reason: String,
}

/// Compares `found` with the file at `path`, or writes it there if the environment says `BLESS=1`.
///
/// # Errors
/// The first line that differs, and how to renew the file.
pub fn compare(path: &Path, found: &str) -> Result<(), GoldenError> {
    let failure = |reason: String| GoldenError {
        path: path.display().to_string(),
        reason,
    };
    if blesses() {
        return fs::write(path, found).map_err(|error| failure(error.to_string()));
    }
    let frozen = fs::read_to_string(path).map_err(|error| failure(error.to_string()))?;
    if frozen == found {
        return Ok(());
    }
    let mut lines = frozen.lines().zip(found.lines()).zip(1_usize..);
    let difference = match lines.find(|((frozen, found), _)| frozen != found) {
        Some(((frozen, found), line)) => format!("line {line} was `{frozen}`, is `{found}`"),
        None => {
            let (frozen, found) = (frozen.lines().count(), found.lines().count());
            format!("{frozen} lines were frozen, {found} are found")
        }
    };
    Err(failure(format!(
        "{difference}; if that is meant, run the test again with BLESS=1"
    )))
}

/// The same for a file of bytes.
///
/// # Errors
/// As [`compare`], with the first byte that differs.
pub fn compare_bytes(path: &Path, found: &[u8]) -> Result<(), GoldenError> {
    let failure = |reason: String| GoldenError {
        path: path.display().to_string(),
        reason,
    };
    if blesses() {
        return fs::write(path, found).map_err(|error| failure(error.to_string()));
    }
    let frozen = fs::read(path).map_err(|error| failure(error.to_string()))?;
    if frozen == found {
        return Ok(());
    }
    let mut pairs = frozen.iter().zip(found);
    let place = pairs.position(|(frozen, found)| frozen != found);
    let difference = match place {
        Some(place) => format!("byte {place} is another"),
        None => format!(
            "{} bytes were frozen, {} are found",
            frozen.len(),
            found.len()
        ),
    };
    Err(failure(format!(
        "{difference}; if that is meant, run the test again with BLESS=1"
    )))
}

/// Whether the environment says `BLESS=1`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests; nothing executes by it"
)]
pub fn blesses() -> bool {
    std::env::var("BLESS").is_ok_and(|value| value == "1")
}
