//! A store and a view that count the bytes and the keys that are read from them.

use node::{Commit, Header, Receipt, Record, RestoredPart, Signed, Snapshot, Store, Tip};
use std::ops::Range;
use std::sync::Arc;
use vm::unstable::work::{WorkKind, add};
use vm::{CheckedModule, CodeHash, Entries, Event, Fault, Height, StateView, Walked};

/// A store that counts what is read of the state and of records; blocks are not counted.
pub struct CountingStore<S>(pub S);

/// A view that counts what is read.
pub struct CountingView<'a>(pub &'a dyn StateView);

fn read(value: Option<&Vec<u8>>) {
    add(WorkKind::Read, value.map_or(0, Vec::len));
}

fn scanned(entries: &Entries) {
    add(WorkKind::Walked, entries.len());
    entries.iter().for_each(|(_, value)| read(Some(value)));
}

impl<S: Store> Store for CountingStore<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.0.read(key)?;
        read(value.as_ref());
        Ok(value)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.0.contains(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let entries = self.0.scan(start, end, limit)?;
        scanned(&entries);
        Ok(entries)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.0.chain_id()
    }

    fn keeps_records(&self) -> bool {
        self.0.keeps_records()
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let record = self.0.record(key)?;
        read(record.as_ref());
        Ok(record)
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        self.0.write_records(records)
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

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, Fault> {
        self.0.snapshot()
    }

    fn restore(&mut self, part: RestoredPart) -> Result<(), Fault> {
        self.0.restore(part)
    }

    fn restoring(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.0.restoring()
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.0.commit(commit)
    }
}

impl StateView for CountingView<'_> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.0.read(key)?;
        read(value.as_ref());
        Ok(value)
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let entries = self.0.scan(range, limit)?;
        scanned(&entries);
        Ok(entries)
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        let walked = self.0.walk(range, limit)?;
        add(WorkKind::Walked, walked.len());
        walked.iter().for_each(|(_, value)| read(value.as_ref()));
        Ok(walked)
    }

    fn code_bytes(&self, code_hash: &CodeHash) -> Result<Option<u64>, Fault> {
        self.0.code_bytes(code_hash)
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        self.0.code(code_hash)
    }
}
