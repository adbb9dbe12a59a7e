//! Compares a text with its frozen file; `BLESS=1` updates the file.

use std::fs;
use std::path::Path;

/// The file is missing, differs, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct GoldenError {
    /// The file.
    pub path: String,
    /// The first line that differs, or the I/O error.
    pub reason: String,
}

/// Compares `found` with the file at `path`, or writes it there under `BLESS=1`.
///
/// # Errors
/// The first line that differs, and how to update the file.
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
            format!("the frozen file has {frozen} lines, the text {found}")
        }
    };
    Err(failure(format!(
        "{difference}; if the change is intended, run the test again with BLESS=1"
    )))
}

/// The same for a binary file.
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
    let index = pairs.position(|(frozen, found)| frozen != found);
    let difference = match index {
        Some(index) => format!("byte {index} differs"),
        None => format!(
            "the frozen file has {} bytes, the new one {}",
            frozen.len(),
            found.len()
        ),
    };
    Err(failure(format!(
        "{difference}; if the change is intended, run the test again with BLESS=1"
    )))
}

/// True under the environment variable `BLESS=1`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of tests; no execution depends on it"
)]
pub fn blesses() -> bool {
    std::env::var("BLESS").is_ok_and(|value| value == "1")
}
