//! A store in memory that keeps records, survives its user, and fails on request.

use node::{Commit, Header, MemoryStore, Receipt, Signed, Store, Tip, TreeOptions};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use vm::{Entries, Event, Fault, Height};

/// Pages of four leaves, of which few fit the memory, and a checkpoint every third block.
pub(crate) const TINY_TREE: TreeOptions = TreeOptions {
    cache_bytes: 20_000,
    page_leaves_max: 4,
    checkpoint_blocks_max: 3,
    checkpoint_changes_max: 1_000,
    rebuild: false,
};

/// A handle of a store; clones have the same content, as after a restart.
#[derive(Clone, Default)]
pub(crate) struct KeepingStore(Arc<Mutex<Content>>);

#[derive(Default)]
pub(crate) struct Content {
    blocks: MemoryStore,
    pub(crate) records: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Records read and commits so far.
    pub(crate) operations: u64,
    /// The operation that fails.
    pub(crate) failing: Option<u64>,
    /// The greatest number of logs after a commit.
    pub(crate) logs_max: usize,
    /// Number of commits with a checkpoint.
    pub(crate) checkpoints: u64,
    /// The operations that were commits.
    pub(crate) commits: Vec<u64>,
}

impl KeepingStore {
    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    /// The same blocks and no records, as in a store of an earlier format.
    pub(crate) fn without_records(&self) -> Self {
        let blocks = self.content().blocks.clone();
        Self(Arc::new(Mutex::new(Content {
            blocks,
            ..Content::default()
        })))
    }
}

impl Content {
    fn operation(&mut self) -> Result<(), Fault> {
        let number = self.operations;
        self.operations += 1;
        if self.failing == Some(number) {
            return Err(Fault::Store(format!("operation {number} failed")));
        }
        Ok(())
    }

    pub(crate) fn logs(&self) -> usize {
        self.records.keys().filter(|key| key[0] == 4).count()
    }
}

impl Store for KeepingStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.content().blocks.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.content().blocks.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.content().blocks.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.content().blocks.chain_id()
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let mut content = self.content();
        content.operation()?;
        Ok(content.records.get(key).cloned())
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.content().blocks.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.content().blocks.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.content().blocks.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.content().blocks.events(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        let mut content = self.content();
        content.operation()?;
        let number = content.operations - 1;
        content.commits.push(number);
        let records = core::mem::take(&mut commit.records);
        content.blocks.commit(commit)?;
        content.checkpoints += u64::from(records.iter().any(|(key, _)| key[0] == 3));
        for (key, record) in records {
            assert!(key.len() <= 64, "keys of records are short");
            match record {
                Some(record) => content.records.insert(key, record),
                None => content.records.remove(&key),
            };
        }
        content.logs_max = content.logs_max.max(content.logs());
        Ok(())
    }
}
