//! Scans the values, and passes deletions once and not at every scan.
//!
//! An iterator of RocksDB passes deletions by itself, up to [`PASSED_MAX`] in a row, and then
//! stops with an error. From there on the scan looks up the range of deletions, or passes them and
//! remembers the range ([`crate::dead`]).

use crate::dead::{DeadRanges, End, successor};
use crate::format::fault;
use node::Commit;
use rocksdb::{ColumnFamily, DB, DBRawIterator, ErrorKind, ReadOptions};
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use vm::{Entries, Fault};

/// Entries without a key that a scan passes in a row, before it looks up where the next key is.
const PASSED_MAX: u64 = 64;

/// The values of a store, with the ranges that are known to have none.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) db: &'a DB,
    pub(crate) family: &'a ColumnFamily,
    pub(crate) dead: &'a RwLock<DeadRanges>,
    /// Folder of the store, for faults.
    pub(crate) path: &'a Path,
}

/// A scan from `start` up to `end`.
struct Scan<'a> {
    values: Values<'a>,
    iterator: DBRawIterator<'a>,
    /// No key of the scan that is below it is missing from the entries.
    from: Vec<u8>,
    end: End,
}

impl Scan<'_> {
    fn entries(mut self, limit: usize) -> Result<Entries, Fault> {
        let mut entries = Entries::new();
        if limit == 0 {
            return Ok(entries);
        }
        self.iterator.seek(&self.from);
        loop {
            let Some((key, value)) = self.iterator.item() else {
                if !self.continues()? {
                    return Ok(entries);
                }
                continue;
            };
            entries.push((key.to_vec(), value.to_vec()));
            if entries.len() >= limit {
                return Ok(entries);
            }
            self.from = successor(key);
            self.iterator.next();
        }
    }

    /// Called without an entry: seeks the next key if the iterator has stopped; false at the end.
    fn continues(&mut self) -> Result<bool, Fault> {
        match self.iterator.status() {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == ErrorKind::Incomplete => {
                let Some(next) = self.values.next_key(&self.from, &self.end)? else {
                    return Ok(false);
                };
                self.iterator.seek(&next);
                self.from = next;
                Ok(true)
            }
            Err(error) => Err(fault(self.values.path, error)),
        }
    }
}

fn until(end: Option<&[u8]>) -> ReadOptions {
    let mut options = ReadOptions::default();
    if let Some(end) = end {
        options.set_iterate_upper_bound(end);
    }
    options
}

impl<'a> Values<'a> {
    /// As [`node::Store::scan`].
    pub(crate) fn scan(
        self,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Entries, Fault> {
        let mut options = until(end);
        options.set_max_skippable_internal_keys(PASSED_MAX);
        let scan = Scan {
            values: self,
            iterator: self.iterator(options),
            from: start.to_vec(),
            end: end.map(<[u8]>::to_vec),
        };
        scan.entries(limit)
    }

    /// The first key from `from` on, below `end`, behind many deletions; their range is remembered.
    fn next_key(&self, from: &[u8], end: &End) -> Result<Option<Vec<u8>>, Fault> {
        let known = self.dead().end_of(from).cloned();
        let at = match &known {
            Some(None) => return Ok(None),
            Some(Some(dead_end)) => dead_end.clone(),
            None => from.to_vec(),
        };
        if end.as_ref().is_some_and(|end| at >= *end) {
            return Ok(None);
        }
        let mut iterator = self.iterator(until(end.as_deref()));
        iterator.seek(&at);
        iterator.status().map_err(|error| fault(self.path, error))?;
        let found = iterator.key().map(<[u8]>::to_vec);
        // A known range goes on where it ended.
        let start = match known {
            Some(_) => at,
            None => self.start_of_dead(&at)?,
        };
        let dead_end = found.clone().or_else(|| end.clone());
        self.dead_mut().insert(start, dead_end);
        Ok(found)
    }

    /// Where the range starts that ends at or behind `at`: right after the last key below.
    fn start_of_dead(&self, at: &[u8]) -> Result<Vec<u8>, Fault> {
        let known = self.dead().end_before(at).map(<[u8]>::to_vec);
        let mut options = ReadOptions::default();
        if let Some(known) = &known {
            options.set_iterate_lower_bound(known.clone());
        }
        let mut iterator = self.iterator(options);
        iterator.seek_for_prev(at);
        iterator.status().map_err(|error| fault(self.path, error))?;
        let found = iterator.key().map(successor);
        Ok(found.or(known).unwrap_or_default())
    }

    fn iterator(&self, options: ReadOptions) -> DBRawIterator<'a> {
        self.db.raw_iterator_cf_opt(self.family, options)
    }

    /// The keys that a commit writes, and whether they have a value, if ranges are known.
    pub(crate) fn changed_keys(&self, commit: &Commit) -> Vec<(Vec<u8>, bool)> {
        if self.dead().is_empty() {
            return Vec::new();
        }
        let changes = commit.diff.iter();
        changes
            .map(|(key, value)| (key.clone(), value.is_some()))
            .collect()
    }

    /// Makes the ranges true of the last commit, which changed these keys.
    pub(crate) fn update_dead(&self, changed: Vec<(Vec<u8>, bool)>) -> Result<(), Fault> {
        let mut starts_earlier = Vec::new();
        let mut dead = self.dead_mut();
        for (key, has_value) in changed {
            if has_value {
                dead.written(&key);
            } else if dead.deleted(&key) {
                starts_earlier.push(key);
            }
        }
        drop(dead);
        for key in starts_earlier {
            let start = self.start_of_dead(&key)?;
            self.dead_mut().insert(start, Some(successor(&key)));
        }
        Ok(())
    }

    fn dead(&self) -> RwLockReadGuard<'_, DeadRanges> {
        // Nothing in a locked part panics, so poisoned ranges are whole.
        self.dead.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn dead_mut(&self) -> RwLockWriteGuard<'_, DeadRanges> {
        self.dead.write().unwrap_or_else(PoisonError::into_inner)
    }
}
