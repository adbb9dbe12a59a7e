//! Opens the store that `--store` names: memory, or a folder of RocksDB where this build has it.

use crate::failure::Failure;
use crate::text::{printable, printable_path};
use node::{MemoryStore, Store};
use node_sim::simulate::Executor;
use std::path::{Path, PathBuf};

const MEMORY: &str = "memory";
const ROCKSDB: &str = "rocksdb:";

/// A parsed value of `--store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    /// A store in memory, lost when the process ends.
    Memory,
    /// A RocksDB database in this folder.
    RocksDb(PathBuf),
}

impl StoreName {
    /// Parses the option's value.
    ///
    /// # Errors
    /// [`Failure::Usage`] if it is not a store that this build supports.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        match text.strip_prefix(ROCKSDB) {
            _ if text == MEMORY => Ok(Self::Memory),
            Some(path) if !path.is_empty() => {
                available()?;
                Ok(Self::RocksDb(PathBuf::from(path)))
            }
            _ => Err(Failure::Usage(format!(
                "--store {}: unknown store; use `memory` or `rocksdb:PATH`",
                printable(text)
            ))),
        }
    }

    /// Opens the store; a folder may contain a chain already.
    ///
    /// # Errors
    /// [`Failure::Environment`] if the folder cannot be opened.
    pub(crate) fn open(&self) -> Result<Box<dyn Store>, Failure> {
        match self {
            Self::Memory => Ok(Box::new(MemoryStore::new())),
            Self::RocksDb(path) => open_folder(path, false),
        }
    }

    /// Puts the stores of the first two executors on disk: the first in the configuration of a
    /// node, the second in a second folder, flushed and compacted after each block.
    ///
    /// # Errors
    /// [`Failure::Environment`] if a folder cannot be opened, or contains a chain already.
    pub(crate) fn equip(&self, executors: Vec<Executor>) -> Result<Vec<Executor>, Failure> {
        let Self::RocksDb(path) = self else {
            return Ok(executors);
        };
        let mut beside = path.clone().into_os_string();
        beside.push("-compacted");
        let folders = [(path.clone(), false), (beside.into(), true)];
        let mut folders = folders.into_iter();
        let equip = |mut executor: Executor| {
            let Some((folder, compacted)) = folders.next() else {
                return Ok(executor);
            };
            let store = open_folder(&folder, compacted)?;
            if store.tip()?.is_some() {
                return Err(Failure::Environment(format!(
                    "{} contains a chain already: a simulation needs an empty or new folder",
                    printable_path(&folder)
                )));
            }
            executor.name.push_str(if compacted {
                ", rocksdb compacted after every block"
            } else {
                ", rocksdb"
            });
            Ok(executor.with_store(store))
        };
        executors.into_iter().map(equip).collect()
    }
}

#[cfg(feature = "rocksdb")]
const fn available() -> Result<(), Failure> {
    Ok(())
}

#[cfg(not(feature = "rocksdb"))]
fn available() -> Result<(), Failure> {
    Err(Failure::Usage(
        "this build has no RocksDB support. Build it in:\n  \
         cargo build --release -p cli --features rocksdb\n\
         This needs a C++ compiler (g++), libclang, and about 20 minutes of processor time once"
            .to_owned(),
    ))
}

#[cfg(feature = "rocksdb")]
fn open_folder(path: &Path, compacted: bool) -> Result<Box<dyn Store>, Failure> {
    let settings = rocksdb_store::Settings {
        compact_after_commit: compacted,
        ..rocksdb_store::Settings::default()
    };
    Ok(Box::new(rocksdb_store::RocksStore::open(path, settings)?))
}

#[cfg(not(feature = "rocksdb"))]
fn open_folder(_: &Path, _: bool) -> Result<Box<dyn Store>, Failure> {
    available()?;
    Ok(Box::new(MemoryStore::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_memory_or_a_folder() {
        assert_eq!(StoreName::parse("memory").ok(), Some(StoreName::Memory));
        for text in ["", "rocksdb", "rocksdb:", "Memory", "disk:x"] {
            assert!(
                matches!(StoreName::parse(text), Err(Failure::Usage(_))),
                "{text}"
            );
        }
        let folder = StoreName::parse("rocksdb:a:b");
        #[cfg(feature = "rocksdb")]
        assert_eq!(folder.ok(), Some(StoreName::RocksDb(PathBuf::from("a:b"))));
        #[cfg(not(feature = "rocksdb"))]
        assert!(matches!(folder, Err(Failure::Usage(text)) if text.contains("--features rocksdb")));
    }
}
