//! Holds a range of linear memory that has been checked.

/// A range that lies in memory, and still does when the guest goes on: a memory never shrinks.
///
/// `start <= end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// Its length in bytes.
    pub(crate) fn length(self) -> u64 {
        // A memory has at most 16 MiB, so the fallback is never taken.
        u64::try_from(self.end.saturating_sub(self.start)).unwrap_or(u64::MAX)
    }
}
