//! Stores changes to the tree in path order, each path once.
//!
//! The updater walks a batch and the tree in parallel, which requires a batch that is sorted and
//! free of duplicates; this type guarantees both.
//!
//! Tests: below, and all of `tests/it`.
use std::collections::BTreeMap;

use proof::hash::{Path, ValueHash};

/// One change: the new value hash of a path, or `None` to remove it.
pub type Change = (Path, Option<ValueHash>);

/// Changes in strictly ascending path order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    changes: Vec<Change>,
}

impl Batch {
    /// The changes, strictly ascending by path.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl From<BTreeMap<Path, Option<ValueHash>>> for Batch {
    fn from(map: BTreeMap<Path, Option<ValueHash>>) -> Self {
        Self {
            changes: map.into_iter().collect(),
        }
    }
}

/// Takes changes in any order; of several changes to one path the last one counts.
impl FromIterator<Change> for Batch {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        let mut changes: Vec<Change> = changes.into_iter().collect();
        // Stable, so that equal paths keep their order, and linear if already sorted.
        changes.sort_by_key(|(path, _)| *path);
        changes.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        Self { changes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_sorted_and_the_last_change_of_a_path_counts() {
        let path = |byte| Path::from_bytes([byte; 32]);
        let value = |byte| Some(ValueHash([byte; 32]));
        let batch: Batch = [
            (path(2), value(1)),
            (path(1), value(2)),
            (path(2), None),
            (path(2), value(3)),
        ]
        .into_iter()
        .collect();
        assert_eq!(batch.changes(), [(path(1), value(2)), (path(2), value(3))]);
    }
}
