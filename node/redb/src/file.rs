//! Reads and writes a file at offsets: the only place where the store touches one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use vm::Fault;

/// A file that is read and written at offsets. Tests have one with a crash model.
pub trait PagedFile: Send + Sync + 'static {
    /// Length in bytes.
    ///
    /// # Errors
    /// The system's error.
    fn length(&self) -> io::Result<u64>;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// The system's error; [`io::ErrorKind::UnexpectedEof`] if the file ends before.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes bytes at an offset below the file's length. Until [`PagedFile::sync`] a crash may
    /// lose any part of them.
    ///
    /// # Errors
    /// The system's error; any part of the bytes may be in the file.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Sets the length; new bytes are zero. Until [`PagedFile::sync`] a crash may undo it.
    ///
    /// # Errors
    /// The system's error.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Makes all that was written survive a crash.
    ///
    /// # Errors
    /// The system's error; it is unknown what survives.
    fn sync(&self) -> io::Result<()>;
}

/// A file of this machine, locked for one process.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    /// The position of a file is shared where there are no reads at offsets.
    #[cfg(not(unix))]
    position: std::sync::Mutex<()>,
}

impl DiskFile {
    /// Opens or creates a file, and locks it until it is dropped.
    ///
    /// # Errors
    /// [`Fault::Store`] if it cannot be opened, or is open already.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let refused = |cause: String| Fault::Store(format!("redb at {}: {cause}", path.display()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| refused(format!("the file cannot be opened: {error}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(refused(
                    "it is open already, here or in another process: a store has one writer. Stop \
                     the other one"
                        .to_owned(),
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(refused(format!("the file cannot be locked: {error}")));
            }
        }
        sync_folder(path).map_err(|error| refused(format!("its folder: {error}")))?;
        Ok(Self {
            file,
            #[cfg(not(unix))]
            position: std::sync::Mutex::new(()),
        })
    }
}

/// Makes the name of a new file survive a crash.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
const fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

impl PagedFile for DiskFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(unix)]
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, out, offset)
    }

    #[cfg(unix)]
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, offset)
    }

    #[cfg(not(unix))]
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        use std::io::{Read as _, Seek as _};
        let _alone = self.position.lock();
        (&self.file).seek(io::SeekFrom::Start(offset))?;
        (&self.file).read_exact(out)
    }

    #[cfg(not(unix))]
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek as _, Write as _};
        let _alone = self.position.lock();
        (&self.file).seek(io::SeekFrom::Start(offset))?;
        (&self.file).write_all(bytes)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
