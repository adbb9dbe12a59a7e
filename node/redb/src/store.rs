//! Implements [`node::Store`] on redb.

use crate::changes;
use crate::checked::CheckedFile;
use crate::file::{DiskFile, PagedFile};
use crate::tables::{Tables, fault};
use crate::unwritten::Unwritten;
use node::{
    Commit, HALF_RESTORED, Header, Receipt, Record, RestoredPart, Signed, Snapshot, Store, Tip,
};
use redb::{Builder, Database, WriteTransaction};
use std::path::Path;
use std::sync::Arc;
use vm::{Entries, Event, Fault, Height};

/// Small, because a scrub reads each page once.
const SCRUB_CACHE_BYTES: usize = 1024 * 1024;

/// Blocks that one transaction deletes when the store is opened with fewer to keep.
const PRUNED_AT_ONCE: u64 = 1_000;

/// Settings of a store. They change time, memory and disk use, never a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Number of blocks whose header, transactions, receipts and events are kept, at least 1;
    /// `None` for all.
    pub keep_blocks: Option<u64>,
    /// Memory for pages, in bytes: up to half of it for pages of the next commit.
    pub cache_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_blocks: None,
            cache_bytes: 256 * 1024 * 1024,
        }
    }
}

/// What a scrub has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// Number of blocks whose receipts were compared with their root.
    pub blocks: u64,
    /// Height of the block whose state root the values have.
    pub height: Height,
}

/// A store in one file.
pub struct RedbStore {
    name: Arc<str>,
    settings: Settings,
    file: CheckedFile,
    tip: Option<Tip>,
    broken: bool,
    /// Of the last commit; closed while the next one is made, so that redb can reuse pages.
    tables: Option<Tables>,
    database: Database,
}

impl RedbStore {
    /// Opens the store in a file, and creates the file if it does not exist.
    ///
    /// Does not read the values: [`node::Node::open`] recomputes their root and compares it with
    /// the tip; [`RedbStore::scrub`] does so without a node.
    ///
    /// # Errors
    /// [`Fault::Store`] if the file is not a store's, has another version, is already open or is
    /// damaged.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, Fault> {
        let file = DiskFile::open(path)?;
        Self::open_on(Box::new(file), &path.display().to_string(), settings)
    }

    /// As [`RedbStore::open`], on any file; `name` is how faults name it.
    ///
    /// # Errors
    /// As [`RedbStore::open`].
    pub fn open_on(
        file: Box<dyn PagedFile>,
        name: &str,
        settings: Settings,
    ) -> Result<Self, Fault> {
        let name: Arc<str> = name.into();
        if settings.keep_blocks == Some(0) {
            return Err(fault(&name, "keep_blocks is 0: the last block is needed"));
        }
        let file = CheckedFile::open(file).map_err(|error| fault(&name, error))?;
        let database = Builder::new()
            .set_cache_size(settings.cache_bytes)
            .create_with_backend(file.clone())
            .map_err(|error| fault(&name, error))?;
        let tables = Tables::open(&database, &name)?;
        let tip = tables.as_ref().map(Tables::tip).transpose()?.flatten();
        let mut store = Self {
            name,
            settings,
            file,
            tip,
            broken: false,
            tables,
            database,
        };
        store.prune_to_settings()?;
        Ok(store)
    }

    /// Opens the file a second time, as a restart would, past all caches and without writing to it;
    /// reads every page that a commit refers to; compares the root of the values with the tip, and
    /// the receipts and headers with the chain.
    ///
    /// # Errors
    /// [`Fault::Store`] at the first damage, or if there is no block yet.
    pub fn scrub(&self) -> Result<Scrubbed, Fault> {
        self.intact()?;
        let damaged = |error| fault(&self.name, error);
        self.file.check_header().map_err(damaged)?;
        let file = Unwritten::new(Below(self.file.clone())).map_err(damaged)?;
        let settings = Settings {
            keep_blocks: None,
            cache_bytes: SCRUB_CACHE_BYTES,
        };
        let name = format!("{} (read for a scrub)", self.name);
        let second = Self::open_on(Box::new(file), &name, settings)?;
        second.verify_pages()?.read_all(self.tip)
    }

    /// Compares every page with the checksum that redb itself has for it: a page that was written
    /// late, or never, is found too.
    fn verify_pages(mut self) -> Result<Self, Fault> {
        self.tables = None;
        let checked = self.database.check_integrity();
        if !checked.map_err(|error| fault(&self.name, error))? {
            return Err(fault(&self.name, "redb's own checksums found damage"));
        }
        self.tables = Tables::open(&self.database, &self.name)?;
        Ok(self)
    }

    fn read_all(&self, expected: Option<Tip>) -> Result<Scrubbed, Fault> {
        let refuse = |cause: String| fault(&self.name, cause);
        let tip = self.tip.ok_or_else(|| refuse("it is empty".to_owned()))?;
        if expected != Some(tip) {
            return Err(refuse("the last block is not the committed one".to_owned()));
        }
        if node::recomputed_root(self)? != tip.result.state_root {
            return Err(refuse(
                "the values do not have the committed root".to_owned(),
            ));
        }
        let blocks =
            node::verify_blocks(self, &tip).map_err(|damage| refuse(damage.to_string()))?;
        Ok(Scrubbed {
            blocks,
            height: tip.height,
        })
    }

    fn intact(&self) -> Result<(), Fault> {
        if self.broken {
            return Err(fault(&self.name, "it stopped at a failed write"));
        }
        Ok(())
    }

    fn tables(&self) -> Result<Option<&Tables>, Fault> {
        self.intact()?;
        Ok(self.tables.as_ref())
    }

    fn check_next(&self, height: Height) -> Result<(), Fault> {
        let next = match &self.tip {
            Some(tip) => tip.height.0.checked_add(1).map(Height),
            None => Some(Height(0)),
        };
        if next == Some(height) {
            return Ok(());
        }
        Err(fault(&self.name, format!("block {height} is not the next")))
    }

    /// Deletes the blocks outside [`Settings::keep_blocks`]; after that each commit deletes one
    /// block.
    fn prune_to_settings(&mut self) -> Result<(), Fault> {
        let first = match &self.tables {
            Some(tables) => tables.first()?,
            None => None,
        };
        let kept = self.tip.zip(self.settings.keep_blocks);
        let kept = kept.and_then(|(tip, keep)| tip.height.0.checked_add(1)?.checked_sub(keep));
        match first.zip(kept) {
            Some((mut first, kept)) => {
                while first < kept {
                    let end = kept.min(first.saturating_add(PRUNED_AT_ONCE));
                    self.write(|transaction| changes::prune(transaction, first..end))?;
                    first = end;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// One durable transaction. After an error the store is closed to every call: it is unknown
    /// what the file has.
    fn write(
        &mut self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), Fault> {
        self.broken = true;
        self.tables = None;
        let written = self.transact(change);
        written.map_err(|error| fault(&self.name, format!("a write failed: {error}")))?;
        self.tables = Tables::open(&self.database, &self.name)?;
        self.broken = false;
        Ok(())
    }

    fn transact(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        // Two syncs instead of one; after a crash the file is opened without being walked.
        transaction.set_quick_repair(true);
        change(&transaction)?;
        transaction.commit()?;
        Ok(())
    }
}

/// The file of an open store, for reading it beside redb.
struct Below(CheckedFile);

impl PagedFile for Below {
    fn length(&self) -> std::io::Result<u64> {
        self.0.file().length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.file().read(offset, out)
    }

    fn write(&self, _: u64, _: &[u8]) -> std::io::Result<()> {
        Err(std::io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn set_len(&self, _: u64) -> std::io::Result<()> {
        Err(std::io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The tables of one commit, which redb keeps while later blocks are committed.
struct View(Option<Tables>);

impl Snapshot for View {
    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.as_ref().map_or(Ok(None), Tables::tip)
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        match &self.0 {
            Some(tables) => tables.header(height),
            None => Ok(None),
        }
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        match &self.0 {
            Some(tables) => tables.scan(start, end, limit),
            None => Ok(Entries::new()),
        }
    }
}

impl Store for RedbStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.tables()? {
            Some(tables) => tables.read(key),
            None => Ok(None),
        }
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.value_bytes(key)?.is_some())
    }

    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        match self.tables()? {
            Some(tables) => tables.value_bytes(key),
            None => Ok(None),
        }
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        match self.tables()? {
            Some(tables) => tables.scan(start, end, limit),
            None => Ok(Entries::new()),
        }
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.intact()?;
        Ok(self.tip)
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        match self.tables()? {
            Some(tables) => tables.chain_id(),
            None => Ok(None),
        }
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.tables()? {
            Some(tables) => tables.record(key),
            None => Ok(None),
        }
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        self.intact()?;
        self.write(|transaction| changes::put_records(transaction, &records))
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        match self.tables()? {
            Some(tables) => tables.header(height),
            None => Ok(None),
        }
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        match self.tables()? {
            Some(tables) => tables.transactions(height),
            None => Ok(None),
        }
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        match self.tables()? {
            Some(tables) => tables.receipts(height),
            None => Ok(None),
        }
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        match self.tables()? {
            Some(tables) => tables.events(height),
            None => Ok(None),
        }
    }

    fn scrub(&self) -> Result<(), Fault> {
        Self::scrub(self).map(drop)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Fault> {
        self.intact()?;
        let tables = Tables::open(&self.database, &self.name)?;
        Ok(Box::new(View(tables)))
    }

    fn restore(&mut self, part: RestoredPart) -> Result<(), Fault> {
        self.intact()?;
        if let Some(tip) = self.tip {
            let cause = format!("it has block {} already", tip.height);
            return Err(fault(&self.name, cause));
        }
        self.write(|transaction| changes::restore(transaction, &part))?;
        self.tip = part.end.map(|(tip, _)| tip);
        Ok(())
    }

    fn restoring(&self) -> Result<Option<Vec<u8>>, Fault> {
        match self.tables()? {
            Some(tables) => tables.restoring(),
            None => Ok(None),
        }
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.intact()?;
        if self.tip.is_none() && self.restoring()?.is_some() {
            return Err(fault(&self.name, HALF_RESTORED));
        }
        self.check_next(commit.tip.height)?;
        let keep = self.settings.keep_blocks;
        self.write(|transaction| changes::insert(transaction, &commit, keep))?;
        self.tip = Some(commit.tip);
        Ok(())
    }
}
