//! Marks a folder as a store, with the version of its layout.
//!
//! The mark is one line in a file beside RocksDB's own files, so that a build, or a person, can
//! read it before RocksDB opens and perhaps changes anything.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use vm::Fault;

/// Layout version that this build writes: the column families of [`crate::settings::FAMILIES`],
/// heights big endian, borsh. Version 1 lacks three of them, and becomes version 2 at its opening.
pub(crate) const VERSION: u32 = 2;
const OLDEST: u32 = 1;

const FILE: &str = "LOCKSTEP";
const NEW_FILE: &str = "LOCKSTEP.new";
const PREFIX: &str = "lockstep/rocksdb-store/";
/// A file that every RocksDB folder has.
const ROCKSDB_FILE: &str = "CURRENT";

/// Returns the version of a folder that can be opened, and an error for another version or another
/// program; marks a new folder.
pub(crate) fn check(path: &Path) -> Result<u32, Fault> {
    match fs::read_to_string(path.join(FILE)) {
        Ok(text) => match version(&text) {
            Some(known @ OLDEST..=VERSION) => Ok(known),
            Some(found) => Err(fault(path, refusal(found))),
            None => Err(fault(
                path,
                format!("its file {FILE} is damaged: restore the store from a backup"),
            )),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => begin(path),
        Err(error) => Err(fault(
            path,
            format!("its file {FILE} cannot be read: {error}"),
        )),
    }
}

/// Writes the mark, at once, and syncs it.
pub(crate) fn mark(path: &Path) -> Result<(), Fault> {
    let write = || {
        let new = path.join(NEW_FILE);
        let mut file = File::create(&new)?;
        writeln!(file, "{PREFIX}{VERSION}")?;
        file.sync_all()?;
        fs::rename(new, path.join(FILE))?;
        File::open(path)?.sync_all()
    };
    write().map_err(|error| fault(path, format!("its file {FILE} cannot be written: {error}")))
}

fn begin(path: &Path) -> Result<u32, Fault> {
    if path.join(ROCKSDB_FILE).exists() {
        return Err(fault(
            path,
            format!("the folder is a RocksDB of something else: it has no file {FILE}"),
        ));
    }
    fs::create_dir_all(path)
        .map_err(|error| fault(path, format!("the folder cannot be created: {error}")))?;
    mark(path)?;
    Ok(VERSION)
}

fn version(text: &str) -> Option<u32> {
    text.strip_prefix(PREFIX)?.strip_suffix('\n')?.parse().ok()
}

fn refusal(found: u32) -> String {
    let what = if found > VERSION {
        "open it with the newer build that wrote it"
    } else {
        "this build cannot convert it"
    };
    format!(
        "it has version {found} of the layout, this build needs version {VERSION}: {what}, or \
         replay an archive of its blocks into a new folder (`lockstep node replay`)"
    )
}

/// A fault of the store in a folder.
pub(crate) fn fault(path: &Path, cause: impl std::fmt::Display) -> Fault {
    Fault::Store(format!("rocksdb at {}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_whole_line() {
        assert_eq!(version("lockstep/rocksdb-store/1\n"), Some(1));
        assert_eq!(version("lockstep/rocksdb-store/27\n"), Some(27));
        for text in [
            "",
            "lockstep/rocksdb-store/1",
            "lockstep/rocksdb-store/\n",
            "1\n",
        ] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
