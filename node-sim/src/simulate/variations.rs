//! Defines stores, traces and caches in which executors vary without changing a result: a store
//! with additional reads, a counter of operators, modules that are never uploaded.

use super::hostile;
use super::samples::{ACCEPTED, HOSTILE, UPGRADEABLE, variant};
use node::{Commit, Header, Receipt, Signed, Store, Tip};
use reference::Trace;
use std::sync::Arc;
use vm::{CheckedModule, Entries, Event, Fault, Height};

/// Keys that are read before the requested one.
const READ_AHEAD: usize = 3;

/// Counts operators.
#[derive(Default)]
pub(super) struct OperatorCounter {
    operators: u64,
}

impl Trace for OperatorCounter {
    fn operator(&mut self, _: u32, _: u32, _: u64) {
        self.operators = self.operators.saturating_add(1);
    }
}

/// A store that reads ahead, last key first, before every read.
pub(super) struct ReadAheadStore<S>(S);

impl<S: Store> ReadAheadStore<S> {
    pub(super) const fn new(store: S) -> Self {
        Self(store)
    }

    fn read_ahead(&self, key: &[u8]) -> Result<(), Fault> {
        let ahead = self.0.scan(key, None, READ_AHEAD)?;
        for (key, value) in ahead.iter().rev() {
            if self.0.read(key)?.as_ref() != Some(value) {
                return Err(Fault::Store("a scan and a read disagree".to_owned()));
            }
        }
        Ok(())
    }
}

impl<S: Store> Store for ReadAheadStore<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.read_ahead(key)?;
        self.0.read(key)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.0.contains(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.read_ahead(start)?;
        self.0.scan(start, end, limit)
    }

    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        self.0.value_bytes(key)
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.record(key)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.0.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.0.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.0.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.0.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.0.events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.0.commit(commit)
    }
}

/// Every sample before its upload, and variants that are never uploaded, as a reverted upload would
/// leave them in a cache.
pub(super) fn unrelated_modules() -> Vec<Arc<CheckedModule>> {
    let rules = node::rules::version_1();
    let never = [HOSTILE, UPGRADEABLE].map(|sample| variant(sample.bytes, hostile::NEVER_UPLOADED));
    let samples = ACCEPTED.map(|sample| sample.bytes.to_vec());
    samples
        .into_iter()
        .chain(never)
        .filter_map(|bytes| vm::check(&bytes, &rules).ok())
        .map(Arc::new)
        .collect()
}
