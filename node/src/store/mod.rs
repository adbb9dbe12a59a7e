//! Stores committed state and blocks; each block is one atomic commit.

/// A store in memory.
mod memory;

/// A store on one append-only file.
mod log;

/// The blocks of a store, compared with their hashes.
mod verify;

pub use log::{Disk, LogStore};
pub use memory::MemoryStore;
pub use verify::verify_blocks;

use crate::digest::length;
use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use crate::transaction::Signed;
use borsh::{BorshDeserialize, BorshSerialize};
use std::ops::Range;
use vm::{Entries, Event, Fault, Height, StateDiff};

/// A record of one machine: its key, and its bytes or `None` to remove it.
pub type Record = (Vec<u8>, Option<Vec<u8>>);

/// All changes of one block, committed together.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commit {
    /// Net change of the state.
    pub diff: StateDiff,
    /// The block as the next header refers to it, with its result.
    pub tip: Tip,
    /// Header of the block; `None` for the genesis.
    pub header: Option<Header>,
    /// Receipts, in order.
    pub receipts: Vec<Receipt>,
    /// Signed transactions, in order; none for the genesis.
    pub transactions: Vec<Signed>,
    /// Events of each transaction, in order.
    pub events: Vec<Vec<Event>>,
    /// Records of this machine beside the state: pages of the tree, lengths and checked forms of
    /// codes. They are in no result, and a store without [`Store::keeps_records`] may drop them.
    #[borsh(skip)]
    pub records: Vec<Record>,
}

/// A view of one block's state that stays readable while further blocks are committed.
pub trait Snapshot: Send {
    /// The block whose state it is; `None` before the genesis.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn tip(&self) -> Result<Option<Tip>, Fault>;

    /// As [`Store::header`].
    ///
    /// # Errors
    /// As [`Store::read`].
    fn header(&self, height: Height) -> Result<Option<Header>, Fault>;

    /// As [`Store::scan`].
    ///
    /// # Errors
    /// As [`Store::read`].
    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault>;
}

/// A part of a snapshot that is restored into a store, written in one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredPart {
    /// State keys with their values.
    pub entries: Entries,
    /// What [`Store::restoring`] returns afterwards, until the restore has ended.
    pub progress: Vec<u8>,
    /// The last part: the block whose state it is, and its header.
    pub end: Option<(Tip, Header)>,
}

/// Committed state and blocks. Every error is a [`Fault`] of this machine.
pub trait Store: Send {
    /// The value under a state key, `None` if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// True if a state key has a value.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.read(key)?.is_some())
    }

    /// Length in bytes of the value under a state key, `None` if absent.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        Ok(self.read(key)?.as_deref().map(length))
    }

    /// At most `limit` entries with `start <= key < end`, in bytewise order; an `end` of `None` is
    /// no upper bound.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault>;

    /// The last committed block; `None` before the genesis.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn tip(&self) -> Result<Option<Tip>, Fault>;

    /// Id of the chain whose blocks the store has, from its blocks or kept beside them, never from
    /// the state; `None` before the genesis.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault>;

    /// True if the store keeps [`Commit::records`] when it is closed. Without them the tree is
    /// rebuilt from the values at each open, and a code is checked again at its first use.
    fn keeps_records(&self) -> bool {
        false
    }

    /// The record of this machine under a key, `None` if absent.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let _ = key;
        Ok(None)
    }

    /// Writes records of this machine without a block, atomically; a store without
    /// [`Store::keeps_records`] may drop them.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot write.
    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        drop(records);
        Ok(())
    }

    /// Header of a block; `None` for the genesis, and if the block was not committed or is pruned.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn header(&self, height: Height) -> Result<Option<Header>, Fault>;

    /// Signed transactions of a block, in order, none for the genesis; `None` if the block was not
    /// committed or is pruned.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault>;

    /// Receipts of a block, in order; `None` if the block was not committed or is pruned.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault>;

    /// Events of each transaction of a block, in order; `None` if the block was not committed or is
    /// pruned.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault>;

    /// Reads the medium behind the store and compares it with what [`Store::read`] and
    /// [`Store::scan`] return, where these do not read the medium themselves.
    ///
    /// # Errors
    /// [`Fault::Store`] if the medium fails, or has lost or changed data.
    fn scrub(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// A view of the last committed state, for a snapshot.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or makes none.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Fault> {
        Err(Fault::Store("this store makes no snapshots".to_owned()))
    }

    /// Writes a part of a snapshot into a store without a block, atomically. Until the last part it
    /// has no block and takes none.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot write, has a block, or restores no snapshots.
    fn restore(&mut self, part: RestoredPart) -> Result<(), Fault> {
        drop(part);
        Err(Fault::Store("this store restores no snapshots".to_owned()))
    }

    /// What the last [`RestoredPart`] said of a restore that has not ended.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn restoring(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    /// Commits a block, atomically: after an error nothing of it is stored.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot commit, or the block is not the next one.
    fn commit(&mut self, commit: Commit) -> Result<(), Fault>;
}

/// The fault of a block for a store that has a part of a snapshot.
pub const HALF_RESTORED: &str = "it has a part of a snapshot and no chain yet: go on with \
                                 `lockstep node restore`, or take an empty store";

/// Scans a half-open range, which may be empty or inverted.
///
/// # Errors
/// As [`Store::scan`].
pub(crate) fn scan_range(
    store: &dyn Store,
    range: &Range<&[u8]>,
    limit: usize,
) -> Result<Entries, Fault> {
    if range.start >= range.end {
        return Ok(Entries::new());
    }
    store.scan(range.start, Some(range.end), limit)
}
