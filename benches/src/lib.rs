//! Benchmarks execution, loading and calls of the VM against native code and other engines.
//!
//! | file | content |
//! |---|---|
//! | [`contender`], [`plan`] | the interface of a measured engine; selection of measurements |
//! | [`workload`] | the twelve kernels: native function, wasm module, size |
//! | [`lockstep`] | Lockstep's engines as [`Runner`]s, and the simple host that all engines share |
//! | `peers` | other engines, with feature `peers` (or `wasmi` alone) |
//! | [`execute`] | the table of kernels: interleaved rounds, comparison of results and gas |
//! | [`calls`] | empty call, transfer with host calls, instantiation |
//! | [`load`] | validation and translation: a contract, 300 KB, more than 2 MB, hostile shapes |
//! | [`wide`] | the kernel u256 and the sample amm with and without wide arithmetic |
//! | `state`, `transfers` | the node on RocksDB, with feature `rocksdb` |
//! | `drive`, `accounts` | transfers through a driven chain, with feature `node` |
//! | [`linked`], [`shapes`] | generated modules for the measurements of loading |
//! | [`clock`], [`statistics`], [`mod@print`], [`plot`] | time, medians, tables, the figure |
//!
//! Usage and results: docs/performance.md. Compare only ratios within one run, not absolute times
//! of different runs. Nothing here is part of a result of the VM.
#![forbid(unsafe_code)]

#[cfg(feature = "node")]
pub mod accounts;

pub mod calls;

pub mod clock;

pub mod contender;

#[cfg(feature = "node")]
pub mod drive;

pub mod execute;

pub mod linked;

pub mod load;

pub mod lockstep;

#[cfg(feature = "wasmi")]
pub mod peers;

pub mod plan;

pub mod plot;

pub mod print;

#[cfg(feature = "node")]
pub mod process;

pub mod shapes;

#[cfg(feature = "rocksdb")]
pub mod state;

pub mod statistics;

#[cfg(feature = "rocksdb")]
pub mod transfers;

pub mod wide;

pub mod workload;

pub use contender::{Contender, Runner, Sample};

use std::error::Error;

/// Result of a measurement; an error ends the run.
pub type Measured<T> = Result<T, Box<dyn Error + Send + Sync>>;
