//! Counts work and compares it with gas: programs, a chain that runs them, and a test double.
//!
//! | file | content |
//! |---|---|
//! | `double` | an engine that compares what was counted with what was paid, after every step |
//! | [`bounds`] | how much of each kind of work a unit of gas may cause |
//! | `stores` | a store that counts what is read from it |
//! | [`chain`] | a node that applies blocks of calls |
//! | [`programs`] | cases: contracts, and blocks of calls, whose work was once not paid for |
//!
//! No product depends on it. `cargo test -p work` counts; `cargo run --release -p
//! lockstep-redb-store --example paid` measures the time of the same cases.
#![forbid(unsafe_code)]

pub mod bounds;

pub mod chain;

#[cfg(feature = "count")]
pub mod double;

pub mod programs;

#[cfg(feature = "count")]
pub mod stores;

use std::error::Error;

/// Result of running a case.
pub type Done<T> = Result<T, Box<dyn Error>>;
