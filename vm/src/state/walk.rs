//! Walks a range of state keys in bytewise order: the view merged with the transaction's changes.
//!
//! Yields entries and hidden keys: keys that existed when the block or the transaction began and
//! are absent now. A key that the transaction created and removed is not in the journal, so it is
//! neither yielded nor costs work.

use crate::fault::Fault;
use crate::state::{Journal, StateView, WalkedKey};
use std::collections::VecDeque;
use std::ops::Bound;

/// Greatest number of keys read from the view at once. A walk begins with one and doubles, so it
/// never reads ahead more than it has read before.
const CHUNK_KEYS_MAX: usize = 32;

/// A position in a walk over a range of state keys.
#[derive(Debug)]
pub struct Walk {
    start: Vec<u8>,
    end: Vec<u8>,
    /// The least key that was not yielded yet.
    next: Vec<u8>,
    ahead: ReadAhead,
}

/// Keys that were read from the view and not yielded yet.
#[derive(Debug)]
struct ReadAhead {
    keys: VecDeque<WalkedKey>,
    /// The least key that was not read yet.
    next: Vec<u8>,
    chunk: usize,
    is_at_end: bool,
}

impl Walk {
    /// A walk over all keys with `start <= key < end`.
    #[must_use]
    pub fn new(start: Vec<u8>, end: Vec<u8>) -> Self {
        let ahead = ReadAhead {
            keys: VecDeque::new(),
            next: start.clone(),
            chunk: 1,
            is_at_end: start >= end,
        };
        Self {
            next: start.clone(),
            start,
            end,
            ahead,
        }
    }
}

impl ReadAhead {
    /// Reads a chunk if the last one is used up.
    fn fill(&mut self, view: &dyn StateView, end: &[u8]) -> Result<(), Fault> {
        if self.is_at_end || !self.keys.is_empty() {
            return Ok(());
        }
        let keys = view.walk(&self.next..end, self.chunk)?;
        self.is_at_end = keys.len() < self.chunk;
        if let Some((last, _)) = keys.last() {
            self.next = after(last);
            self.is_at_end |= self.next.as_slice() >= end;
        }
        self.chunk = self.chunk.saturating_mul(2).min(CHUNK_KEYS_MAX);
        self.keys = keys.into();
        Ok(())
    }
}

impl Journal {
    /// The next key of `walk` with its current value, `None` if the key is hidden.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn walk(
        &mut self,
        view: &dyn StateView,
        walk: &mut Walk,
    ) -> Result<Option<WalkedKey>, Fault> {
        if walk.next >= walk.end {
            return Ok(None);
        }
        walk.ahead.fill(view, &walk.end)?;
        let range = (
            Bound::Included(walk.next.as_slice()),
            Bound::Excluded(walk.end.as_slice()),
        );
        let changed = self.overlay.range::<[u8], _>(range).next();
        let before = walk.ahead.keys.front().map(|(key, _)| key);
        let found = match (changed, before) {
            (Some((key, value)), Some(before)) if before == key => {
                walk.ahead.keys.pop_front();
                Some((key.clone(), value.clone()))
            }
            (Some((key, value)), before) if before.is_none_or(|before| key < before) => {
                Some((key.clone(), value.clone()))
            }
            _ => walk.ahead.keys.pop_front(),
        };
        walk.next = match &found {
            Some((key, _)) => after(key),
            None => walk.end.clone(),
        };
        Ok(found)
    }

    /// Records the walked range as read.
    pub fn note_scan(&mut self, walk: Walk) {
        if walk.start < walk.next {
            self.access.scans.insert((walk.start, walk.next));
        }
    }
}

/// The least key above `key`.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
