//! Measures what every host function takes, beside what it costs in gas.
//!
//! | file | what it holds |
//! |---|---|
//! | [`workloads`] | the workloads: at least one for each part of each function's price |
//! | [`program`] | the module of a workload: a loop of calls, or a call that ends the frame |
//! | [`fixture`] | the state in which they run, in memory |
//! | [`measure`] | gas and nanoseconds of one unit, rounds interleaved |
//!
//! The host is the product's own: frames, journal, cryptography, our interpreter. What is left out
//! is a disk: a cold price covers one, and its row shows only what the VM itself does. How to run
//! it and what it says: docs/performance.md. A crate of its own beside `benches`, so that the
//! default tests hold that no function and no part of a price is without a workload.
#![forbid(unsafe_code)]

pub mod measure;

pub mod program;

pub mod fixture;

pub mod workloads;

use std::error::Error;

/// What a measurement answers.
pub type Measured<T> = Result<T, Box<dyn Error + Send + Sync>>;
