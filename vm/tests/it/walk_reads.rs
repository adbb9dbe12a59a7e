//! Counts what a walk over a range reads from the view beside what it was paid.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use vm::unstable::state::{Journal, Walk};
use vm::{
    Address, CheckedModule, CodeHash, Entries, Fault, StateView, Walked, key, walk_committed,
};

/// Bytes of a long value.
const LONG: usize = 65_536;
/// Gas for which a walk may read one more value at once.
const AHEAD_GAS: u64 = 300_000;

/// A state that counts the bytes of values that scans return.
struct CountingView {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    scanned: Cell<usize>,
}

impl CountingView {
    /// Values under the keys from 0 on.
    fn new(lengths: &[usize]) -> Self {
        let keys = (0_u8..).map(state_key);
        let values = lengths.iter().map(|length| vec![1; *length]);
        Self {
            values: keys.zip(values).collect(),
            scanned: Cell::new(0),
        }
    }
}

impl StateView for CountingView {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.values.get(key).cloned())
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let found = self.values.range(range.start.to_vec()..range.end.to_vec());
        let found = found.map(|(key, value)| (key.clone(), value.clone()));
        let entries: Entries = found.take(limit).collect();
        let bytes: usize = entries.iter().map(|(_, value)| value.len()).sum();
        self.scanned.set(self.scanned.get().saturating_add(bytes));
        Ok(entries)
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, _: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(None)
    }
}

fn state_key(number: u8) -> Vec<u8> {
    key::value(&Address([0; 32]), &[number])
}

fn whole() -> Walk {
    Walk::new(state_key(0), key::values_end(&Address([0; 32])))
}

#[test]
fn a_walk_over_removed_keys_reads_none_of_their_values() {
    let view = CountingView::new(&[LONG; 40]);
    let mut journal = Journal::default();
    for number in 0..40 {
        journal.write(&view, state_key(number), None).unwrap();
    }
    let mut walk = whole();
    let mut hidden = 0;
    while let Some((_, value)) = journal.walk(&view, &mut walk).unwrap() {
        walk.set_paid(u64::MAX);
        hidden += usize::from(value.is_none());
    }
    assert_eq!((hidden, view.scanned.get()), (40, 0));
}

#[test]
fn a_walk_reads_ahead_no_more_values_than_it_was_paid_for() {
    for empty in 1..40 {
        let mut lengths = vec![0; empty];
        lengths.resize(empty + 64, LONG);
        let view = CountingView::new(&lengths);
        let mut journal = Journal::default();
        let mut walk = whole();
        // Each empty value pays a fifteenth of what a value read ahead needs.
        let mut paid = 0;
        for _ in 0..empty {
            walk.set_paid(paid);
            journal.walk(&view, &mut walk).unwrap();
            paid += AHEAD_GAS / 15;
        }
        let allowed = usize::try_from(paid / AHEAD_GAS).unwrap() * LONG;
        assert!(view.scanned.get() <= allowed, "{empty} empty values");
    }
}
