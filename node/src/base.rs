//! Reads the state at the start of a block: the store, and over it the changes of the blocks that
//! are not final yet.

use crate::code_records::CodeRecords;
use crate::digest::length;
use crate::layers::Layers;
use crate::store::{Store, scan_range};
use std::ops::{Bound, Range};
use std::sync::Arc;
use vm::unstable::work::{self, WorkKind};
use vm::{Entries, Fault, StateDiff};

/// Greatest number of stored entries that a scan reads at once beyond its own limit.
const PAGE_MAX: usize = 1_024;

/// The state at the start of a block.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    store: &'a dyn Store,
    changes: Changes<'a>,
    /// Records of codes of blocks that are not final, the oldest first.
    records: &'a [Arc<CodeRecords>],
}

/// What blocks that are not final changed.
#[derive(Clone, Copy)]
enum Changes<'a> {
    /// Nothing: the block's parent is committed.
    None,
    /// Changes with an index, for executing.
    Indexed(&'a Layers),
    /// Changes of each block, oldest first, for a query.
    Path(&'a [Arc<StateDiff>]),
}

impl<'a> Base<'a> {
    /// The committed state.
    pub(crate) const fn committed(store: &'a dyn Store) -> Self {
        Self {
            store,
            changes: Changes::None,
            records: &[],
        }
    }

    /// Committed state with changes that have an index.
    pub(crate) fn indexed(store: &'a dyn Store, layers: &'a Layers) -> Self {
        let changes = if layers.is_empty() {
            Changes::None
        } else {
            Changes::Indexed(layers)
        };
        let records = &[];
        Self {
            store,
            changes,
            records,
        }
    }

    /// The same state, with the records of the codes of its blocks that are not final.
    pub(crate) const fn with_records(self, records: &'a [Arc<CodeRecords>]) -> Self {
        Self { records, ..self }
    }

    /// Committed state with the changes of these blocks, oldest first. A read costs a lookup for
    /// each of them.
    pub(crate) const fn path(store: &'a dyn Store, diffs: &'a [Arc<StateDiff>]) -> Self {
        let changes = if diffs.is_empty() {
            Changes::None
        } else {
            Changes::Path(diffs)
        };
        let records = &[];
        Self {
            store,
            changes,
            records,
        }
    }

    /// The value under a state key, `None` if absent.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.store.read(key),
        }
    }

    /// True if a state key has a value.
    pub(crate) fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        match self.changes.get(key) {
            Some(value) => Ok(value.is_some()),
            None => self.store.contains(key),
        }
    }

    /// Length in bytes of a value that blocks which are not final changed, `Some(None)` if it is
    /// absent after them; `None` if the store decides.
    pub(crate) fn changed_bytes(&self, key: &[u8]) -> Option<Option<u64>> {
        let value = self.changes.get(key)?;
        Some(value.as_deref().map(length))
    }

    /// Length in bytes of the value under a state key of the store, `None` if absent.
    pub(crate) fn stored_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        self.store.value_bytes(key)
    }

    /// The record of this machine under a key, `None` if absent.
    pub(crate) fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let mut blocks = self.records.iter().rev();
        match blocks.find_map(|records| records.get(key)) {
            Some(record) => Ok(Some(record.clone())),
            None => self.store.record(key),
        }
    }

    /// At most `limit` entries of a range that may be empty or inverted, in bytewise order.
    pub(crate) fn scan(&self, range: &Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        if matches!(self.changes, Changes::None) {
            return scan_range(self.store, range, limit);
        }
        if range.start >= range.end {
            return Ok(Entries::new());
        }
        let mut merge = Merge::new(*self, range, limit);
        while merge.page()? {}
        Ok(merge.found)
    }
}

impl<'a> Changes<'a> {
    fn get(&self, key: &[u8]) -> Option<&'a Option<Vec<u8>>> {
        match self {
            Self::None => None,
            Self::Indexed(layers) => layers.get(key),
            Self::Path(diffs) => diffs.iter().rev().find_map(|diff| diff.get(key)),
        }
    }

    /// The first key in `from .. end` that has a value in the changes.
    fn next_written<'x>(
        &self,
        mut from: Bound<&'x [u8]>,
        end: &'x [u8],
    ) -> Option<(&'a [u8], &'a [u8])>
    where
        'a: 'x,
    {
        let diffs = match *self {
            Self::None => return None,
            Self::Indexed(layers) => return layers.next_written((from, Bound::Excluded(end))),
            Self::Path(diffs) => diffs,
        };
        loop {
            let firsts = diffs.iter().filter_map(|diff| {
                let mut changed = diff.range::<[u8], _>((from, Bound::Excluded(end)));
                changed.next().map(|(key, _)| key.as_slice())
            });
            let key = firsts.min()?;
            if let Some(Some(value)) = self.get(key) {
                return Some((key, value));
            }
            from = Bound::Excluded(key);
        }
    }

    fn gap(&self, key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Indexed(layers) => layers.gap(key),
            Self::None | Self::Path(_) => None,
        }
    }

    /// Start of the first gap that begins above `next` and below `end`.
    fn next_gap(&self, next: &[u8], end: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Indexed(layers) => layers.next_gap((Bound::Excluded(next), Bound::Excluded(end))),
            Self::None | Self::Path(_) => None,
        }
    }

    fn note_gap(&self, start: Vec<u8>, end: Vec<u8>) {
        if let Self::Indexed(layers) = self {
            layers.note_gap(start, end);
        }
    }
}

/// A scan that merges stored entries with written ones.
struct Merge<'a, 'x> {
    base: Base<'a>,
    end: &'x [u8],
    limit: usize,
    /// Start of the next page of stored entries, and their number.
    next: Vec<u8>,
    page_entries: usize,
    /// The next written entry.
    written: Option<(&'a [u8], &'a [u8])>,
    /// First of the changed stored keys since the last one without a change.
    run: Option<Vec<u8>>,
    found: Entries,
}

impl<'a, 'x> Merge<'a, 'x> {
    /// A scan of a range that is not empty.
    fn new(base: Base<'a>, range: &Range<&'x [u8]>, limit: usize) -> Self {
        let from = Bound::Included(range.start);
        Self {
            base,
            end: range.end,
            limit,
            next: range.start.to_vec(),
            page_entries: limit.min(PAGE_MAX),
            written: base.changes.next_written(from, range.end),
            run: None,
            found: Entries::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Number of stored entries to read at once, if those before were no changed ones.
    fn wanted(&self) -> usize {
        self.limit.saturating_sub(self.found.len()).min(PAGE_MAX)
    }

    /// Adds written entries with keys below `key`, as far as they fit.
    fn take_written(&mut self, key: &[u8]) {
        while let Some((at, value)) = self.written {
            if self.is_full() || at >= key {
                return;
            }
            self.found.push((at.to_vec(), value.to_vec()));
            let from = Bound::Excluded(at);
            self.written = self.base.changes.next_written(from, self.end);
        }
    }

    /// Merges one page of stored entries; false after the last one.
    fn page(&mut self) -> Result<bool, Fault> {
        if self.is_full() {
            return Ok(false);
        }
        // Before a key of the gap is read: its value may be long, and no one has paid for it.
        if let Some((start, end)) = self.base.changes.gap(&self.next) {
            self.run.get_or_insert(start);
            self.next = end;
            return Ok(self.continues());
        }
        let gap = self.base.changes.next_gap(&self.next, self.end);
        let range = self.next.as_slice()..gap.as_deref().unwrap_or(self.end);
        let stored = scan_range(self.base.store, &range, self.page_entries)?;
        let is_last = stored.len() < self.page_entries;
        let mut all_changed = true;
        work::add(WorkKind::Walked, stored.len());
        for (key, value) in stored {
            self.next.clone_from(&key);
            if self.base.changes.get(&key).is_none() {
                all_changed = false;
                self.end_run(&key);
                self.take_written(&key);
                if self.is_full() {
                    return Ok(false);
                }
                self.found.push((key, value));
            } else {
                self.run.get_or_insert(key);
            }
        }
        self.page_entries = if all_changed && !is_last {
            self.page_entries.saturating_mul(2).min(PAGE_MAX)
        } else {
            self.wanted()
        };
        if is_last {
            self.next = gap.unwrap_or_else(|| self.end.to_vec());
        } else {
            // The smallest key above the last one.
            self.next.push(0);
        }
        Ok(self.continues())
    }

    /// Ends the scan if no stored entry can follow; false if so.
    fn continues(&mut self) -> bool {
        if self.next.as_slice() < self.end {
            return true;
        }
        let next = core::mem::take(&mut self.next);
        self.end_run(&next);
        self.take_written(self.end);
        false
    }

    /// Ends the run of changed stored keys: all stored keys from its start to below `end` are
    /// changed. Even a single one is a gap, or each scan would read its stored value again.
    fn end_run(&mut self, end: &[u8]) {
        if let Some(start) = self.run.take() {
            self.base.changes.note_gap(start, end.to_vec());
        }
    }
}

#[cfg(test)]
mod tests;
