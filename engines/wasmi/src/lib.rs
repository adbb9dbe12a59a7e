//! Runs instrumented modules in wasmi, an interpreter that shares no code with ours.
//!
//! A node does not use this crate: the simulator and the conformance suite do.
//!
//! Specification: docs/spec/emitted.md.
#![forbid(unsafe_code)]

mod engine;

pub use engine::{Compiled, Wasmi};
