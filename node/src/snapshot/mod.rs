//! Writes the state of a block as chunks that are verified one by one, and restores a store from
//! them.
//!
//! ```text
//! Snapshot (a view of a store) --write--> manifest, chunk-00000 ... --Restore--> an empty store
//! ```
//!
//! Chunk i of a snapshot with b bits has the entries whose path begins with the b bits of i. The
//! manifest has the hash of each such subtree, which fold to the state root, so a chunk is verified
//! alone, before anything of it is written.
//!
//! # Invariants
//! * Nothing is written into a store that does not follow from the hash that the caller trusts.
//! * A store with a part of a snapshot takes no block: it is gone on with, or removed.
//! * Memory is bounded by `SPILL_BYTES_MAX`, `CHUNK_BYTES_MAX` and `SCANNED_AT_ONCE` values.
//!
//! Specification: docs/spec/blocks.md, "Snapshot". Tests: `node/redb/tests/it/snapshots.rs`.

/// The manifest of a snapshot.
mod manifest;

/// Chunks, and the hashes of subtrees.
mod chunk;

/// Writing.
mod write;

/// Restoring.
mod restore;

pub use manifest::{Manifest, app_hash};
pub use restore::{Restore, RestoreError};
pub use write::{SnapshotOptions, WriteError, write};

use std::io;

/// Length that chunks have by default, in bytes.
pub const CHUNK_BYTES: u64 = 1024 * 1024;
/// Maximum length of a chunk, in bytes; a longer one is refused before it is read.
pub const CHUNK_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Maximum number of bits that select a chunk: 65,536 chunks.
pub const BITS_MAX: u8 = 16;
/// Maximum length of a manifest, in bytes.
pub const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Entries that are sorted into chunks in memory before they are appended to files, in bytes.
pub const SPILL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Entries of one scan of the store.
pub const SCANNED_AT_ONCE: usize = 64;
/// Name of the manifest.
pub const MANIFEST: &str = "manifest";

/// Name of a chunk.
#[must_use]
pub fn chunk_name(index: u32) -> String {
    format!("chunk-{index:05}")
}

/// Name of the file that collects the entries of a chunk, in the order of their keys.
fn spill_name(index: u32) -> String {
    format!("spill-{index:05}")
}

/// The files of a snapshot, by name. This crate opens none itself.
pub trait Files {
    /// The contents of a file of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// The system's error; [`io::ErrorKind::InvalidData`] for a longer file.
    fn read(&self, name: &str, bytes_max: u64) -> io::Result<Vec<u8>>;

    /// Writes a whole file, so that a crash leaves it whole or absent.
    ///
    /// # Errors
    /// The system's error.
    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Appends to a file, which is made if it does not exist.
    ///
    /// # Errors
    /// The system's error.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file; that there is none is no error.
    ///
    /// # Errors
    /// The system's error.
    fn remove(&mut self, name: &str) -> io::Result<()>;
}
