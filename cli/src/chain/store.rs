//! Opens the store that `--store` names: memory, a file of redb, or a folder of RocksDB where this
//! build has it.

use crate::failure::Failure;
use crate::text::{printable, printable_path};
use node::{MemoryStore, Store};
use node_sim::simulate::Executor;
use std::path::{Path, PathBuf};

const MEMORY: &str = "memory";
const REDB: &str = "redb:";
const ROCKSDB: &str = "rocksdb:";

/// A parsed value of `--store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    /// A store in memory, lost when the process ends.
    Memory,
    /// A redb database in this file.
    Redb(PathBuf),
    /// A RocksDB database in this folder.
    RocksDb(PathBuf),
}

impl StoreName {
    /// Parses the option's value.
    ///
    /// # Errors
    /// [`Failure::Usage`] if it is not a store that this build supports.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let path = |prefix| text.strip_prefix(prefix).filter(|path| !path.is_empty());
        if text == MEMORY {
            return Ok(Self::Memory);
        }
        if let Some(path) = path(REDB) {
            return Ok(Self::Redb(PathBuf::from(path)));
        }
        if let Some(path) = path(ROCKSDB) {
            available()?;
            return Ok(Self::RocksDb(PathBuf::from(path)));
        }
        Err(Failure::Usage(format!(
            "--store {}: unknown store; use `memory`, `redb:PATH` or `rocksdb:PATH`",
            printable(text)
        )))
    }

    /// Opens the store; it may contain a chain already.
    ///
    /// # Errors
    /// [`Failure::Environment`] if the store cannot be opened.
    pub(crate) fn open(&self) -> Result<Box<dyn Store>, Failure> {
        match self {
            Self::Memory => Ok(Box::new(MemoryStore::new())),
            Self::Redb(path) => open_file(path),
            Self::RocksDb(path) => open_folder(path, false),
        }
    }

    /// Makes a store that has lost acknowledged blocks open at the block that it has; returns the
    /// height of the last acknowledged block, if it is known, and that of its last block.
    ///
    /// # Errors
    /// [`Failure::Environment`] if the store cannot be opened, or has other damage.
    pub(crate) fn accept(&self) -> Result<(Option<u64>, Option<u64>), Failure> {
        match self {
            Self::RocksDb(path) => accept_folder(path),
            // Damage never leaves an older block there: what opens has the last one.
            Self::Memory | Self::Redb(_) => {
                let store = self.open()?;
                let tip = store.tip()?;
                if tip.is_some() {
                    store.scrub()?;
                }
                Ok((None, tip.map(|tip| tip.height.0)))
            }
        }
    }

    /// This store, if it is on a disk.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a store in memory.
    pub(crate) fn on_disk(self) -> Result<Self, Failure> {
        match self {
            Self::Memory => Err(Failure::Usage(
                "this command takes a store on a disk: redb:PATH or rocksdb:PATH".to_owned(),
            )),
            store => Ok(store),
        }
    }

    /// This store, if there is one on the disk: a wrong path must not make an empty store.
    ///
    /// # Errors
    /// As [`StoreName::on_disk`]; [`Failure::Environment`] if nothing is there.
    pub(crate) fn existing(self) -> Result<Self, Failure> {
        let store = self.on_disk()?;
        match &store {
            Self::Redb(path) | Self::RocksDb(path) if !path.exists() => Err(Failure::Environment(
                format!("{}: there is no store", printable_path(path)),
            )),
            _ => Ok(store),
        }
    }

    /// Puts the store of the first executor on disk, in the configuration of a node; with RocksDB
    /// also that of the second one, in a second folder, flushed and compacted after each block.
    ///
    /// # Errors
    /// [`Failure::Environment`] if a store cannot be opened, or contains a chain already.
    pub(crate) fn equip(&self, executors: Vec<Executor>) -> Result<Vec<Executor>, Failure> {
        match self {
            Self::Memory => Ok(executors),
            Self::Redb(path) => {
                let mut executors = executors.into_iter();
                let first = executors.next().map(|executor| {
                    let store = open_file(path)?;
                    on_disk(executor, store, path, ", redb")
                });
                first.into_iter().chain(executors.map(Ok)).collect()
            }
            Self::RocksDb(path) => equip_folders(path, executors),
        }
    }
}

/// Puts the stores of the first two executors into folders of RocksDB.
fn equip_folders(path: &Path, executors: Vec<Executor>) -> Result<Vec<Executor>, Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-compacted");
    let folders = [(path.to_owned(), false), (beside.into(), true)];
    let mut folders = folders.into_iter();
    let equip = |executor: Executor| {
        let Some((folder, compacted)) = folders.next() else {
            return Ok(executor);
        };
        let store = open_folder(&folder, compacted)?;
        let name = if compacted {
            ", rocksdb compacted after every block"
        } else {
            ", rocksdb"
        };
        on_disk(executor, store, &folder, name)
    };
    executors.into_iter().map(equip).collect()
}

/// Equips an executor with a store, which has to be empty, and adds to its name.
fn on_disk(
    mut executor: Executor,
    store: Box<dyn Store>,
    path: &Path,
    name: &str,
) -> Result<Executor, Failure> {
    if store.tip()?.is_some() {
        return Err(Failure::Environment(format!(
            "{} contains a chain already: a simulation needs an empty or new one",
            printable_path(path)
        )));
    }
    executor.name.push_str(name);
    Ok(executor.with_store(store))
}

fn open_file(path: &Path) -> Result<Box<dyn Store>, Failure> {
    let settings = redb_store::Settings::default();
    Ok(Box::new(redb_store::RedbStore::open(path, settings)?))
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

#[cfg(feature = "rocksdb")]
fn accept_folder(path: &Path) -> Result<(Option<u64>, Option<u64>), Failure> {
    let settings = rocksdb_store::Settings::default();
    let accepted = rocksdb_store::RocksStore::accept(path, settings)?;
    let [acknowledged, height] = [accepted.acknowledged, accepted.height];
    Ok((
        acknowledged.map(|height| height.0),
        height.map(|height| height.0),
    ))
}

#[cfg(not(feature = "rocksdb"))]
fn accept_folder(_: &Path) -> Result<(Option<u64>, Option<u64>), Failure> {
    available()?;
    Ok((None, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_memory_a_file_or_a_folder() {
        assert_eq!(StoreName::parse("memory").ok(), Some(StoreName::Memory));
        let file = StoreName::parse("redb:a:b").ok();
        assert_eq!(file, Some(StoreName::Redb(PathBuf::from("a:b"))));
        for text in [
            "", "redb:", "redb", "rocksdb", "rocksdb:", "Memory", "disk:x",
        ] {
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
