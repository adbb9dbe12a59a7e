//! Replaces a file atomically: writes a temporary file in the same folder and renames it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A temporary file that [`Replacement::finish`] renames to `path` and dropping removes.
#[derive(Debug)]
pub(crate) struct Replacement {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Replacement {
    /// Creates the temporary file for `path`.
    ///
    /// # Errors
    /// Errors of the file system.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let temporary = temporary_path(path)?;
        let file = File::create_new(&temporary)?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            file: Some(BufWriter::new(file)),
        })
    }

    /// Renames the temporary file to `path`.
    ///
    /// # Errors
    /// Errors of the file system; `path` is then unchanged.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            let moved = file
                .flush()
                .and_then(|()| fs::rename(&self.temporary, &self.path));
            if moved.is_err() {
                self.file = Some(file);
            }
            return moved;
        }
        Ok(())
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // The first error is reported; a failure to remove the temporary file is not.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Replaces the file at `path` by one with this content.
///
/// # Errors
/// Errors of the file system; the file is then unchanged.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = Replacement::create(path)?;
    file.write_all(content)?;
    file.finish()
}

fn temporary_path(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"))?;
    // A WebAssembly host has no process ids, and no second process.
    let process = if cfg!(target_family = "wasm") {
        0
    } else {
        std::process::id()
    };
    Ok(path.with_file_name(format!(".{}.{process}.tmp", name.to_string_lossy())))
}
