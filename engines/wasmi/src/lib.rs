//! Runs emitted modules in wasmi, an interpreter that shares no code with ours.
//!
//! The node's own path never comes here: the simulator and the conformance suite do.
//!
//! Specification: docs/spec/emitted.md.
#![forbid(unsafe_code)]

mod engine;

pub use engine::{Compiled, Wasmi};
