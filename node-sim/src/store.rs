//! Keeps committed state and blocks; one commit a block, all or nothing.

use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use vm::Fault;
use vm::state::{Entries, StateDiff};

/// Everything that one block changes, committed together.
#[derive(Clone, Debug)]
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
pub trait Store {
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
    fn receipts(&self, height: u64) -> Result<Option<Vec<Receipt>>, Fault>;

    /// Takes over a block; after an error nothing of it is there.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot commit, or the block is not the next one.
    fn commit(&mut self, commit: Commit) -> Result<(), Fault>;
}

/// A store in memory: an ordered map, and the blocks.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    blocks: BTreeMap<u64, Record>,
}

#[derive(Clone, Debug)]
struct Record {
    tip: Tip,
    header: Option<Header>,
    receipts: Vec<Receipt>,
}

impl MemoryStore {
    /// A store without a genesis.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The header of a block, `None` for the genesis and for what was not committed.
    #[must_use]
    pub fn header(&self, height: u64) -> Option<&Header> {
        self.blocks
            .get(&height)
            .and_then(|record| record.header.as_ref())
    }
}

impl Store for MemoryStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state.get(key).cloned())
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.state.contains_key(key))
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let below = |key: &Vec<u8>| end.is_none_or(|end| key.as_slice() < end);
        let entries = self
            .state
            .range::<[u8], _>((Bound::Included(start), Bound::Unbounded))
            .take_while(|(key, _)| below(key))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Ok(entries)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        Ok(self.blocks.last_key_value().map(|(_, record)| record.tip))
    }

    fn receipts(&self, height: u64) -> Result<Option<Vec<Receipt>>, Fault> {
        Ok(self
            .blocks
            .get(&height)
            .map(|record| record.receipts.clone()))
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        let next = match self.blocks.last_key_value() {
            Some((height, _)) => height.checked_add(1),
            None => Some(0),
        };
        if next != Some(commit.tip.height) {
            return Err(Fault::Store(format!(
                "block {} is not the next",
                commit.tip.height
            )));
        }
        for (key, value) in commit.diff {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        let record = Record {
            tip: commit.tip,
            header: commit.header,
            receipts: commit.receipts,
        };
        self.blocks.insert(commit.tip.height, record);
        Ok(())
    }
}

/// The bounds of a scan of a half-open range.
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
