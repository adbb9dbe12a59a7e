//! Measures execution, loading and calls of the VM, beside native code and other engines.
//!
//! | file | what it holds |
//! |---|---|
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

pub mod execute;

pub mod linked;

pub mod load;

pub mod lockstep;

#[cfg(feature = "wasmi")]
pub mod peers;

pub mod plot;

pub mod print;

pub mod shapes;

#[cfg(feature = "rocksdb")]
pub mod state;

pub mod statistics;

#[cfg(feature = "rocksdb")]
pub mod transfers;

pub mod workload;

use std::error::Error;

/// What a measurement answers; an error ends the run, for a wrong engine has no time.
pub type Measured<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// One timed run of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Nanoseconds, instantiation excluded.
    pub nanoseconds: f64,
    /// What the kernel answered.
    pub checksum: u64,
    /// Gas or fuel, where the engine meters.
    pub gas: Option<u64>,
}

/// A kernel loaded in an engine: each call makes a fresh instance, untimed, and times one run of
/// the given size.
pub type Runner = Box<dyn FnMut(u32) -> Measured<Sample>>;

/// Loads a kernel in an engine.
pub type Load = Box<dyn Fn(&workload::Kernel) -> Measured<Runner>>;

/// An engine's name, and how it loads a kernel.
pub struct Contender {
    /// The key of the engine in every table.
    pub name: &'static str,
    /// Loads a kernel.
    pub load: Load,
}

/// Every engine of this build, native code first, ours next.
#[must_use]
pub fn contenders() -> Vec<Contender> {
    #[cfg(feature = "wasmi")]
    let others = peers::contenders();
    #[cfg(not(feature = "wasmi"))]
    let others = Vec::new();
    lockstep::contenders().into_iter().chain(others).collect()
}
