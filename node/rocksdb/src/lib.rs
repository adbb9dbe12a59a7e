//! Stores committed state and blocks in RocksDB: each block is one atomic, synced batch.
//!
//! ```text
//! Commit --one synced WriteBatch--> values | headers | receipts | meta (tip)
//! open:  format file -> RocksDB, watched by a clock -> tip;   Node::open recomputes the root
//! ```
//!
//! A separate crate, because RocksDB is C++: building it takes a C++ compiler, libclang and
//! minutes. The rest of the workspace depends on it only by a feature.
//!
//! # Invariants
//! * A commit that returned `Ok` survives a crash of the process and of the machine.
//! * An error of RocksDB is a [`vm::Fault`] that names the folder and the cause; after a failed
//!   commit every call fails.
//! * The store opens at the last block that was acknowledged, or above; if damage to a log has lost
//!   it, that is a fault, until [`RocksStore::accept`] was called.
//! * A scan passes each deletion a bounded number of times, however often it is repeated.
//! * Opening ends: if RocksDB does not finish within [`Settings::open_seconds`], that is a fault.
//!
//! Specification: docs/spec/blocks.md, "Store". Tests: `tests/it`, and the command `kill_loop`.
#![forbid(unsafe_code)]

/// Settings of a store, and the RocksDB options made from them.
mod settings;

/// The version of the folder's layout.
mod format;

/// Time limit of opening.
mod watchdog;

/// The last block that was acknowledged, beside RocksDB's files.
mod acknowledged;

/// Ranges of deleted keys.
mod dead;

/// Scans.
mod scan;

/// Folders of views of one block's state.
mod views;

/// The store.
mod store;

/// Backups, scrubs and compactions.
mod maintenance;

pub use maintenance::{Accepted, Scrubbed};
pub use settings::Settings;
pub use store::RocksStore;
