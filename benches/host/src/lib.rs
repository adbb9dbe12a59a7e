//! Measures the time of every host function and compares it with its price in gas.
//!
//! | file | content |
//! |---|---|
//! | [`workloads`] | the workloads: at least one for each part of each host function's price |
//! | [`program`] | the module of a workload: a loop of host calls, or a call that ends the frame |
//! | [`fixture`] | the state, block and message of a workload, in memory |
//! | `points` | lists of points of the pairing-friendly curves |
//! | [`clock`] | processor time of the current thread |
//! | [`measure`] | gas and nanoseconds of one unit, in interleaved rounds |
//!
//! The measured host is that of the VM: frames, journal, cryptography, interpreter. Disk accesses
//! are not measured: a cold price covers one, and its row has only the VM's own time. Usage and
//! results: docs/performance.md. It is a separate crate from `benches`, so that the default tests
//! check that every part of every price has a workload.
#![forbid(unsafe_code)]

pub mod clock;

pub mod measure;

mod points;

pub mod program;

pub mod fixture;

pub mod workloads;

use std::error::Error;

/// Result of a measurement.
pub type Measured<T> = Result<T, Box<dyn Error + Send + Sync>>;
