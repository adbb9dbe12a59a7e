//! Writes a file beside its place and then takes the place: as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that is not there before [`Replacement::finish`]; dropped, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Replacement {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Replacement {
    /// Begins the file that will be at `path`.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let temporary = beside(path)?;
        let file = File::create_new(&temporary)?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            file: Some(BufWriter::new(file)),
        })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// Those of the file system; the place is as before.
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
            // What failed matters to the user; that the leftover cannot be removed either does not.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a file with this content.
///
/// # Errors
/// Of the file system; the file is then as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = Replacement::create(path)?;
    file.write_all(content)?;
    file.finish()
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    // Where processes have no number, there is no second one beside this one.
    let process = if cfg!(target_family = "wasm") {
        0
    } else {
        std::process::id()
    };
    Ok(path.with_file_name(format!(".{}.{process}.tmp", name.to_string_lossy())))
}
