//! A store that returns the state of a case, and notes the first key that is not in the case.

use super::Case;
use node::{Commit, Receipt, Store, Tip};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::{Entries, Fault, Height};

/// The first key that was read and is not in the case.
#[derive(Clone, Default)]
pub(super) struct FirstMissingKey(Arc<Mutex<Option<Vec<u8>>>>);

impl FirstMissingKey {
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a key. The fault stops the execution; the caller then checks this note.
    fn fault<T>(&self, key: &[u8]) -> Result<T, Fault> {
        self.lock().get_or_insert_with(|| key.to_vec());
        Err(Fault::Store("a key is not in the case".to_owned()))
    }
}

/// The state of a case, as far as it is known.
pub(super) struct CaseStore<'a> {
    case: &'a Case,
    missing: FirstMissingKey,
}

impl<'a> CaseStore<'a> {
    pub(super) const fn new(case: &'a Case, missing: FirstMissingKey) -> Self {
        Self { case, missing }
    }

    /// The smallest key from `start` on that no range covers.
    fn known_up_to(&self, start: &[u8]) -> Vec<u8> {
        let mut known = start.to_vec();
        // Ranges are ordered by their starts, so one pass suffices.
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
            None if self.known_up_to(key).as_slice() > key => Ok(None),
            None => self.missing.fault(key),
        }
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let Some(end) = end else {
            return self.missing.fault(start);
        };
        let known = self.known_up_to(start);
        let until = end.min(known.as_slice());
        let mut entries = Entries::new();
        if start < until {
            let bounds = (Bound::Included(start), Bound::Excluded(until));
            let known_values = self.case.state.range::<[u8], _>(bounds);
            let present =
                known_values.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
            entries.extend(present.take(limit));
        }
        if entries.len() < limit && known.as_slice() < end {
            return self.missing.fault(&known);
        }
        Ok(entries)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        Err(none())
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
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
    Fault::invariant("a case has no blocks")
}
