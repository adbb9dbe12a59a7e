//! Makes faulty stores.

use node::{Commit, Header, Receipt, Signed, Store, Tip};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use vm::{Entries, Event, Fault, Height, StateDiff, key};

/// A store that loses one write of contract storage: the first one of the block at a height.
///
/// The tree in memory has the write, so the roots agree until a read of the key, a restart or a
/// scrub.
pub struct LostWrite<S> {
    inner: S,
    height: Height,
    is_lost: bool,
}

impl<S> LostWrite<S> {
    /// Loses the first write of a contract's value from block `height` on.
    #[must_use]
    pub const fn new(inner: S, height: Height) -> Self {
        Self {
            inner,
            height,
            is_lost: false,
        }
    }
}

impl<S: Store> Store for LostWrite<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.inner.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.inner.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.inner.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.inner.events(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        if commit.tip.height >= self.height && !self.is_lost {
            let lost = commit
                .diff
                .keys()
                .find(|key| key.first() == Some(&key::VALUE))
                .cloned();
            if let Some(lost) = lost {
                commit.diff.remove(&lost);
                self.is_lost = true;
            }
        }
        self.inner.commit(commit)
    }
}

/// The fault of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreFault {
    /// Contract values are cached at their first read and never read again.
    Stale,
    /// The last two entries of a page that has an end are swapped.
    Order,
    /// From this height on, the power fails after the first half of a block's changes, while the
    /// store reports success.
    Half(Height),
}

/// A store with one fault.
pub(super) struct FaultyStore<S> {
    inner: S,
    wrong: StoreFault,
    kept: Mutex<StateDiff>,
}

impl<S> FaultyStore<S> {
    pub(super) const fn new(inner: S, wrong: StoreFault) -> Self {
        Self {
            inner,
            wrong,
            kept: Mutex::new(BTreeMap::new()),
        }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        if self.wrong != StoreFault::Stale || key.first() != Some(&key::VALUE) {
            return self.inner.read(key);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = kept.get(key) {
            return Ok(value.clone());
        }
        let value = self.inner.read(key)?;
        kept.insert(key.to_vec(), value.clone());
        Ok(value)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let mut entries = self.inner.scan(start, end, limit)?;
        if self.wrong == StoreFault::Order
            && end.is_some()
            && let Some([.., one, other]) = entries.get_mut(..)
        {
            core::mem::swap(one, other);
        }
        Ok(entries)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.inner.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.inner.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.inner.events(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        if let StoreFault::Half(height) = self.wrong
            && commit.tip.height >= height
        {
            let half = commit.diff.len().div_euclid(2);
            let first = commit.diff.into_iter().take(half);
            commit.diff = first.collect();
        }
        self.inner.commit(commit)
    }
}
