//! Reads and writes the files of a snapshot in a folder.

use crate::output;
use node::snapshot::Files;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// A folder of a snapshot.
pub(crate) struct SnapshotFolder(PathBuf);

impl SnapshotFolder {
    /// Makes the folder, which has to be new or empty.
    ///
    /// # Errors
    /// The system's error; [`ErrorKind::DirectoryNotEmpty`] if it has files.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        Ok(Self(path.to_owned()))
    }

    /// A folder that is there, for reading.
    pub(crate) fn existing(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the names of the files survive a crash.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.0)?.sync_all()?;
        }
        Ok(())
    }
}

impl Files for SnapshotFolder {
    fn read(&self, name: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
        let file = File::open(self.0.join(name))?;
        let mut bytes = Vec::new();
        let length = file
            .take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)?;
        if u64::try_from(length).unwrap_or(u64::MAX) > bytes_max {
            let cause = format!("it has more than {bytes_max} bytes");
            return Err(io::Error::new(ErrorKind::InvalidData, cause));
        }
        Ok(bytes)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        output::write(&self.0.join(name), bytes)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).open(self.0.join(name))?;
        file.write_all(bytes)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
