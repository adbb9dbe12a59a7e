//! Indexes the changes of the blocks between the committed state and one block that is not final.
//!
//! ```text
//! store <- diff of block n <- diff of block n + 1 <- ... <- diff of the last block
//!                   \               |                        /
//!          written: key -> number of the last block that wrote it
//!          removed: key -> number of the last block that removed it
//! ```
//!
//! A read costs two lookups, however many blocks there are. Values stay in the diffs.
//!
//! # Invariants
//! * A key that a diff contains is in exactly one of the two maps.
//! * A gap is a range in which every stored key is in one of the maps, so a scan of the store may
//!   skip it; a key that a contract removed in an earlier block costs a scan nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use vm::StateDiff;

/// The changes of consecutive blocks, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    diffs: Vec<Arc<StateDiff>>,
    /// Number of the first diff; a diff keeps its number while older ones are removed.
    first: u64,
    written: BTreeMap<Vec<u8>, u64>,
    removed: BTreeMap<Vec<u8>, u64>,
    /// Starts of gaps with their ends.
    gaps: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Layers {
    /// True without changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }

    /// Adds the changes of the next block.
    pub(crate) fn push(&mut self, diff: &Arc<StateDiff>) {
        let number = self.end();
        for (key, value) in diff.iter() {
            self.set(key, value.is_some(), number);
        }
        self.diffs.push(Arc::clone(diff));
    }

    /// Takes back the last [`Layers::push`].
    pub(crate) fn pop(&mut self) {
        let Some(diff) = self.diffs.pop() else { return };
        for key in diff.keys() {
            let older = self.diffs.iter().rposition(|diff| diff.contains_key(key));
            let number = older.and_then(|index| u64::try_from(index).ok());
            match number.map(|index| self.first.saturating_add(index)) {
                Some(number) => {
                    let diff = self.diff(number);
                    let is_written = diff
                        .and_then(|diff| diff.get(key))
                        .is_some_and(Option::is_some);
                    self.set(key, is_written, number);
                }
                None => {
                    self.forget(key);
                    self.cut_gap(key);
                }
            }
        }
    }

    /// Removes the oldest diff, because the store now contains it.
    pub(crate) fn pop_oldest(&mut self) {
        if self.diffs.is_empty() {
            return;
        }
        let diff = self.diffs.remove(0);
        for (key, value) in diff.iter() {
            if self.number(key) == Some(self.first) {
                self.forget(key);
                // One that was removed is stored no longer, so the gap remains one.
                if value.is_some() {
                    self.cut_gap(key);
                }
            }
        }
        self.first = self.first.saturating_add(1);
    }

    /// The last change of a key; `None` if the store decides.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.number(key)
            .and_then(|number| self.diff(number)?.get(key))
    }

    /// The first key in `bounds` that has a value in the changes.
    pub(crate) fn next_written(
        &self,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
    ) -> Option<(&[u8], &[u8])> {
        let (key, number) = self.written.range::<[u8], _>(bounds).next()?;
        let value = self.diff(*number)?.get(key)?.as_deref()?;
        Some((key, value))
    }

    /// Start and end of the gap that contains a key.
    pub(crate) fn gap(&self, key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let gaps = self.gaps.borrow();
        let up_to = (Bound::Unbounded, Bound::Included(key));
        let (start, end) = gaps.range::<[u8], _>(up_to).next_back()?;
        (key < end.as_slice()).then(|| (start.clone(), end.clone()))
    }

    /// Start of the first gap that begins in `bounds`.
    pub(crate) fn next_gap(&self, bounds: (Bound<&[u8]>, Bound<&[u8]>)) -> Option<Vec<u8>> {
        first_start(&self.gaps.borrow(), bounds)
    }

    /// Notes a gap that is not empty; it replaces those that start in it, and touches no others.
    pub(crate) fn note_gap(&self, start: Vec<u8>, end: Vec<u8>) {
        let mut gaps = self.gaps.borrow_mut();
        let within = (
            Bound::Included(start.as_slice()),
            Bound::Excluded(end.as_slice()),
        );
        while let Some(replaced) = first_start(&gaps, within) {
            gaps.remove(&replaced);
        }
        gaps.insert(start, end);
    }

    /// Takes a key out of its gap: it may now be stored, and in no map.
    fn cut_gap(&mut self, key: &[u8]) {
        let Some((start, end)) = self.gap(key) else {
            return;
        };
        let gaps = self.gaps.get_mut();
        gaps.remove(&start);
        if start.as_slice() < key {
            gaps.insert(start, key.to_vec());
        }
        let above = [key, &[0]].concat();
        if above < end {
            gaps.insert(above, end);
        }
    }

    fn end(&self) -> u64 {
        let count = u64::try_from(self.diffs.len()).unwrap_or(u64::MAX);
        self.first.saturating_add(count)
    }

    fn number(&self, key: &[u8]) -> Option<u64> {
        let found = self.written.get(key).or_else(|| self.removed.get(key));
        found.copied()
    }

    fn diff(&self, number: u64) -> Option<&Arc<StateDiff>> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.diffs.get(index)
    }

    fn set(&mut self, key: &[u8], is_written: bool, number: u64) {
        let (into, other) = if is_written {
            (&mut self.written, &mut self.removed)
        } else {
            (&mut self.removed, &mut self.written)
        };
        other.remove(key);
        into.insert(key.to_vec(), number);
    }

    fn forget(&mut self, key: &[u8]) {
        self.written.remove(key);
        self.removed.remove(key);
    }
}

fn first_start(
    gaps: &BTreeMap<Vec<u8>, Vec<u8>>,
    bounds: (Bound<&[u8]>, Bound<&[u8]>),
) -> Option<Vec<u8>> {
    let (start, _) = gaps.range::<[u8], _>(bounds).next()?;
    Some(start.clone())
}
