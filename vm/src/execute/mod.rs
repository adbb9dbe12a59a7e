//! Executes internal code: the interpreter, an [`Engine`] with gas exact to the unit.
//!
//! | file | contents |
//! |---|---|
//! | `instance` | one instance: the driver around the handlers, its slices of gas, host calls |
//! | `dispatch` | the calling convention and the two ways from handler to handler |
//! | `handler` | the semantics of each internal instruction |
//! | `select` | the choice of the handler for a shape |
//! | `link` | the compiled form of a module; functions are translated at their first call |
//! | `context`, `exit` | data that handlers share, and their exits |
//! | `linear` | memories and stacks, pooled |
//!
//! # Invariants
//! * Only `translate` makes internal code; `link` assigns a handler to each instruction.
//! * The memory base never moves within an instance.
//! * No code of the embedder runs inside a handler: a host call returns to the driver.
//! * Where the compiler does not eliminate tail calls, a count of handlers bounds the native stack.
//! * Compiled code and pools are caches and cannot be observed.

mod context;

mod dispatch;

mod exit;

mod handler;

mod instance;

mod linear;

mod link;

mod select;

pub use link::Strategy;

use crate::budget::{Budget, SharedBudget};
use crate::execution::{Engine, Execution};
use crate::fault::Fault;
use crate::identity::CodeHash;
use crate::module::CheckedModule;
use crate::rules::Rules;
use instance::Instance;
use linear::Pool;
use link::{CompiledModule, Handlers};
use std::collections::BTreeMap;
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
    /// Shared by all modules: the handler of a shape does not depend on the module.
    handlers: Arc<Mutex<Handlers>>,
    compiled: Mutex<CompiledCache>,
    pool: Mutex<Pool>,
    budget: SharedBudget,
}

impl Interpreter {
    /// Greatest total size in bytes of modules whose compiled form is kept; the compiled form is
    /// about ten times larger.
    pub const COMPILED_BYTES_MAX: usize = 32 * 1024 * 1024;
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

    /// Translates every function of `module` now instead of at its first call. Outcome and gas are
    /// the same.
    ///
    /// # Errors
    /// [`Fault::HostMemory`] if memory is refused; [`Fault::Invariant`] for a bug in this program.
    pub fn compile_all(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<(), Fault> {
        self.shared.compiled(module, rules)?.translate_all()
    }
}

impl Engine for Interpreter {
    fn name(&self) -> &'static str {
        "interpreter"
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
        let key = (*module.code_hash(), *module.rules_id(), *rules.id());
        if let Some(found) = compiled.find(&key) {
            return Ok(found);
        }
        let made = Arc::new(CompiledModule::new(
            module,
            rules,
            self.strategy,
            &self.handlers,
            &self.budget,
        )?);
        compiled.keep(key, Arc::clone(&made));
        Ok(made)
    }
}

/// (code hash, id of the rules that it was checked under, id of the rules that it runs under)
type CompiledKey = (CodeHash, [u8; 32], [u8; 32]);

/// Compiled modules by key; the least recently used are evicted first.
#[derive(Default)]
struct CompiledCache {
    modules: BTreeMap<CompiledKey, (u64, Arc<CompiledModule>)>,
    bytes: usize,
    uses: u64,
}

impl CompiledCache {
    fn find(&mut self, key: &CompiledKey) -> Option<Arc<CompiledModule>> {
        let (used, module) = self.modules.get_mut(key)?;
        self.uses = self.uses.saturating_add(1);
        *used = self.uses;
        Some(Arc::clone(module))
    }

    fn keep(&mut self, key: CompiledKey, module: Arc<CompiledModule>) {
        self.uses = self.uses.saturating_add(1);
        self.bytes = self.bytes.saturating_add(module.module.bytes().len());
        self.modules.insert(key, (self.uses, module));
        while self.bytes > Interpreter::COMPILED_BYTES_MAX
            || self.modules.len() > Interpreter::COMPILED_MODULES_MAX
        {
            let oldest = self.modules.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                return;
            };
            if let Some((_, dropped)) = self.modules.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(dropped.module.bytes().len());
            }
        }
    }
}
