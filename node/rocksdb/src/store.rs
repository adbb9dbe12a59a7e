//! Implements [`node::Store`] on RocksDB: reads and commits.

use crate::acknowledged::{self, Acknowledged, Writer};
use crate::dead::DeadRanges;
use crate::format::{self, fault};
use crate::scan::Values;
use crate::settings::{
    BLOCKS, EVENTS, HEADERS, META, RECEIPTS, RECORDS, Settings, TRANSACTIONS, VALUES,
};
use crate::views::{self, ViewFolder};
use crate::watchdog::{self, NoResult};
use borsh::{BorshDeserialize, BorshSerialize};
use node::{
    Commit, HALF_RESTORED, Header, Receipt, Record, RestoredPart, Signed, Snapshot, Store, Tip,
};
use rocksdb::{ColumnFamily, DB, WriteBatch, WriteOptions};
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::time::Duration;
use vm::{Entries, Event, Fault, Height};

/// Key of the tip in the family `meta`; the value is in borsh.
const TIP: &[u8] = b"tip";
/// Key in `meta` of the progress of a restore that has not ended.
const RESTORING: &[u8] = b"restoring";

/// Small, because a snapshot reads each block of a file once.
const VIEW_CACHE_BYTES: usize = 8 * 1024 * 1024;

/// A store in one folder.
pub struct RocksStore {
    pub(crate) db: DB,
    pub(crate) path: PathBuf,
    pub(crate) settings: Settings,
    /// Ranges that scans found without a key.
    dead: RwLock<DeadRanges>,
    acknowledged: Writer,
    tip: Option<Tip>,
    broken: bool,
}

impl RocksStore {
    /// Opens the store in a folder, and creates the folder if it does not exist.
    ///
    /// Does not read the values: [`node::Node::open`] recomputes their root and compares it with
    /// the tip; [`RocksStore::scrub`] does so without a node.
    ///
    /// # Errors
    /// [`Fault::Store`] if the folder belongs to something else, has another version, is already
    /// open, is damaged, takes longer than [`Settings::open_seconds`], or has lost a block that was
    /// acknowledged; then [`RocksStore::accept`] makes it open at the block that it has.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, Fault> {
        let (store, last) = Self::open_unchecked(path, settings)?;
        if let Some(last) = last {
            store.check_acknowledged(&last)?;
        }
        store.prune_to_settings()?;
        Ok(store)
    }

    /// Opens the store at any block; returns the last acknowledged one too, if it is known.
    pub(crate) fn open_unchecked(
        path: &Path,
        settings: Settings,
    ) -> Result<(Self, Option<Acknowledged>), Fault> {
        if settings.keep_blocks == Some(0) {
            return Err(fault(path, "at least one block must be kept"));
        }
        let version = format::check(path)?;
        let last = acknowledged::last(path).map_err(|error| fault(path, error))?;
        let db = open_watched(path, &settings)?;
        views::remove_all(path)?;
        // The opening has made the families that an older version lacks.
        if version < format::VERSION {
            format::mark(path)?;
        }
        let mut store = Self {
            db,
            path: path.to_owned(),
            settings,
            dead: RwLock::default(),
            acknowledged: Writer::new(path),
            tip: None,
            broken: false,
        };
        store.tip = store.get(META, TIP)?;
        Ok((store, last))
    }

    fn check_acknowledged(&self, last: &Acknowledged) -> Result<(), Fault> {
        let is_there = self.tip.is_some_and(|tip| {
            let is_same = tip.height == last.height && tip.hash == last.hash;
            is_same || tip.height > last.height
        });
        if is_there {
            return Ok(());
        }
        let found = match self.tip {
            Some(tip) if tip.height == last.height => format!("another block {}", tip.height),
            Some(tip) => format!("block {} as its last", tip.height),
            None => "no block".to_owned(),
        };
        Err(self.fault(format!(
            "block {} was acknowledged, and the folder has {found}: the log of the blocks between \
             is damaged, or files of another time were copied here. Restore a backup, or go on \
             with what is there: `lockstep node accept rocksdb:PATH`; the blocks after it have to \
             be executed again",
            last.height
        )))
    }

    pub(crate) fn family(&self, name: &str) -> Result<&ColumnFamily, Fault> {
        self.db
            .cf_handle(name)
            .ok_or_else(|| self.fault(format!("there is no column family {name}")))
    }

    /// A fault of this store, with its folder.
    pub(crate) fn fault(&self, cause: impl std::fmt::Display) -> Fault {
        fault(&self.path, cause)
    }

    fn intact(&self) -> Result<(), Fault> {
        if self.broken {
            return Err(self.fault("it stopped at a failed write"));
        }
        Ok(())
    }

    fn get<T: BorshDeserialize>(&self, family: &str, key: &[u8]) -> Result<Option<T>, Fault> {
        let bytes = self.db.get_pinned_cf(self.family(family)?, key);
        let Some(bytes) = bytes.map_err(|error| self.fault(error))? else {
            return Ok(None);
        };
        let decoded = borsh::from_slice(&bytes);
        decoded
            .map(Some)
            .map_err(|_| self.fault(format!("an entry of {family} does not decode")))
    }

    fn check_next(&self, height: Height) -> Result<(), Fault> {
        let next = match &self.tip {
            Some(tip) => tip.height.0.checked_add(1).map(Height),
            None => Some(Height(0)),
        };
        if next == Some(height) {
            return Ok(());
        }
        Err(self.fault(format!("block {height} is not the next")))
    }

    fn batch(&self, commit: Commit) -> Result<WriteBatch, Fault> {
        let Commit {
            diff,
            tip,
            header,
            receipts,
            transactions,
            events,
            records,
        } = commit;
        let mut batch = WriteBatch::default();
        self.put_all(&mut batch, VALUES, diff)?;
        self.put_all(&mut batch, RECORDS, records)?;
        let height = by_height(tip.height);
        if let Some(header) = header {
            batch.put_cf(self.family(HEADERS)?, height, self.encode(&header)?);
        }
        for (family, list) in [
            (RECEIPTS, self.encode(&receipts)?),
            (TRANSACTIONS, self.encode(&transactions)?),
            (EVENTS, self.encode(&events)?),
        ] {
            batch.put_cf(self.family(family)?, height, list);
        }
        batch.put_cf(self.family(META)?, TIP, self.encode(&tip)?);
        if let Some(old) = self
            .settings
            .keep_blocks
            .and_then(|keep| tip.height.0.checked_sub(keep))
            .map(Height)
        {
            for family in BLOCKS {
                batch.delete_cf(self.family(family)?, by_height(old));
            }
        }
        Ok(batch)
    }

    fn put_all(
        &self,
        batch: &mut WriteBatch,
        family: &str,
        entries: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), Fault> {
        let family = self.family(family)?;
        for (key, value) in entries {
            match value {
                Some(value) => batch.put_cf(family, key, value),
                None => batch.delete_cf(family, key),
            }
        }
        Ok(())
    }

    /// Deletes the blocks outside [`Settings::keep_blocks`]; after that each commit deletes one
    /// block.
    fn prune_to_settings(&self) -> Result<(), Fault> {
        let keep = self.settings.keep_blocks;
        let end = self.tip.zip(keep).and_then(|(tip, keep)| {
            let first_kept = tip.height.0.checked_sub(keep)?.checked_add(1)?;
            Some(by_height(Height(first_kept)))
        });
        let Some(end) = end else { return Ok(()) };
        let mut batch = WriteBatch::default();
        for family in BLOCKS {
            batch.delete_range_cf(self.family(family)?, by_height(Height(0)), end);
        }
        self.write(batch)
    }

    fn write(&self, batch: WriteBatch) -> Result<(), Fault> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        let written = self.db.write_opt(batch, &options);
        written.map_err(|error| self.fault(format!("a write failed: {error}")))
    }

    fn values(&self) -> Result<Values<'_>, Fault> {
        Ok(Values {
            db: &self.db,
            family: self.family(VALUES)?,
            dead: &self.dead,
            path: &self.path,
        })
    }

    fn acknowledge(&mut self, tip: &Tip) -> Result<(), Fault> {
        let (height, hash) = (tip.height, tip.hash);
        let noted = self.acknowledged.write(Acknowledged { height, hash });
        noted.map_err(|error| self.fault(format!("its file of the last block: {error}")))
    }

    fn encode<T: BorshSerialize>(&self, value: &T) -> Result<Vec<u8>, Fault> {
        borsh::to_vec(value)
            .map_err(|error| self.fault(format!("a block does not encode: {error}")))
    }
}

/// The state of one block: a checkpoint, opened as a store of its own.
struct View {
    store: RocksStore,
    /// Declared last, so that it is removed after the store is closed.
    _folder: ViewFolder,
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

impl Store for RocksStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.intact()?;
        let value = self.db.get_cf(self.family(VALUES)?, key);
        value.map_err(|error| self.fault(error))
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.value_bytes(key)?.is_some())
    }

    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        self.intact()?;
        let value = self.db.get_pinned_cf(self.family(VALUES)?, key);
        let bytes = value.map_err(|error| self.fault(error))?;
        Ok(bytes.map(|value| u64::try_from(value.len()).unwrap_or(u64::MAX)))
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.intact()?;
        if end.is_some_and(|end| start >= end) {
            return Ok(Entries::new());
        }
        self.values()?.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.intact()?;
        Ok(self.tip)
    }

    /// The chain id in the header of the last block, which no setting prunes: stores of every build
    /// have it.
    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.intact()?;
        match self.tip {
            Some(tip) if tip.height > Height(0) => match self.header(tip.height)? {
                Some(header) => Ok(Some(header.chain_id)),
                None => Err(self.fault("the header of the last block is missing")),
            },
            tip => Ok(tip.map(|tip| tip.hash)),
        }
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.intact()?;
        let record = self.db.get_cf(self.family(RECORDS)?, key);
        record.map_err(|error| self.fault(error))
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        self.intact()?;
        let mut batch = WriteBatch::default();
        self.put_all(&mut batch, RECORDS, records)?;
        self.broken = true;
        self.write(batch)?;
        self.broken = false;
        Ok(())
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.intact()?;
        self.get(HEADERS, &by_height(height))
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.intact()?;
        self.get(TRANSACTIONS, &by_height(height))
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.intact()?;
        self.get(RECEIPTS, &by_height(height))
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.intact()?;
        self.get(EVENTS, &by_height(height))
    }

    fn scrub(&self) -> Result<(), Fault> {
        Self::scrub(self).map(drop)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Fault> {
        self.intact()?;
        let folder = ViewFolder::new(&self.path)?;
        self.backup(folder.path())?;
        let settings = Settings {
            keep_blocks: None,
            cache_bytes: VIEW_CACHE_BYTES,
            ..self.settings.clone()
        };
        Ok(Box::new(View {
            store: Self::open(folder.path(), settings)?,
            _folder: folder,
        }))
    }

    fn restore(&mut self, part: RestoredPart) -> Result<(), Fault> {
        self.intact()?;
        if let Some(tip) = self.tip {
            return Err(self.fault(format!("it has block {} already", tip.height)));
        }
        let mut batch = WriteBatch::default();
        let entries = part.entries.into_iter();
        let entries = entries.map(|(key, value)| (key, Some(value)));
        self.put_all(&mut batch, VALUES, entries)?;
        let meta = self.family(META)?;
        match &part.end {
            None => batch.put_cf(meta, RESTORING, &part.progress),
            Some((tip, header)) => {
                batch.delete_cf(meta, RESTORING);
                batch.put_cf(meta, TIP, self.encode(tip)?);
                let height = by_height(tip.height);
                batch.put_cf(self.family(HEADERS)?, height, self.encode(header)?);
            }
        }
        self.broken = true;
        self.write(batch)?;
        if let Some((tip, _)) = part.end {
            self.acknowledge(&tip)?;
            self.tip = Some(tip);
        }
        self.broken = false;
        Ok(())
    }

    fn restoring(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.intact()?;
        let progress = self.db.get_cf(self.family(META)?, RESTORING);
        progress.map_err(|error| self.fault(error))
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.intact()?;
        let tip = commit.tip;
        if self.tip.is_none() && self.restoring()?.is_some() {
            return Err(self.fault(HALF_RESTORED));
        }
        self.check_next(tip.height)?;
        let changed = self.values()?.changed_keys(&commit);
        let batch = self.batch(commit)?;
        // Reset only at the end: after an error it is unknown what the log contains.
        self.broken = true;
        self.write(batch)?;
        self.acknowledge(&tip)?;
        self.values()?.update_dead(changed)?;
        if self.settings.compact_after_commit {
            self.compact()?;
        }
        self.broken = false;
        self.tip = Some(tip);
        Ok(())
    }
}

fn open_watched(path: &Path, settings: &Settings) -> Result<DB, Fault> {
    let limit = Duration::from_secs(settings.open_seconds);
    let (folder, chosen) = (path.to_owned(), settings.clone());
    let open = move || DB::open_cf_descriptors(&chosen.database(), folder, chosen.families());
    match watchdog::within(limit, open) {
        Ok(opened) => opened.map_err(|error| fault(path, explain(&error.into_string()))),
        Err(NoResult::TimedOut) => Err(fault(
            path,
            format!(
                "RocksDB did not open it within {} s: its log is damaged in a way that RocksDB \
                 does not get past, or the disk hangs. Stop this process, then restore the folder \
                 from a backup, or remove it and replay an archive",
                settings.open_seconds
            ),
        )),
        Err(NoResult::Died) => Err(fault(path, "RocksDB could not be started")),
    }
}

/// Adds advice to an error of opening, where the cause is known.
fn explain(error: &str) -> String {
    if error.contains("lock hold by") || error.contains("LOCK: Resource temporarily") {
        return format!(
            "it is open already, here or in another process: a store has one writer. Stop the \
             other one, or work on a backup ({error})"
        );
    }
    if error.contains("olumn famil") {
        return format!(
            "it has column families that this build does not know: open it with the build that \
             wrote it ({error})"
        );
    }
    if error.starts_with("Corruption") {
        return format!("it is damaged: restore it from a backup ({error})");
    }
    error.to_owned()
}

#[expect(
    clippy::big_endian_bytes,
    reason = "keys sort bytewise, heights as numbers; the bytes are the same on every machine"
)]
pub(crate) const fn by_height(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}
