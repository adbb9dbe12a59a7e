//! Counts work by kind, for tests that compare it with gas.
//!
//! Without the feature `work`, which no product enables, [`add`] is empty and nothing is counted.
//! A place that works without being counted is found by no test, so a loop over data of the guest
//! or the state has a call of [`add`] beside it.

/// A kind of work, and what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkKind {
    /// Bytes of values that the view or the store returned.
    Read,
    /// Bytes copied between the guest and the host, or from frame to frame.
    Copied,
    /// Bytes of memory zeroed, and so touched.
    Zeroed,
    /// Bytes hashed.
    Hashed,
    /// Operators checked; a function counts as [`FUNCTION_OPERATORS`] more.
    Checked,
    /// Operators translated; two branch targets count as one, and a function counts as
    /// [`FUNCTION_OPERATORS`] more.
    Translated,
    /// Keys passed in a walk: of the store, of the changes of a block, of the journal.
    Walked,
    /// Entries of the journal undone.
    Undone,
    /// Allocations.
    Allocations,
    /// Bytes allocated.
    Allocated,
}

impl WorkKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Copied,
        Self::Zeroed,
        Self::Hashed,
        Self::Checked,
        Self::Translated,
        Self::Walked,
        Self::Undone,
        Self::Allocations,
        Self::Allocated,
    ];

    /// The name of the kind in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Copied => "copied",
            Self::Zeroed => "zeroed",
            Self::Hashed => "hashed",
            Self::Checked => "checked",
            Self::Translated => "translated",
            Self::Walked => "walked",
            Self::Undone => "undone",
            Self::Allocations => "allocations",
            Self::Allocated => "allocated",
        }
    }
}

/// Operators whose check, or translation, takes as long as what a function takes beside its own.
pub const FUNCTION_OPERATORS: u64 = 16;

/// Adds a function of `operators` operators, or of operators and branch targets.
pub fn add_items(kind: WorkKind, operators: u64) {
    let items = operators.saturating_add(FUNCTION_OPERATORS);
    add(kind, usize::try_from(items).unwrap_or(usize::MAX));
}

/// Amounts of work, one for each of [`WorkKind::ALL`].
pub type WorkCounts = [u64; WorkKind::ALL.len()];

#[cfg(feature = "work")]
mod counters {
    use super::{WorkCounts, WorkKind};
    use std::cell::Cell;

    thread_local! {
        static COUNTS: Cell<WorkCounts> = const { Cell::new([0; WorkKind::ALL.len()]) };
    }

    /// Adds to the counter of a kind, of this thread.
    pub fn add(kind: WorkKind, amount: usize) {
        let mut counts = COUNTS.get();
        for (known, count) in WorkKind::ALL.into_iter().zip(&mut counts) {
            if known == kind {
                *count = count.saturating_add(u64::try_from(amount).unwrap_or(u64::MAX));
            }
        }
        COUNTS.set(counts);
    }

    /// What this thread has counted so far.
    #[must_use]
    pub fn counts() -> WorkCounts {
        COUNTS.get()
    }
}

#[cfg(feature = "work")]
pub use counters::{add, counts};

/// Adds to the counter of a kind: nothing in this build.
#[cfg(not(feature = "work"))]
#[inline(always)]
pub const fn add(_: WorkKind, _: usize) {}
