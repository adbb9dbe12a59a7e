//! Makes faulty stores.

use crate::simulate::acted::Acted;
use node::{Commit, Header, MemoryStore, Receipt, Signed, Store, Tip};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use vm::{Entries, Event, Fault, Height, StateDiff, key};

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
    /// From this height on, the first change of a contract's value in a block is lost. The tree in
    /// memory has it, so the roots agree until a read of the key, a restart or a scrub.
    Write(Height),
    /// The first removal of a contract's value in a block is lost.
    Removal,
    /// The receipts of a block are stored in the opposite order.
    Receipts,
    /// The first and the last event of each transaction are swapped.
    Events,
    /// The last transaction of each block is lost.
    Transactions,
}

/// A store with one fault.
pub(super) struct FaultyStore<S> {
    inner: S,
    wrong: StoreFault,
    kept: Mutex<StateDiff>,
    acted: Acted,
}

impl<S> FaultyStore<S> {
    pub(super) const fn new(inner: S, wrong: StoreFault, acted: Acted) -> Self {
        Self {
            inner,
            wrong,
            kept: Mutex::new(BTreeMap::new()),
            acted,
        }
    }

    /// Commits something else; true if it is.
    fn spoil(&self, commit: &mut Commit) -> bool {
        match self.wrong {
            StoreFault::Stale | StoreFault::Order => false,
            StoreFault::Half(height) => {
                let half = commit.diff.len().div_euclid(2);
                let is_due = commit.tip.height >= height && half < commit.diff.len();
                if is_due {
                    let first = core::mem::take(&mut commit.diff).into_iter().take(half);
                    commit.diff = first.collect();
                }
                is_due
            }
            StoreFault::Write(height) => commit.tip.height >= height && lose(commit, |_| true),
            StoreFault::Removal => lose(commit, Option::is_none),
            StoreFault::Receipts => {
                commit.receipts.reverse();
                commit.receipts.len() > 1
            }
            StoreFault::Events => {
                let mut changed = false;
                for events in &mut commit.events {
                    if let [first, .., last] = events.as_mut_slice() {
                        changed |= first != last;
                        core::mem::swap(first, last);
                    }
                }
                changed
            }
            StoreFault::Transactions => commit.transactions.pop().is_some(),
        }
    }
}

/// Drops the first of these changes of contract values; true if there is one.
fn lose(commit: &mut Commit, is_lost: impl Fn(&Option<Vec<u8>>) -> bool) -> bool {
    let of_value = |key: &[u8]| key.first() == Some(&key::VALUE);
    let mut changes = commit.diff.iter();
    let lost = changes.find(|(key, value)| of_value(key) && is_lost(value));
    let lost = lost.map(|(key, _)| key.clone());
    lost.is_some_and(|key| commit.diff.remove(&key).is_some())
}

/// A store in memory that loses the first change of a contract's value of each block from `height`
/// on.
#[must_use]
pub fn lost_write(height: Height) -> Box<dyn Store> {
    let wrong = StoreFault::Write(height);
    Box::new(FaultyStore::new(
        MemoryStore::new(),
        wrong,
        Acted::default(),
    ))
}

impl<S: Store> Store for FaultyStore<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        if self.wrong != StoreFault::Stale || key.first() != Some(&key::VALUE) {
            return self.inner.read(key);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let value = self.inner.read(key)?;
        if let Some(old) = kept.get(key) {
            if *old != value {
                self.acted.note();
            }
            return Ok(old.clone());
        }
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
            self.acted.note();
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
        if self.spoil(&mut commit) {
            self.acted.note();
        }
        self.inner.commit(commit)
    }
}
