//! Defines a checked range of linear memory.

/// A range inside linear memory. It stays inside while the guest runs: a memory never shrinks.
///
/// `start <= end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// Length in bytes.
    pub(crate) fn length(self) -> u64 {
        // A memory has at most 16 MiB, so the fallback is never taken.
        u64::try_from(self.end.saturating_sub(self.start)).unwrap_or(u64::MAX)
    }
}
