//! Keeps committed state and blocks in RocksDB: one synced batch a block, all of it or nothing.
//!
//! ```text
//! Commit --one synced WriteBatch--> values | headers | receipts | meta (tip)
//! open:  format file -> RocksDB, watched by a clock -> tip;   Node::open recomputes the root
//! ```
//!
//! A crate of its own, for RocksDB is C++: building it takes a C++ compiler, libclang and minutes.
//! Nothing else in the workspace depends on it unless a feature asks for it.
//!
//! # Invariants
//! * A commit that answered `Ok` outlives the process and the machine.
//! * Whatever RocksDB cannot answer is a [`vm::Fault`] that names the folder and the cause; after a
//!   failed commit the store answers nothing more.
//! * Opening ends: what RocksDB does not finish within [`Settings::open_seconds`] is a fault.
//!
//! Specification: docs/spec/blocks.md, "Store". Tests: `tests/it`, and the command `kill_loop`.
#![forbid(unsafe_code)]

/// What can be chosen, and what RocksDB is told.
mod settings;

/// The version of the folder's layout.
mod format;

/// Time limits.
mod watchdog;

/// The store.
mod store;

/// Copies, scrubs and compactions.
mod maintenance;

/// Commits from a seed.
pub mod synthetic;

pub use maintenance::Scrubbed;
pub use settings::Settings;
pub use store::RocksStore;
