//! Makes and removes the folders of checkpoints, inside the folder of a store.
//!
//! Such a folder is removed with its view, or at the next opening if the process was killed.

use crate::format::fault;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use vm::Fault;

const FOLDER: &str = "snapshots";

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A folder that is removed when this is dropped.
pub(crate) struct ViewFolder(PathBuf);

impl ViewFolder {
    /// A path in a store's folder where nothing is yet.
    pub(crate) fn new(store: &Path) -> Result<Self, Fault> {
        let folder = store.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| fault(&folder, error))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self(folder.join(number.to_string())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ViewFolder {
    fn drop(&mut self) {
        // What is left is removed at the next opening.
        let _ = remove(&self.0);
    }
}

/// Removes the folders in that of a store, which this process has opened.
pub(crate) fn remove_all(store: &Path) -> Result<(), Fault> {
    remove(&store.join(FOLDER))
}

/// Removes a folder; that there is none is no error.
pub(crate) fn remove(folder: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(fault(folder, format!("it cannot be removed: {error}")))
        }
        _ => Ok(()),
    }
}
