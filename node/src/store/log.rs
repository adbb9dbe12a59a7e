//! Stores commits as records of one append-only file: one record and one sync a block.
//!
//! ```text
//! record = "LSblock2" || length u32 LE || sha256(stuffed) || stuffed = stuff(borsh(Commit))
//! ```
//!
//! Stuffing inserts a zero after each "LSblock" of the payload, so that no value that a guest
//! writes can look like the start of a record.
//!
//! The state is kept in memory and rebuilt from the records at open. Bytes that are no record, with
//! no whole record after them, are a torn write: open truncates them, and the store is the
//! committed prefix. If a whole record follows, the disk lost synced data, which is a [`Fault`] and
//! never a shorter chain.
//!
//! Records of the format before, `LSblock1`, lack transactions and events: a log of them is a
//! fault.
//!
//! # Invariants
//! * A commit that returned `Ok` survives every crash.
//! * After a failed append or sync every call fails: what is on the disk is unknown until the store
//!   is opened again.

use super::{Commit, MemoryStore, Record, Store};
use crate::digest::{encode, sha256};
use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use crate::transaction::Signed;
use vm::{Entries, Event, Fault, Height};

const MAGIC: &[u8; 8] = b"LSblock2";
/// Start of the records of the format before.
const OLD_MAGIC: &[u8; 8] = b"LSblock1";
/// The bytes after which stuffing inserts a zero. They cannot overlap themselves.
const MARK: &[u8; 7] = b"LSblock";
/// Magic, length and hash.
const PREFIX_BYTES: usize = 8 + 4 + 32;

/// An append-only file; every failure is a [`Fault`] of this machine.
pub trait Disk: Send {
    /// The whole contents of the file.
    ///
    /// # Errors
    /// [`Fault::Store`] if the file cannot be read.
    fn read(&self) -> Result<Vec<u8>, Fault>;

    /// Appends bytes, which may be lost until [`Disk::sync`]. After an error any prefix of them may
    /// be in the file.
    ///
    /// # Errors
    /// [`Fault::Store`].
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// Makes all appended bytes survive a crash. After an error it is unknown which do.
    ///
    /// # Errors
    /// [`Fault::Store`].
    fn sync(&mut self) -> Result<(), Fault>;

    /// Truncates the file to `length` bytes and syncs it.
    ///
    /// # Errors
    /// [`Fault::Store`].
    fn truncate(&mut self, length: u64) -> Result<(), Fault>;
}

/// A store on one file.
#[derive(Debug)]
pub struct LogStore<D> {
    disk: D,
    memory: MemoryStore,
    broken: bool,
}

impl<D: Disk> LogStore<D> {
    /// Opens a file, replays its records and truncates a torn one at the end.
    ///
    /// # Errors
    /// [`Fault::Store`] if the disk fails, a record in the middle is damaged, a record is not the
    /// next block, or the log is of the format before.
    pub fn open(mut disk: D) -> Result<Self, Fault> {
        let bytes = disk.read()?;
        let (memory, position) = replay(&bytes)?;
        let rest = bytes.get(position..).unwrap_or_default();
        if rest.starts_with(OLD_MAGIC) {
            return Err(Fault::Store(
                "the log has blocks of an earlier format, without transactions and events, which \
                 this build does not read: replay an archive of the chain into an empty log"
                    .to_owned(),
            ));
        }
        if !rest.is_empty() {
            if contains_record(rest) {
                return Err(damaged(position));
            }
            disk.truncate(u64::try_from(position).unwrap_or(u64::MAX))?;
        }
        Ok(Self {
            disk,
            memory,
            broken: false,
        })
    }

    fn intact(&self) -> Result<&MemoryStore, Fault> {
        if self.broken {
            return Err(Fault::Store(
                "the store stopped at a failed write".to_owned(),
            ));
        }
        Ok(&self.memory)
    }
}

/// Replays the records at the beginning of `bytes`; returns the state and where they end.
fn replay(bytes: &[u8]) -> Result<(MemoryStore, usize), Fault> {
    let mut memory = MemoryStore::new();
    let mut rest = bytes;
    while let Some((payload, after)) = split_record(MAGIC, rest) {
        let commit = borsh::from_slice(&unstuff(payload))
            .map_err(|_| Fault::Store("a record of the log does not decode".to_owned()))?;
        memory.commit(commit)?;
        rest = after;
    }
    Ok((memory, bytes.len().saturating_sub(rest.len())))
}

fn damaged(position: usize) -> Fault {
    Fault::Store(format!(
        "the log is damaged at byte {position}: a block that was synced is lost"
    ))
}

/// Splits `bytes` into the payload of their first record and the rest.
fn split_record<'a>(magic: &[u8; 8], bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let rest = bytes.strip_prefix(magic)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (payload, rest) = rest.split_at_checked(length)?;
    (sha256(&[payload]) == *hash).then_some((payload, rest))
}

/// Inserts a zero after each [`MARK`] of the payload.
fn stuff(payload: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(payload.len());
    for byte in payload {
        stuffed.push(*byte);
        if stuffed.ends_with(MARK) {
            stuffed.push(0);
        }
    }
    stuffed
}

/// Inverse of [`stuff`].
fn unstuff(stuffed: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(stuffed.len());
    let mut is_stuffing = false;
    for byte in stuffed {
        if !is_stuffing {
            payload.push(*byte);
        }
        is_stuffing = !is_stuffing && payload.ends_with(MARK);
    }
    payload
}

/// True if a whole record, of this format or the one before, begins anywhere after the first byte.
fn contains_record(bytes: &[u8]) -> bool {
    (1..bytes.len())
        .filter_map(|start| bytes.get(start..))
        .any(|tail| {
            let mut formats = [MAGIC, OLD_MAGIC].into_iter();
            formats.any(|magic| split_record(magic, tail).is_some())
        })
}

fn record(payload: &[u8]) -> Result<Vec<u8>, Fault> {
    let length = u32::try_from(payload.len())
        .map_err(|_| Fault::Store("a block's record does not fit 4 GiB".to_owned()))?;
    let mut bytes = Vec::with_capacity(PREFIX_BYTES.saturating_add(payload.len()));
    bytes.extend(MAGIC);
    bytes.extend(length.to_le_bytes());
    bytes.extend(sha256(&[payload]));
    bytes.extend(payload);
    Ok(bytes)
}

impl<D: Disk> Store for LogStore<D> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.intact()?.read(key)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.intact()?.contains(key)
    }

    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        self.intact()?.value_bytes(key)
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.intact()?.record(key)
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        self.intact()?;
        self.memory.write_records(records)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.intact()?.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.intact()?.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.intact()?.chain_id()
    }

    fn snapshot(&self) -> Result<Box<dyn super::Snapshot>, Fault> {
        self.intact()?.snapshot()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.intact()?.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.intact()?.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.intact()?.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.intact()?.events(height)
    }

    /// Reads the whole file again. While the store is open no record is torn, so bytes that are no
    /// record are damage.
    fn scrub(&self) -> Result<(), Fault> {
        let memory = self.intact()?;
        let bytes = self.disk.read()?;
        let (read, position) = replay(&bytes)?;
        if position < bytes.len() {
            return Err(damaged(position));
        }
        if read == *memory {
            Ok(())
        } else {
            Err(Fault::Store(
                "the log differs from what was committed".to_owned(),
            ))
        }
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.intact()?.check_next(&commit)?;
        let bytes = record(&stuff(&encode(&commit)))?;
        // Reset only after the sync: until then the disk may have any part of the record.
        self.broken = true;
        self.disk.append(&bytes)?;
        self.disk.sync()?;
        self.broken = false;
        self.memory.commit(commit)
    }
}
