//! Keeps state and blocks in memory: the default of commands, and the model for other stores.

use super::{Commit, HALF_RESTORED, Record, RestoredPart, Snapshot, Store};
use crate::digest::length;
use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use crate::transaction::Signed;
use std::collections::BTreeMap;
use std::ops::Bound;
use vm::{Entries, Event, Fault, Height};

/// A store in memory: an ordered map of the state, and the blocks.
///
/// Two are equal if they have the same state and blocks, whatever records they have.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    blocks: BTreeMap<Height, StoredBlock>,
    chain_id: Option<[u8; 32]>,
    /// Of a restore that has not ended.
    restoring: Option<Vec<u8>>,
    /// Records of this machine.
    records: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl PartialEq for MemoryStore {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
            && self.blocks == other.blocks
            && self.chain_id == other.chain_id
            && self.restoring == other.restoring
    }
}

impl Eq for MemoryStore {}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredBlock {
    tip: Tip,
    header: Option<Header>,
    /// `None` of a block whose state was restored.
    lists: Option<Lists>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Lists {
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

    fn lists(&self, height: Height) -> Option<&Lists> {
        self.blocks.get(&height)?.lists.as_ref()
    }

    /// Returns an error if the commit is not the next block.
    pub(super) fn check_next(&self, commit: &Commit) -> Result<(), Fault> {
        if self.restoring.is_some() {
            return Err(Fault::Store(HALF_RESTORED.to_owned()));
        }
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

impl Snapshot for MemoryStore {
    fn tip(&self) -> Result<Option<Tip>, Fault> {
        Store::tip(self)
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        Store::header(self, height)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        Store::scan(self, start, end, limit)
    }
}

impl Store for MemoryStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state.get(key).cloned())
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.state.contains_key(key))
    }

    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        Ok(self.state.get(key).map(|value| length(value)))
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.records.get(key).cloned())
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        for (key, record) in records {
            match record {
                Some(record) => self.records.insert(key, record),
                None => self.records.remove(&key),
            };
        }
        Ok(())
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

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        Ok(self.chain_id)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Fault> {
        Ok(Box::new(self.clone()))
    }

    fn restore(&mut self, part: RestoredPart) -> Result<(), Fault> {
        if !self.blocks.is_empty() {
            return Err(Fault::Store("the store has a block already".to_owned()));
        }
        self.state.extend(part.entries);
        self.restoring = Some(part.progress);
        if let Some((tip, header)) = part.end {
            self.restoring = None;
            self.chain_id = Some(header.chain_id);
            let header = Some(header);
            let lists = None;
            let block = StoredBlock { tip, header, lists };
            self.blocks.insert(tip.height, block);
        }
        Ok(())
    }

    fn restoring(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.restoring.clone())
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        let record = self.blocks.get(&height);
        Ok(record.and_then(|record| record.header.clone()))
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        let lists = self.lists(height);
        Ok(lists.map(|lists| lists.transactions.clone()))
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        let lists = self.lists(height);
        Ok(lists.map(|lists| lists.receipts.clone()))
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        let lists = self.lists(height);
        Ok(lists.map(|lists| lists.events.clone()))
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.check_next(&commit)?;
        for (key, value) in commit.diff {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        self.write_records(commit.records)?;
        let record = StoredBlock {
            tip: commit.tip,
            header: commit.header,
            lists: Some(Lists {
                receipts: commit.receipts,
                transactions: commit.transactions,
                events: commit.events,
            }),
        };
        // The genesis is block 0.
        self.chain_id.get_or_insert(commit.tip.hash);
        self.blocks.insert(commit.tip.height, record);
        Ok(())
    }
}
