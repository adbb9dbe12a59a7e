//! Stores committed state and blocks in one file of redb: durable, in Rust alone, with checksums.
//!
//! ```text
//! Commit --one transaction--> redb: values | headers | receipts | meta (tip, chain id)
//!        --pages of 4 KiB---> CheckedFile: a checksum for each page, the header in three copies
//!        --bytes------------> PagedFile: read, write, length, sync of a file, or of a test
//! ```
//!
//! redb is a B-tree that never overwrites a page that its last durable commit can reach. It writes
//! checksums into its pages and compares them only when it repairs a file. [`CheckedFile`] compares
//! one at every read, so that redb sees the bytes that it wrote, or an error.
//!
//! # Invariants
//! * A commit that returned `Ok` survives a crash of the process and of the machine.
//! * A page that changed at rest is a [`vm::Fault`] at the first read from the file, in a scan as
//!   in a read. A page that a crash tore is one that no commit refers to, and is never read.
//! * After a failed commit, or a failed read, every call fails until the store is opened again.
//! * Only [`PagedFile`] touches a file.
//!
//! Specification: docs/spec/blocks.md, "RedbStore". Tests: `tests/it`, and the example `kill_loop`.
#![forbid(unsafe_code)]

/// The file under the store.
mod file;

/// Where pages and checksums are in the file.
mod layout;

/// Copies of redb's header.
mod header;

/// Pages with checksums.
mod checked;

/// A file as it is on the disk, with changes in memory.
mod unwritten;

/// The tables of a store, for reading.
mod tables;

/// Changes of the tables.
mod changes;

/// The store.
mod store;

pub use checked::CheckedFile;
pub use file::{DiskFile, PagedFile};
pub use store::{RedbStore, Scrubbed, Settings};
