//! Backs up an open store, scrubs it for damage, and compacts it on demand.

use crate::acknowledged;
use crate::format;
use crate::settings::{FAMILIES, RECORDS, Settings};
use crate::store::RocksStore;
use crate::views::remove;
use node::Store;
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{FlushOptions, IteratorMode};
use std::path::Path;
use vm::{Fault, Height};

/// Name of the copy that a scrub reads, inside the store's folder.
const SCRUBBED: &str = "scrub";
/// Small, because a scrub reads each block of a file once.
const SCRUB_CACHE_BYTES: usize = 1024 * 1024;

/// What a store that was accepted has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Height of the last block that was acknowledged, if it is known.
    pub acknowledged: Option<Height>,
    /// Height of the last block of the store; `None` before the genesis.
    pub height: Option<Height>,
}

/// What a scrub has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// Number of blocks whose receipts were compared with their root.
    pub blocks: u64,
    /// Height of the block whose state root the values have.
    pub height: Height,
}

impl RocksStore {
    /// Copies the store, as of its last commit, into a folder that does not exist yet.
    ///
    /// Sorted files become hard links if both folders are on one file system. The copy is itself a
    /// store: to restore it, open it.
    ///
    /// # Errors
    /// [`Fault::Store`] if the folder exists or cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), Fault> {
        let refused = |error: rocksdb::Error| {
            let to = to.display();
            self.fault(format!("a backup to {to} failed: {error}"))
        };
        let checkpoint = Checkpoint::new(&self.db).map_err(refused)?;
        checkpoint.create_checkpoint(to).map_err(refused)?;
        format::mark(to)
    }

    /// Reads every value and every kept block from the files, bypassing this store's caches;
    /// compares the root of the values with the tip, and the receipts with the headers.
    ///
    /// # Errors
    /// [`Fault::Store`] at the first damage, or if there is no block yet.
    pub fn scrub(&self) -> Result<Scrubbed, Fault> {
        let copy = self.path.join(SCRUBBED);
        remove(&copy)?;
        // Scrub a backup, because the block cache of the open database would hide damage on the
        // disk.
        self.backup(&copy)?;
        let settings = Settings {
            keep_blocks: None,
            cache_bytes: SCRUB_CACHE_BYTES,
            ..self.settings.clone()
        };
        let scrubbed = Self::open(&copy, settings).and_then(|store| store.read_all());
        remove(&copy)?;
        scrubbed
    }

    /// Flushes memory to sorted files and compacts all of them.
    ///
    /// # Errors
    /// [`Fault::Store`].
    pub fn compact(&self) -> Result<(), Fault> {
        self.flush()?;
        for name in FAMILIES {
            let family = self.family(name)?;
            self.db
                .compact_range_cf(family, None::<&[u8]>, None::<&[u8]>);
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), Fault> {
        let families = FAMILIES.map(|name| self.family(name));
        let families = families.into_iter().collect::<Result<Vec<_>, _>>()?;
        let flushed = self.db.flush_cfs_opt(&families, &FlushOptions::default());
        flushed.map_err(|error| self.fault(format!("a flush failed: {error}")))
    }

    /// Makes a store whose last acknowledged block is lost open at the block that it has: reads the
    /// whole store as a scrub does, and forgets the acknowledged block.
    ///
    /// # Errors
    /// As [`RocksStore::open`] and [`RocksStore::scrub`].
    pub fn accept(path: &Path, settings: Settings) -> Result<Accepted, Fault> {
        let (store, last) = Self::open_unchecked(path, settings)?;
        let tip = store.tip()?;
        if tip.is_some() {
            store.scrub()?;
        }
        // What was recovered from a log is durable before the file is changed.
        store.flush()?;
        acknowledged::forget(path).map_err(|error| store.fault(error))?;
        Ok(Accepted {
            acknowledged: last.map(|block| block.height),
            height: tip.map(|tip| tip.height),
        })
    }

    fn read_all(&self) -> Result<Scrubbed, Fault> {
        let tip = self.tip()?.ok_or_else(|| self.fault("it is empty"))?;
        if node::recomputed_root(self)? != tip.result.state_root {
            return Err(self.fault("the values do not have the committed root"));
        }
        self.read_records()?;
        let blocks = node::verify_blocks(self, &tip).map_err(|damage| self.fault(damage))?;
        Ok(Scrubbed {
            blocks,
            height: tip.height,
        })
    }

    /// Reads every record: RocksDB compares the checksum of each block.
    fn read_records(&self) -> Result<(), Fault> {
        let family = self.family(RECORDS)?;
        for record in self.db.iterator_cf(family, IteratorMode::Start) {
            record.map_err(|error| self.fault(error))?;
        }
        Ok(())
    }
}
