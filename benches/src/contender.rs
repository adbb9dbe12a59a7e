//! Defines the interface of a measured engine.

use crate::Measured;
use crate::workload::Kernel;

/// Result of one timed run of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Time in nanoseconds, without instantiation.
    pub nanoseconds: f64,
    /// Result of the kernel.
    pub checksum: u64,
    /// Gas or fuel used, if the engine meters.
    pub gas: Option<u64>,
}

/// A kernel loaded in an engine: each call creates a new instance, untimed, and times one run of
/// the given size.
pub type Runner = Box<dyn FnMut(u32) -> Measured<Sample>>;

/// Function that loads a kernel in an engine.
pub type Loader = Box<dyn Fn(&Kernel) -> Measured<Runner>>;

/// A measured engine.
pub struct Contender {
    /// Name of the engine, its key in every table.
    pub name: &'static str,
    /// Function that loads a kernel.
    pub load: Loader,
}

/// Function that makes about `count` calls of one kind on one engine and returns the nanoseconds
/// per call.
pub type TimedCall = Box<dyn FnMut(usize) -> Measured<f64>>;

/// Kind of call, name of the engine, and measurement.
pub type CallMeasurement = (&'static str, &'static str, TimedCall);

/// Nanoseconds of one load, by engine and mode.
pub type LoadTimes = Vec<(&'static str, f64)>;
