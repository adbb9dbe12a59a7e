//! Walks a range of state keys in bytewise order: the view merged with the transaction's changes.
//!
//! Yields entries and hidden keys: keys that existed when the block or the transaction began and
//! are absent now. A key that the transaction created and removed is not in the journal, so it is
//! neither yielded nor costs work.

use crate::fault::Fault;
use crate::state::{Journal, StateView, WalkedKey};
use crate::work::{self, WorkKind};
use std::collections::VecDeque;
use std::ops::Bound;

/// Greatest number of keys read from the view at once.
const CHUNK_KEYS_MAX: u64 = 32;
/// Gas that the walk has been paid for each key that is read at once beyond the first. What is read
/// ahead is not paid yet, and its value may be the longest: copying that into fresh memory takes up
/// to 30 us.
const AHEAD_GAS: u64 = 300_000;

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
    /// Number of keys to read at once.
    chunk: usize,
}

impl Walk {
    /// A walk over all keys with `start <= key < end`.
    #[must_use]
    pub fn new(start: Vec<u8>, end: Vec<u8>) -> Self {
        let ahead = ReadAhead {
            keys: VecDeque::new(),
            next: start.clone(),
            chunk: 1,
        };
        Self {
            next: start.clone(),
            start,
            end,
            ahead,
        }
    }

    /// Sets how far the walk may read ahead: `paid` is the gas that it has been paid so far.
    pub fn set_paid(&mut self, paid: u64) {
        let more = paid.checked_div(AHEAD_GAS).unwrap_or_default();
        let chunk = more.saturating_add(1).min(CHUNK_KEYS_MAX);
        self.ahead.chunk = usize::try_from(chunk).unwrap_or(1);
    }
}

impl ReadAhead {
    /// Reads a chunk below `end` if the last one is used up.
    fn fill(&mut self, view: &dyn StateView, end: &[u8]) -> Result<(), Fault> {
        if !self.keys.is_empty() || self.next.as_slice() >= end {
            return Ok(());
        }
        let keys = view.walk(&self.next..end, self.chunk)?;
        self.next = match keys.last() {
            Some((last, _)) if keys.len() >= self.chunk => after(last),
            _ => end.to_vec(),
        };
        self.keys = keys.into();
        Ok(())
    }
}

impl Journal {
    /// The next key of `walk` with its current value, `None` if the key is hidden.
    ///
    /// A key that the transaction changed is not read from the view: a value that is not current
    /// would be read and not paid.
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
        work::add(WorkKind::Walked, 1);
        let range = (
            Bound::Included(walk.next.as_slice()),
            Bound::Excluded(walk.end.as_slice()),
        );
        let changed = self.overlay.range::<[u8], _>(range).next();
        let end = changed.map_or(walk.end.as_slice(), |(key, _)| key.as_slice());
        walk.ahead.fill(view, end)?;
        let before = walk.ahead.keys.pop_front();
        let found = before.or_else(|| changed.map(|(key, value)| (key.clone(), value.clone())));
        walk.next = match &found {
            Some((key, _)) => after(key),
            None => walk.end.clone(),
        };
        if walk.ahead.next < walk.next {
            walk.ahead.next.clone_from(&walk.next);
        }
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
