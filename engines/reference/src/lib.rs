//! R, the reference interpreter: it defines what a guest computes and what it costs.
//!
//! R charges each operator before it executes it, one after the other, and shares no code with the
//! meter: a bug of the meter appears as a difference from R. It is optimised for readability alone.
//!
//! | file | content |
//! |---|---|
//! | `code` | one prepared function: operators with prices, blocks with their ends |
//! | `interpret` | the match over the operators, and control: calls, branches, returns |
//! | `instance` | one instance: the state that a guest can change |
//! | `execution` | the engine interface ([`vm::Execution`]): start, suspend, resume |
//! | `memory` | linear memory: loads, stores, growth, bulk operators |
//! | `numeric` | integer arithmetic as pure functions on slots |
//! | `observe` | traces of operators, and rewriting them |
//!
//! # Invariants
//! * The control stack is a vector: calls of a guest are not native recursion, and a host call
//!   leaves the loop and re-enters it.
//! * R keeps nothing between instances, so no cache can affect a result.
//! * Memory is bounded: one prepared operator for each byte of the module, 65,536 slots of values,
//!   1,024 active functions of at most 1,024 open blocks each, 256 pages of linear memory.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".
#![forbid(unsafe_code)]

mod code;

mod execution;

mod interpret;

mod instance;

mod memory;

mod numeric;

mod observe;

pub use memory::Backing;
pub use observe::{Place, SharedTrace, Trace};

use instance::Instance;
use memory::Memory;
use observe::Observers;
use std::sync::Arc;
use vm::unstable::budget::{Budget, SharedBudget};
use vm::unstable::lower::Operator;
use vm::{CheckedModule, Engine, Execution, Fault, Rules};

/// The reference interpreter as an engine.
#[derive(Clone, Default)]
pub struct Reference {
    backing: Backing,
    observers: Observers,
    budget: SharedBudget,
}

impl Reference {
    /// R without observers, with growing memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another allocation of linear memory.
    #[must_use]
    pub const fn with_backing(mut self, backing: Backing) -> Self {
        self.backing = backing;
        self
    }

    /// The same, with `budget` asked before linear memory is allocated; results are equal.
    #[must_use]
    pub fn with_budget(mut self, budget: Arc<dyn Budget>) -> Self {
        self.budget = SharedBudget::new(budget);
        self
    }

    /// The same, with each operator of each instance reported to `trace`.
    #[must_use]
    pub fn with_trace(mut self, trace: SharedTrace) -> Self {
        self.observers.trace = Some(trace);
        self
    }

    /// A modified R, for injected bugs: `rewrite` replaces each operator, and so its price.
    ///
    /// If the rewritten function is not valid, execution can end in [`Fault::Invariant`], never in
    /// a panic.
    #[must_use]
    pub fn with_rewrite<F>(mut self, rewrite: F) -> Self
    where
        F: for<'a> Fn(&Place<'_>, Operator<'a>) -> Operator<'a> + Send + Sync + 'static,
    {
        self.observers.rewrite = Some(Arc::new(rewrite));
        self
    }
}

impl Engine for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let memory = Memory::new(module.memory(), self.backing, self.budget.clone())?;
        let instance = Instance::new(module, rules, memory, self.observers.clone())?;
        Ok(Box::new(instance))
    }
}
