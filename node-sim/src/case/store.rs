//! Answers from what a case holds, and notes the first key that it does not hold.

use super::Case;
use node::{Commit, Receipt, Store, Tip};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::{Entries, Fault, Height};

/// The first key that was asked for and is not held.
#[derive(Clone, Default)]
pub(super) struct Beyond(Arc<Mutex<Option<Vec<u8>>>>);

impl Beyond {
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a key; the fault stops the execution, and whoever ran it asks here first.
    fn fault<T>(&self, key: &[u8]) -> Result<T, Fault> {
        self.lock().get_or_insert_with(|| key.to_vec());
        Err(Fault::Store("the case does not hold a key".to_owned()))
    }
}

/// The state of a case, as far as it is known.
pub(super) struct CaseStore<'a> {
    case: &'a Case,
    beyond: Beyond,
}

impl<'a> CaseStore<'a> {
    pub(super) const fn new(case: &'a Case, beyond: Beyond) -> Self {
        Self { case, beyond }
    }

    /// The least key from `start` on that no range covers.
    fn known_until(&self, start: &[u8]) -> Vec<u8> {
        let mut known = start.to_vec();
        // Ranges come in the order of their starts, so one pass suffices.
        for (start, end) in &self.case.ranges {
            if *start <= known && known < *end {
                known.clone_from(end);
            }
        }
        known
    }
}

impl Store for CaseStore<'_> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.case.state.get(key) {
            Some(value) => Ok(value.clone()),
            None if self.known_until(key).as_slice() > key => Ok(None),
            None => self.beyond.fault(key),
        }
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let Some(end) = end else {
            return self.beyond.fault(start);
        };
        let known = self.known_until(start);
        let until = end.min(known.as_slice());
        let mut entries = Entries::new();
        if start < until {
            let bounds = (Bound::Included(start), Bound::Excluded(until));
            let held = self.case.state.range::<[u8], _>(bounds);
            let present = held.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
            entries.extend(present.take(limit));
        }
        if entries.len() < limit && known.as_slice() < end {
            return self.beyond.fault(&known);
        }
        Ok(entries)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        Err(none())
    }

    fn receipts(&self, _: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        Err(none())
    }

    fn commit(&mut self, _: Commit) -> Result<(), Fault> {
        Err(none())
    }
}

fn none() -> Fault {
    Fault::invariant("a case is no chain")
}
