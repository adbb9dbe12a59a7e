//! Runs the module that `vm::emit` writes in engines that know nothing of gas.
//!
//! | file | holds |
//! |---|---|
//! | [`machine`] | what an engine must be able to do: call, suspend, resume, read a global |
//! | [`session`] | the convention: gas in a global, how a stop is read; serves all |
//! | [`cache`] | compiled modules by code hash and rules id |
//!
//! The node's own path never comes here: the simulator and the conformance suite do, to hold our
//! engines against one that is not ours.
//!
//! # Invariants
//! * An engine's own failure (its stack, its allocator) is a `Fault`, never a result.
//! * Everything that the emitted module promises (gas only falls, `$stack` is 0 after a return) is
//!   checked at each step, so a wrong emitter is found even where all engines agree.
//!
//! Specification: docs/spec/emitted.md.
#![forbid(unsafe_code)]

pub mod machine;

pub mod session;

pub mod cache;

pub use machine::{Event, Machine};
pub use session::Session;
