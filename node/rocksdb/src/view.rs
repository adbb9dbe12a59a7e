//! Keeps the state of one block readable while further ones are committed: a checkpoint of RocksDB.
//!
//! The checkpoint is in a folder inside the store's folder, which is removed with the view, and at
//! the next opening if a process was killed.

use crate::format::fault;
use crate::maintenance::remove;
use crate::settings::Settings;
use crate::store::RocksStore;
use node::{Header, Snapshot, Store, Tip};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use vm::{Entries, Fault, Height};

const FOLDER: &str = "snapshots";
/// Small, because a snapshot reads each block of a file once.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A checkpoint, opened as a store of its own.
pub(crate) struct View {
    store: RocksStore,
    /// Declared last, so that it is removed after the store is closed.
    _folder: Removed,
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // What is left is removed at the next opening.
        let _ = remove(&self.0);
    }
}

impl View {
    pub(crate) fn new(store: &RocksStore) -> Result<Self, Fault> {
        let folder = store.path.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|error| fault(&folder, error))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = Removed(folder.join(number.to_string()));
        store.backup(&folder.0)?;
        let settings = Settings {
            keep_blocks: None,
            cache_bytes: CACHE_BYTES,
            ..store.settings.clone()
        };
        Ok(Self {
            store: RocksStore::open(&folder.0, settings)?,
            _folder: folder,
        })
    }
}

impl Snapshot for View {
    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.store.tip()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.store.header(height)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.store.scan(start, end, limit)
    }
}

/// Removes the checkpoints of a store that is not open.
///
/// # Errors
/// [`Fault::Store`].
pub(crate) fn remove_all(path: &Path) -> Result<(), Fault> {
    remove(&path.join(FOLDER))
}
