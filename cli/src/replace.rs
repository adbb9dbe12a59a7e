//! Writes a file as a whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a file next to `path`, then takes its place.
///
/// # Errors
/// Of the file system; the file is then as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let temporary = beside(path)?;
    let written = File::create_new(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What failed matters to the user; that the leftover cannot be removed either does not.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn beside(path: &Path) -> std::io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path names no file")
    })?;
    // Where processes have no number, there is no second one beside this one.
    let process = if cfg!(target_family = "wasm") {
        0
    } else {
        std::process::id()
    };
    Ok(path.with_file_name(format!(".{}.{process}.tmp", name.to_string_lossy())))
}
