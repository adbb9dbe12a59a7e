//! Says what an engine answers to a measurement, whichever engine it is.

use crate::Measured;
use crate::workload::Kernel;

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
pub type Load = Box<dyn Fn(&Kernel) -> Measured<Runner>>;

/// An engine's name, and how it loads a kernel.
pub struct Contender {
    /// The key of the engine in every table.
    pub name: &'static str,
    /// Loads a kernel.
    pub load: Load,
}

/// One kind of call on one engine: answers nanoseconds for each of about `count` calls.
pub type Call = Box<dyn FnMut(usize) -> Measured<f64>>;

/// A row of the table of calls: kind, engine, measurement.
pub type Entry = (&'static str, &'static str, Call);

/// Nanoseconds of one load, by what was loaded how.
pub type Times = Vec<(&'static str, f64)>;
