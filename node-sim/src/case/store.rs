//! A store that returns the state of a case, and notes the first key that is not in the case.

use super::Case;
use node::{Commit, Header, Receipt, Signed, Store, Tip};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::{Entries, Event, Fault, Height};

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
    /// The ranges, joined where they overlap: end by start.
    known: BTreeMap<&'a [u8], &'a [u8]>,
    missing: FirstMissingKey,
}

impl<'a> CaseStore<'a> {
    pub(super) fn new(case: &'a Case, missing: FirstMissingKey) -> Self {
        let mut known: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
        // Ranges are ordered by their starts: each joins the last one or comes after it.
        for (start, end) in case.ranges.iter().filter(|(start, end)| start < end) {
            match known.last_entry() {
                Some(mut last) if start.as_slice() <= *last.get() => {
                    let joined = end.as_slice().max(last.get());
                    last.insert(joined);
                }
                _ => {
                    known.insert(start, end);
                }
            }
        }
        Self {
            case,
            known,
            missing,
        }
    }

    /// The smallest key from `start` on that no range covers. The time does not grow with the
    /// number of ranges, since a transaction may read as many keys as its gas allows.
    fn known_up_to(&self, start: &[u8]) -> Vec<u8> {
        let bounds = (Bound::Unbounded, Bound::Included(start));
        let below = self.known.range::<[u8], _>(bounds).next_back();
        below.map_or(start, |(_, end)| start.max(end)).to_vec()
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

    fn header(&self, _: Height) -> Result<Option<Header>, Fault> {
        Err(none())
    }

    fn transactions(&self, _: Height) -> Result<Option<Vec<Signed>>, Fault> {
        Err(none())
    }

    fn receipts(&self, _: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        Err(none())
    }

    fn events(&self, _: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        Err(none())
    }

    fn commit(&mut self, _: Commit) -> Result<(), Fault> {
        Err(none())
    }
}

fn none() -> Fault {
    Fault::invariant("a case has no blocks")
}
