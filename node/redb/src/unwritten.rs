//! Shows a file as it is on the disk, and keeps what is written to it in memory.
//!
//! A scrub opens the store a second time on it: the opening, the repair after a crash and every
//! page are read from the disk past all caches, and the disk is not changed.

use crate::file::PagedFile;
use crate::layout::{PAGE, PAGE_BYTES};
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file whose changes are in memory. Accesses are of whole blocks.
pub(crate) struct Unwritten<F> {
    below: F,
    changes: Mutex<Changes>,
}

struct Changes {
    length: u64,
    /// Least length since the start: behind it nothing of the file is left.
    least: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl<F: PagedFile> Unwritten<F> {
    /// A file without changes.
    ///
    /// # Errors
    /// The errors of the file.
    pub(crate) fn new(below: F) -> Result<Self> {
        let length = below.length()?;
        let changes = Mutex::new(Changes {
            length,
            least: length,
            blocks: BTreeMap::new(),
        });
        Ok(Self { below, changes })
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: PagedFile> PagedFile for Unwritten<F> {
    fn length(&self) -> Result<u64> {
        Ok(self.lock().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let changes = self.lock();
        let offsets = (0_u64..).map(|index| {
            let bytes = index.saturating_mul(PAGE_BYTES);
            offset.saturating_add(bytes)
        });
        for (at, part) in offsets.zip(out.chunks_mut(PAGE)) {
            if at >= changes.length {
                return Err(Error::from(ErrorKind::UnexpectedEof));
            }
            match changes.blocks.get(&at) {
                Some(block) => part.copy_from_slice(block.get(..part.len()).unwrap_or_default()),
                None if at < changes.least => self.below.read(at, part)?,
                None => part.fill(0),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut changes = self.lock();
        for (index, block) in (0_u64..).zip(bytes.chunks(PAGE)) {
            let at = offset.saturating_add(index.saturating_mul(PAGE_BYTES));
            changes.blocks.insert(at, block.to_vec());
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<()> {
        let mut changes = self.lock();
        changes.length = length;
        changes.least = changes.least.min(length);
        changes.blocks.retain(|at, _| *at < length);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
