//! Configures wasmtime for instrumented modules and makes instances.

use crate::machine::{NAME, WasmtimeMachine, own_fault};
use emitted::Session;
use emitted::cache::Cache;
use emitted::machine::{STACK_BYTES, fault};
use std::sync::Arc;
use vm::unstable::limits::{MEMORY_PAGES_MAX, PAGE_BYTES};
use vm::{CheckedModule, Engine, Execution, Fault, Rules};
use wasmtime::{Config, Module, WasmFeatures};

/// Stack of a fiber in bytes: the Wasm stack, and as much again for wasmtime's own functions.
const FIBER_BYTES: usize = 2 * STACK_BYTES;

/// wasmtime as an [`Engine`].
pub struct Wasmtime {
    /// The engine, or why wasmtime cannot run on this host; each instantiation returns it then.
    engine: Result<wasmtime::Engine, String>,
    cache: Cache<Module>,
}

impl Wasmtime {
    /// An engine with a cache of compiled modules.
    #[must_use]
    pub fn new() -> Self {
        let engine = wasmtime::Engine::new(&config());
        Self {
            engine: engine.map_err(|error| format!("{error:?}")),
            cache: Cache::bounded(),
        }
    }

    /// An engine without a cache, which compiles for every contract frame.
    #[must_use]
    pub fn without_cache() -> Self {
        Self {
            cache: Cache::none(),
            ..Self::new()
        }
    }

    /// Compiles an instrumented module.
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<Module, Fault> {
        let engine = self.engine.as_ref().map_err(|error| fault(NAME, error))?;
        Module::new(engine, bytes).map_err(own_fault)
    }
}

impl Default for Wasmtime {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for Wasmtime {
    fn name(&self) -> &'static str {
        NAME
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let compiled = self.cache.get(module, rules, |bytes| self.compile(bytes))?;
        let machine = WasmtimeMachine::new(&compiled, module.imports())?;
        Ok(Box::new(Session::new(machine, Arc::clone(module))))
    }
}

/// Only features that the instrumented module uses are enabled; no fuel and no epochs, because the
/// module counts its own gas.
///
/// The 256 pages of a memory are reserved at instantiation and it does not move, so that growing
/// within the maximum does not depend on the free memory of this host.
fn config() -> Config {
    let reserved = u64::from(MEMORY_PAGES_MAX).saturating_mul(u64::from(PAGE_BYTES));
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(
            WasmFeatures::MUTABLE_GLOBAL | WasmFeatures::SIGN_EXTENSION | WasmFeatures::BULK_MEMORY,
            true,
        )
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(FIBER_BYTES)
        .memory_reservation(reserved)
        .memory_may_move(false);
    config
}
