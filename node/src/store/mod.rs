//! Keeps committed state and blocks; one commit a block, all or nothing.

/// A store in memory.
mod memory;

/// A store on one append-only file.
mod log;

pub use log::{Disk, LogStore};
pub use memory::MemoryStore;

use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use borsh::{BorshDeserialize, BorshSerialize};
use std::ops::Range;
use vm::{Entries, Fault, Height, StateDiff};

/// Everything that one block changes, committed together.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commit {
    /// Net change of the state.
    pub diff: StateDiff,
    /// The block as the next one refers to it, its result included.
    pub tip: Tip,
    /// Its header; none for the genesis.
    pub header: Option<Header>,
    /// Its receipts in order.
    pub receipts: Vec<Receipt>,
}

/// Committed state and blocks. Every failure is a [`Fault`] of this machine.
pub trait Store: Send {
    /// The value under a state key, `None` if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot answer.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// True if there is a value under a state key.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.read(key)?.is_some())
    }

    /// At most `limit` entries with `range.start <= key < range.end`, in bytewise order; an end of
    /// `None` has no upper bound.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault>;

    /// The last committed block; `None` before the genesis.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn tip(&self) -> Result<Option<Tip>, Fault>;

    /// Receipts of a block, `None` if it was not committed.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault>;

    /// Reads back whatever is kept on a medium that [`Store::read`] and [`Store::scan`] do not go
    /// to, and compares it with what they answer.
    ///
    /// # Errors
    /// [`Fault::Store`] if the medium fails, or has lost or changed something.
    fn scrub(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Takes over a block; after an error nothing of it is there.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot commit, or the block is not the next one.
    fn commit(&mut self, commit: Commit) -> Result<(), Fault>;
}

/// A scan of a half-open range, which may be empty or the wrong way round.
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
