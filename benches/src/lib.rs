//! Measures execution, loading and calls of the VM, beside native code and other engines.
//!
//! | file | what it holds |
//! |---|---|
//! | [`contender`], [`plan`] | what an engine answers to a measurement, and what is measured |
//! | [`workload`] | the twelve kernels: native function, wasm module, size |
//! | [`lockstep`] | our engines as [`Runner`]s, and the plain host that all engines share |
//! | [`peers`] | other engines, with feature `peers` (or `wasmi` alone) |
//! | [`execute`] | the table of kernels, rounds interleaved, results and gas compared |
//! | [`calls`] | empty call, transfer with host calls, instantiation |
//! | [`load`] | checking and translating: a contract, 300 KB, more than 2 MB, hostile shapes |
//! | `state`, `transfers` | the node on RocksDB, with feature `rocksdb` |
//! | [`linked`], [`shapes`] | the modules that are loaded, generated |
//! | [`clock`], [`statistics`], [`print`], [`plot`] | time, medians, tables, the figure |
//!
//! How to run it and what it says: docs/performance.md. Ratios within one run hold, absolute times
//! do not. Nothing here is part of a result of the VM.
#![forbid(unsafe_code)]

pub mod calls;

pub mod clock;

pub mod contender;

pub mod execute;

pub mod linked;

pub mod load;

pub mod lockstep;

#[cfg(feature = "wasmi")]
pub mod peers;

pub mod plan;

pub mod plot;

pub mod print;

pub mod shapes;

#[cfg(feature = "rocksdb")]
pub mod state;

pub mod statistics;

#[cfg(feature = "rocksdb")]
pub mod transfers;

pub mod workload;

pub use contender::{Contender, Runner, Sample};

use std::error::Error;

/// What a measurement answers; an error ends the run, for a wrong engine has no time.
pub type Measured<T> = Result<T, Box<dyn Error + Send + Sync>>;
