//! Interprets checked modules plainly: R, the definition of what a guest computes and costs.
//!
//! R pays for each operator before it executes it, one operator after the other, and shares no code
//! with the meter: a mistake there shows as a difference from R. It is written to be read.
//!
//! | file | what it holds |
//! |---|---|
//! | `code` | one function, prepared: operators with prices, blocks with their ends |
//! | `interpret` | the one match, and control: calls, branches, returns |
//! | `instance` | one instance: all that a guest can change |
//! | `seam` | what the driver asks of it ([`vm::Execution`]) |
//! | `memory` | linear memory: loads, stores, grow, bulk operations |
//! | `numeric` | integer arithmetic as pure functions on slots |
//! | `observe` | who may look at operators, or replace them |
//!
//! # Invariants
//! * The control stack is a vector: a guest's depth never becomes native recursion, and a host call
//!   leaves the loop and comes back.
//! * R keeps nothing between instances: no cache can be seen.
//! * What is held is bounded: one prepared operator for each byte of the module, 65,536 slots of
//!   values, 1,024 active functions of at most 1,024 open blocks each, 256 pages of memory.
//!
//! Specification: consensus, "Gas". Tests: `engines/reference/tests/it`.
#![forbid(unsafe_code)]

mod code;

mod interpret;

mod instance;

mod memory;

mod numeric;

mod observe;

mod seam;

pub use memory::Backing;
pub use observe::{Place, SharedTrace, Trace};

use instance::Instance;
use memory::Memory;
use observe::Observers;
use std::sync::Arc;
use vm::unstable::budget::{Budget, SharedBudget};
use vm::unstable::lower::Operator;
use vm::{CheckedModule, Engine, Execution, Fault, Rules};

/// The reference engine.
#[derive(Clone, Default)]
pub struct Reference {
    backing: Backing,
    observers: Observers,
    budget: SharedBudget,
}

impl Reference {
    /// R as it is defined.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another memory backing.
    #[must_use]
    pub const fn with_backing(mut self, backing: Backing) -> Self {
        self.backing = backing;
        self
    }

    /// The same, asking `budget` before linear memory is taken; results are equal.
    #[must_use]
    pub fn with_budget(mut self, budget: Arc<dyn Budget>) -> Self {
        self.budget = SharedBudget::new(budget);
        self
    }

    /// The same, showing each operator of each instance to `trace`.
    #[must_use]
    pub fn with_trace(mut self, trace: SharedTrace) -> Self {
        self.observers.trace = Some(trace);
        self
    }

    /// Another machine than R: every operator is what `rewrite` makes of it, price included. The
    /// seam for planted faults.
    ///
    /// It should keep the function valid; where it does not, execution may end in
    /// [`Fault::Invariant`], never in a panic.
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
