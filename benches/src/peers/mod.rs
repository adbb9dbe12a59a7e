//! Runs other engines with the same modules and the same host; each meters in its own unit.

mod wasmi;

#[cfg(feature = "wasmtime")]
mod wasmtime;

use crate::Measured;
use crate::contender::{CallMeasurement, Contender, LoadTimes};

/// Every other engine of this build.
#[must_use]
pub fn contenders() -> Vec<Contender> {
    #[cfg(feature = "wasmtime")]
    let compilers = compilers();
    #[cfg(not(feature = "wasmtime"))]
    let compilers = Vec::new();
    let interpreters = [
        Contender {
            name: "wasmi",
            load: Box::new(|kernel| wasmi::runner(kernel, wasmi::Fuel::Off)),
        },
        Contender {
            name: "wasmi-fuel",
            load: Box::new(|kernel| wasmi::runner(kernel, wasmi::Fuel::On)),
        },
    ];
    interpreters.into_iter().chain(compilers).collect()
}

#[cfg(feature = "wasmtime")]
fn compilers() -> Vec<Contender> {
    vec![
        Contender {
            name: "winch-fuel",
            load: Box::new(|kernel| wasmtime::runner(kernel, ::wasmtime::Strategy::Winch)),
        },
        Contender {
            name: "cranelift-fuel",
            load: Box::new(|kernel| wasmtime::runner(kernel, ::wasmtime::Strategy::Cranelift)),
        },
    ]
}

/// Calls on wasmi with fuel.
///
/// # Errors
/// If it rejects the module.
pub fn calls() -> Measured<Vec<CallMeasurement>> {
    wasmi::calls()
}

/// Load times of `wasm` in wasmi.
///
/// # Errors
/// If it rejects the module.
pub fn load(wasm: &[u8]) -> Measured<LoadTimes> {
    wasmi::load(wasm)
}
