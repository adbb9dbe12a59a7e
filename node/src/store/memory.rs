//! Keeps state and blocks in memory: the default of commands, and the model for other stores.

use super::{Commit, Store};
use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use crate::transaction::Signed;
use std::collections::BTreeMap;
use std::ops::Bound;
use vm::{Entries, Event, Fault, Height};

/// A store in memory: an ordered map of the state, and the blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStore {
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    blocks: BTreeMap<Height, StoredBlock>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredBlock {
    tip: Tip,
    header: Option<Header>,
    receipts: Vec<Receipt>,
    transactions: Vec<Signed>,
    events: Vec<Vec<Event>>,
}

impl MemoryStore {
    /// An empty store, without a genesis.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an error if the commit is not the next block.
    pub(super) fn check_next(&self, commit: &Commit) -> Result<(), Fault> {
        let next = match self.blocks.last_key_value() {
            Some((height, _)) => height.0.checked_add(1).map(Height),
            None => Some(Height(0)),
        };
        if next == Some(commit.tip.height) {
            return Ok(());
        }
        Err(Fault::Store(format!(
            "block {} is not the next",
            commit.tip.height
        )))
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

    /// The hash of block 0.
    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        Ok(self
            .blocks
            .first_key_value()
            .map(|(_, record)| record.tip.hash))
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        let record = self.blocks.get(&height);
        Ok(record.and_then(|record| record.header.clone()))
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        let record = self.blocks.get(&height);
        Ok(record.map(|record| record.transactions.clone()))
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        let record = self.blocks.get(&height);
        Ok(record.map(|record| record.receipts.clone()))
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        let record = self.blocks.get(&height);
        Ok(record.map(|record| record.events.clone()))
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.check_next(&commit)?;
        for (key, value) in commit.diff {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        let record = StoredBlock {
            tip: commit.tip,
            header: commit.header,
            receipts: commit.receipts,
            transactions: commit.transactions,
            events: commit.events,
        };
        self.blocks.insert(commit.tip.height, record);
        Ok(())
    }
}
