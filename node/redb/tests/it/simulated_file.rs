//! Simulates a file with a crash model: what was not synced is lost, torn or reordered by sectors.
//!
//! ```text
//! write, set_len -> pending --sync--> durable
//!                      \--crash--> of each sector of each pending write: the new bytes or the old;
//!                                  a pending length is set, or not
//! ```
//!
//! The handle is shared: a test keeps one, the store has another.

use node_sim::disk::Failing;
use node_sim::synthetic::SplitMix;
use redb_store::PagedFile;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SECTOR: usize = 512;

/// What a crash keeps of the sectors that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing.
    All,
    /// Everything: the process was killed.
    None,
    /// Each sector at random.
    Sectors,
    /// Whole writes, each at random: they reach the disk in another order.
    Writes,
    /// All writes up to one, of which a part.
    Suffix,
}

pub(crate) const LOSSES: [Loss; 5] = [
    Loss::All,
    Loss::None,
    Loss::Sectors,
    Loss::Writes,
    Loss::Suffix,
];

/// A change of the file.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) bytes: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// Every change so far, if it is recorded.
    log: Option<Vec<Change>>,
    operations: u64,
    reads: u64,
    failing: Option<Failing>,
    /// Length in bytes that a write, or a new length, fails to exceed.
    capacity: Option<u64>,
    /// Offsets of the blocks that were read.
    pub(crate) blocks_read: std::collections::BTreeSet<u64>,
}

/// A file in memory with simulated faults.
#[derive(Clone, Default)]
pub(crate) struct SimulatedFile(Arc<Mutex<Contents>>);

impl SimulatedFile {
    /// A file with these bytes, all synced.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let contents = Contents {
            durable: bytes.clone(),
            bytes,
            ..Contents::default()
        };
        Self(Arc::new(Mutex::new(contents)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    pub(crate) fn fail(&self, failing: Failing) {
        self.lock().failing = Some(failing);
    }

    pub(crate) fn limit(&self, capacity: Option<u64>) {
        self.lock().capacity = capacity;
    }

    /// Number of operations so far: reads, writes, lengths, syncs.
    pub(crate) fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Number of reads so far.
    pub(crate) fn reads(&self) -> u64 {
        self.lock().reads
    }

    /// Records every change from now on.
    pub(crate) fn record(&self) {
        self.lock().log = Some(Vec::new());
    }

    /// The changes since [`SimulatedFile::record`].
    pub(crate) fn log(&self) -> Vec<Change> {
        self.lock().log.clone().unwrap_or_default()
    }

    /// Loses power; what is left is durable.
    pub(crate) fn crash(&self, loss: Loss, random: &mut SplitMix) {
        let mut contents = self.lock();
        let pending = std::mem::take(&mut contents.pending);
        let durable = std::mem::take(&mut contents.durable);
        contents.bytes = crashed(durable, &pending, loss, random);
        contents.durable = contents.bytes.clone();
        contents.failing = None;
        contents.capacity = None;
    }
}

/// The bytes of a file after a crash.
pub(crate) fn crashed(
    durable: Vec<u8>,
    pending: &[Change],
    loss: Loss,
    random: &mut SplitMix,
) -> Vec<u8> {
    let mut bytes = durable;
    let last = random.below(pending.len() as u64 + 1) as usize;
    for (index, change) in pending.iter().enumerate() {
        let keep = |random: &mut SplitMix| match loss {
            Loss::All => false,
            Loss::None => true,
            Loss::Sectors | Loss::Writes => random.below(2) == 0,
            Loss::Suffix => index < last || index == last && random.below(2) == 0,
        };
        match change {
            Change::SetLen(length) if keep(random) => bytes.resize(*length as usize, 0),
            Change::Write(offset, new) => {
                let unit = if loss == Loss::Writes {
                    new.len().max(1)
                } else {
                    SECTOR
                };
                for (sector, part) in new.chunks(unit).enumerate() {
                    if keep(random) {
                        overwrite(&mut bytes, *offset as usize + sector * SECTOR, part);
                    }
                }
            }
            _ => {}
        }
    }
    bytes
}

/// Writes what is within the file's length.
fn overwrite(bytes: &mut [u8], offset: usize, new: &[u8]) {
    if let Some(old) = bytes.get_mut(offset..) {
        let length = old.len().min(new.len());
        old[..length].copy_from_slice(&new[..length]);
    }
}

impl Contents {
    fn begin(&mut self, what: &str) -> Result<()> {
        let number = self.operations;
        self.operations += 1;
        match self.failing {
            Some(failing) if failing.hits(number) => Err(Error::other(format!(
                "{what} failed (operation {number} of the file)"
            ))),
            _ => Ok(()),
        }
    }

    fn change(&mut self, change: Change) {
        match &change {
            Change::Write(offset, new) => overwrite(&mut self.bytes, *offset as usize, new),
            Change::SetLen(length) => self.bytes.resize(*length as usize, 0),
            Change::Sync => {}
        }
        if let Some(log) = &mut self.log {
            log.push(change.clone());
        }
        if matches!(change, Change::Sync) {
            self.pending.clear();
            self.durable.clone_from(&self.bytes);
        } else {
            self.pending.push(change);
        }
    }
}

impl PagedFile for SimulatedFile {
    fn length(&self) -> Result<u64> {
        Ok(self.lock().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let mut contents = self.lock();
        contents.begin("a read")?;
        contents.reads += 1;
        for block in (offset..offset + out.len() as u64).step_by(4096) {
            contents.blocks_read.insert(block / 4096 * 4096);
        }
        let start = offset as usize;
        let found = contents.bytes.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut contents = self.lock();
        assert!(offset + bytes.len() as u64 <= contents.bytes.len() as u64);
        if let Err(error) = contents.begin("a write") {
            // A failed write may have written any part.
            let half = bytes.len() / 2 / SECTOR * SECTOR;
            contents.change(Change::Write(offset, bytes[..half].to_vec()));
            return Err(error);
        }
        let end = offset + bytes.len() as u64;
        if contents.capacity.is_some_and(|capacity| end > capacity) {
            return Err(ErrorKind::StorageFull.into());
        }
        contents.change(Change::Write(offset, bytes.to_vec()));
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<()> {
        let mut contents = self.lock();
        contents.begin("a new length")?;
        contents.change(Change::SetLen(length));
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let mut contents = self.lock();
        contents.begin("a sync")?;
        contents.change(Change::Sync);
        Ok(())
    }
}
