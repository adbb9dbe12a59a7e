//! Bounds of the memory and of the records of a tree. No root depends on them.

/// Leaves of a page, at most: a page is read, hashed and written as a whole.
pub const PAGE_LEAVES_MAX: u32 = 64;
/// Bytes of pages in memory above which those that equal their records are dropped.
pub const TREE_CACHE_BYTES: usize = 256 * 1024 * 1024;
/// Pages whose records are in memory at once while an update reads them: 4 MB of the largest.
pub(crate) const LOADED_AT_ONCE: usize = 1_024;
