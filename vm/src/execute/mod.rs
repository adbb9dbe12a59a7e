//! Executes internal code: the interpreter, an [`Engine`] with gas exact to the unit.
//!
//! | file | contents |
//! |---|---|
//! | `instance` | one instance: the driver around the handlers, its slices of gas, host calls |
//! | `dispatch` | the calling convention and the two ways from handler to handler |
//! | `handler` | the semantics of each internal instruction |
//! | `select` | the choice of the handler for a shape |
//! | `link` | the compiled form of a module; functions are translated at their first entry |
//! | `cache` | the compiled modules that are kept |
//! | `diagnosis` | the active functions at the last exit |
//! | `context`, `header`, `exit` | data that handlers share, and their exits |
//! | `linear` | memories and stacks, pooled |
//!
//! # Invariants
//! * Only `translate` makes internal code; `link` assigns a handler to each instruction.
//! * The memory base never moves within an instance.
//! * No code of the embedder runs inside a handler: a host call returns to the driver.
//! * Where the compiler does not eliminate tail calls, a count of handlers bounds the native stack.
//! * Compiled code and pools are caches and cannot be observed.

mod cache;

mod context;

mod diagnosis;

mod dispatch;

mod exit;

mod handler;

mod header;

mod instance;

mod linear;

mod link;

mod select;

pub use link::Strategy;

use crate::budget::{Budget, SharedBudget};
use crate::execution::{Engine, Execution};
use crate::fault::Fault;
use crate::module::CheckedModule;
use crate::rules::Rules;
use cache::CompiledCache;
use instance::Instance;
use linear::Pool;
use link::{CompiledModule, Linker};
use std::sync::{Arc, Mutex, PoisonError};

/// The interpreter.
#[derive(Clone, Default)]
pub struct Interpreter {
    shared: Arc<Shared>,
}

/// State that the instances of one interpreter share.
#[derive(Default)]
struct Shared {
    strategy: Strategy,
    linker: Arc<Linker>,
    compiled: Mutex<CompiledCache>,
    pool: Mutex<Pool>,
    budget: SharedBudget,
}

impl Interpreter {
    /// Bytes of modules in compiled form that are kept unless it is bounded otherwise, checked
    /// modules and internal code included. A module above it runs, and is not kept; those of active
    /// contract frames stay in memory until the frames end.
    pub const COMPILED_BYTES_MAX: usize = 128 * 1024 * 1024;
    /// Greatest number of modules whose compiled form is kept.
    pub const COMPILED_MODULES_MAX: usize = 1_024;
    /// Greatest number of bytes that the pool of linear memories keeps from the system between
    /// contract frames.
    pub const POOLED_BYTES_MAX: usize = 64 * 1024 * 1024;
    /// Native stack in bytes that handlers need at most, also in a build without optimisation: the
    /// default of a thread. An optimising build needs a few hundred bytes.
    pub const NATIVE_STACK_BYTES: usize = 2 << 20;

    /// An interpreter with empty caches.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An interpreter with another strategy of dispatch; results are equal.
    #[must_use]
    pub fn with_strategy(strategy: Strategy) -> Self {
        let shared = Shared {
            strategy,
            ..Shared::default()
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// An interpreter with empty caches that requests memory whose size guests decide from
    /// `budget`; results are equal.
    #[must_use]
    pub fn with_budget(budget: Arc<dyn Budget>) -> Self {
        let shared = Shared {
            budget: SharedBudget::new(budget),
            ..Shared::default()
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Bounds the bytes of modules in compiled form that are kept, and drops those above it; first
    /// the bound is [`Self::COMPILED_BYTES_MAX`].
    pub fn bound_compiled_bytes(&self, bytes_max: usize) {
        let compiled = self.shared.compiled.lock();
        let mut compiled = compiled.unwrap_or_else(PoisonError::into_inner);
        compiled.bound(bytes_max);
    }

    /// Bytes of the compiled modules that are kept.
    #[must_use]
    pub fn compiled_bytes(&self) -> usize {
        let compiled = self.shared.compiled.lock();
        compiled.unwrap_or_else(PoisonError::into_inner).bytes()
    }

    /// Translates every function of `module` now instead of at its first entry. Outcome and gas are
    /// the same: each contract frame pays for the translation.
    ///
    /// # Errors
    /// [`Fault::HostMemory`] if memory is refused; [`Fault::Invariant`] for a bug in this program.
    pub fn compile_all(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<(), Fault> {
        let compiled = self.shared.compiled(module, rules)?;
        compiled.translate_all()?;
        self.shared.recount(&compiled);
        Ok(())
    }
}

impl Engine for Interpreter {
    fn name(&self) -> &'static str {
        "interpreter"
    }

    fn bound_cache(&self, bytes_max: u64) {
        self.bound_compiled_bytes(usize::try_from(bytes_max).unwrap_or(usize::MAX));
    }

    fn prepare(&self) {
        let mut pool = self.shared.pool.lock();
        let pool = pool.as_mut().map_or_else(PoisonError::get_mut, |pool| pool);
        // If memory is refused, a frame that needs more than was granted is refused it again.
        let _ = pool.fill(&self.shared.budget);
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let compiled = self.shared.compiled(module, rules)?;
        Ok(Box::new(Instance::new(&self.shared, compiled)?))
    }
}

impl Shared {
    fn compiled(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Arc<CompiledModule>, Fault> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = cache::key(module, rules);
        if let Some(found) = compiled.find(&key) {
            return Ok(found);
        }
        let made = Arc::new(CompiledModule::new(
            module,
            rules,
            self.strategy,
            &self.linker,
            &self.budget,
        )?);
        compiled.keep(key, &made);
        Ok(made)
    }

    /// Counts the bytes of a module again, of which functions were translated.
    fn recount(&self, module: &Arc<CompiledModule>) {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.recount(module);
    }
}
