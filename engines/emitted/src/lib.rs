//! Runs instrumented modules, which `vm::emit` writes, in engines without a notion of gas.
//!
//! | file | content |
//! |---|---|
//! | [`machine`] | the operations of an engine: call, suspend, resume, read a global |
//! | [`session`] | the shared convention: gas in a global, how the cause of a stop is read |
//! | [`cache`] | a cache of compiled modules by code hash and rules id |
//!
//! A node does not use this crate: the simulator and the conformance suite do, to compare our
//! engines with third-party ones.
//!
//! # Invariants
//! * A failure of the engine itself (its stack, its allocator) is a `Fault`, never a result.
//! * The invariants of the instrumented module (gas only falls, `$stack` is 0 after a return) are
//!   checked at each step, so a bug of the emitter is found even where all engines agree.
//!
//! Specification: docs/spec/emitted.md.
#![forbid(unsafe_code)]

pub mod machine;

pub mod session;

pub mod cache;

pub use machine::{Event, Machine};
pub use session::Session;
