//! Makes stores that are wrong on purpose.

use node::Tip;
use node::{Commit, Receipt, Store};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use vm::{Entries, Fault, Height, StateDiff, key};

/// A store that loses one write of contract storage: the first of the block of a height.
///
/// The tree that is kept in memory has the write, so the roots agree until somebody reads the key,
/// restarts or scrubs.
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

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
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

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Values of contracts are kept when they are first read, and never again looked at.
    Stale,
    /// The last two entries of a page that has an end are swapped.
    Order,
    /// From this height on, the power fails after the first half of a block's changes, while the
    /// store says that all are there.
    Half(Height),
}

/// A store that does one thing wrong.
pub(super) struct WrongStore<S> {
    inner: S,
    wrong: Wrong,
    kept: Mutex<StateDiff>,
}

impl<S> WrongStore<S> {
    pub(super) const fn new(inner: S, wrong: Wrong) -> Self {
        Self {
            inner,
            wrong,
            kept: Mutex::new(BTreeMap::new()),
        }
    }
}

impl<S: Store> Store for WrongStore<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        if self.wrong != Wrong::Stale || key.first() != Some(&key::VALUE) {
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
        if self.wrong == Wrong::Order
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

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        if let Wrong::Half(height) = self.wrong
            && commit.tip.height >= height
        {
            let half = commit.diff.len().div_euclid(2);
            let first = commit.diff.into_iter().take(half);
            commit.diff = first.collect();
        }
        self.inner.commit(commit)
    }
}
